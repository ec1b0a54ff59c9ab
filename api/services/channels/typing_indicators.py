"""Typing indicators tell a channel that a user is writing there. Never stored; clients drop them after ten seconds."""

import msgspec
from msgspec import UNSET, UnsetType

from api.services.access import ChannelAccess
from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.messages.fresh_rights import claim_of, on_fresh_rights
from api.services.messages.message_events import for_channel
from api.services.relationships.acquaintances import FRIENDS
from core.bus.interfaces import Bus
from core.domain.events import TYPING_START
from core.door.interfaces import Door
from core.live.interfaces import RateLimiter, Rule
from core.runtime.clock import Clock
from core.runtime.settings.current_limits import CurrentLimits
from core.wire.objects.guilds.member import MemberObject, render_member


class TypingStart(msgspec.Struct, kw_only=True):
    """`d` of TYPING_START. `member` and `guild_id` are set in guilds. The time is in Unix seconds."""

    channel_id: str
    user_id: str
    timestamp: int
    guild_id: str | UnsetType = UNSET
    member: MemberObject | UnsetType = UNSET


class TypingIndicatorService:
    """Announces typing users, each at most once in an interval and channel, whichever processes they ask."""

    __slots__ = ("_bus", "_clock", "_directs", "_door", "_entities", "_ids", "_limiter", "_limits")

    def __init__(
        self,
        *,
        entities: EntityCache,
        directs: DirectSends,
        door: Door,
        bus: Bus,
        limiter: RateLimiter,
        ids: IdSource,
        clock: Clock,
        current_limits: CurrentLimits,
    ) -> None:
        self._entities = entities
        self._directs = directs
        self._door = door
        self._bus = bus
        self._ids = ids
        self._clock = clock
        self._limiter = limiter
        self._limits = current_limits

    @on_fresh_rights
    async def start(self, user_id: int, channel_id: int) -> None:
        """Announce that the user types in the channel. Within the interval, nothing happens.

        Raises UnknownChannel, MissingAccess, CannotSendToUser, and as `ChannelAccess.require_to_send`.
        """
        mark = self._door.mark()
        access = await self._entities.text_access(user_id, channel_id)
        channel = access.channel
        access.require_to_send(0)
        tie = FRIENDS if access.guild is not None else await self._directs.require_write(user_id, channel)
        await self._door.confirm(claim_of(access, user_id, mark, shared_guild_id=tie))
        once = Rule("typing", 1, self._limits.rates.typing_interval_s)
        taken = await self._limiter.take(once, (user_id, channel_id))
        if not taken.retry_after_s:
            payload = self._render(access, user_id)
            self._bus.publish_volatile(
                for_channel(self._ids.next(), TYPING_START, channel, payload, author_id=user_id, user_id=user_id)
            )

    def _render(self, access: ChannelAccess, user_id: int) -> TypingStart:
        rendered = TypingStart(
            channel_id=str(access.channel.id), user_id=str(user_id), timestamp=self._clock.now_ms() // 1000
        )
        if access.guild is not None:
            rendered.guild_id = str(access.channel.guild_id)
            rendered.member = render_member(access.guild.member)
            rendered.member.id = rendered.user_id
        return rendered
