"""The gateway's address, and the number of shards that a bot should use."""

from collections.abc import Callable
from typing import Final

from api.services.caller import Caller
from core.live.interfaces import SessionStarts
from core.runtime.settings.settings import GatewaySettings
from core.store.interfaces import Store
from core.wire.objects.gateway_address import BotGatewayObject, GatewayObject, SessionStartLimit

_GUILDS_PER_CLIENT_SHARD: Final = 1000
"""Discord's recommendation; up to 2500 are allowed."""


class GatewayAddressService:
    """Tells clients where to connect."""

    __slots__ = ("_settings", "_starts", "_store", "_url")

    def __init__(
        self, *, store: Store, settings: GatewaySettings, starts: SessionStarts, url: Callable[[str], str]
    ) -> None:
        """`url` gives the gateway's address for the Host header of a request."""
        self._store = store
        self._settings = settings
        self._starts = starts
        self._url = url

    def show(self, asked_host: str) -> GatewayObject:
        """Return the address, for any caller."""
        return GatewayObject(url=self._url(asked_host))

    async def show_for_bot(self, caller: Caller, asked_host: str) -> BotGatewayObject:
        """Return the address with the number of client shards that the caller's guilds need."""
        guilds = await self._store.applications.count_guilds(caller.user_id) if caller.is_bot else 0
        left = await self._starts.find(caller.user_id)
        return BotGatewayObject(
            url=self._url(asked_host),
            shards=max(1, -(-guilds // _GUILDS_PER_CLIENT_SHARD)),
            session_start_limit=SessionStartLimit(
                total=left.total,
                remaining=left.remaining,
                reset_after=left.reset_after_ms,
                max_concurrency=self._settings.identify_concurrency,
            ),
        )
