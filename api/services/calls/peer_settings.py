"""Whether a person's calls may go from client to client, which shows its address to others. Nobody's may at first."""

import msgspec

from api.services.caller import Caller
from api.services.calls.peers import PeerService
from core.domain.errors import WrongAccountKind
from core.store.interfaces import Store
from core.wire.objects.channels.call_peers import PeerToPeerSettings


class PeerSettingsService:
    """Shows and changes the caller's own setting. No event tells of it: other clients do not know of the extension."""

    __slots__ = ("_peers", "_store")

    def __init__(self, *, store: Store, peers: PeerService) -> None:
        self._store = store
        self._peers = peers

    async def fetch(self, caller: Caller) -> PeerToPeerSettings:
        """Return whether the caller allows it. Raises WrongAccountKind."""
        _require_person(caller)
        settings = await self._store.preferences.find_settings(caller.user_id)
        return PeerToPeerSettings(enabled=settings.peer_to_peer)

    async def update(self, caller: Caller, *, enabled: bool) -> PeerToPeerSettings:
        """Allow it, or not any more: then what the caller has agreed to ends. Raises WrongAccountKind."""
        _require_person(caller)
        async with self._store.write(users=[caller.user_id]) as tx:
            before = await tx.preferences.find_settings(caller.user_id)
            if before.peer_to_peer != enabled:
                await tx.preferences.put_settings(msgspec.structs.replace(before, peer_to_peer=enabled))
        if not enabled:
            await self._peers.withdraw_everywhere(caller.user_id)
        return PeerToPeerSettings(enabled=enabled)


def _require_person(caller: Caller) -> None:
    if caller.is_bot:
        raise WrongAccountKind
