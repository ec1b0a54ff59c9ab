"""The sessions that get an event of a guild: its audience and its intent, resolved to slots.

Nothing is kept here. The view index, the intents and the followers of members belong to the parts that are asked.
"""

from collections.abc import Iterable

from core.domain.events import TEXT_EVENTS, Audience
from core.runtime.clock import Clock
from core.wire.envelope import Envelope
from core_ext.guild import SlotSet
from gateway.guilds.attention import Attention
from gateway.guilds.guild_sessions import GuildSessions
from gateway.guilds.guild_views import GuildViews
from gateway.guilds.state.channel_state import ChannelState
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.member_table import MemberState


class Recipients:
    """The recipients of one guild's events."""

    __slots__ = ("_attention", "_clock", "_sessions", "_state", "_views")

    def __init__(
        self,
        *,
        state: GuildState,
        sessions: GuildSessions,
        views: GuildViews,
        attention: Attention,
        clock: Clock,
    ) -> None:
        self._state = state
        self._sessions = sessions
        self._views = views
        self._attention = attention
        self._clock = clock

    def find(self, envelope: Envelope, *, at_ms: int | None = None) -> SlotSet:
        """Return the slots that the envelope's audience and its event's intent resolve to.

        `at_ms` is the time that timeouts are compared with, None for now.
        """
        event = envelope.event
        match envelope.audience:
            case Audience.CHANNEL:
                # Without a channel the index would select everybody: such an envelope is broken.
                if not envelope.channel_id:
                    return SlotSet()
                viewers = self._sessions.select(event, envelope.channel_id)
                return self._views.readers(envelope.channel_id, viewers) if event in TEXT_EVENTS else viewers
            case Audience.GUILD:
                return self._sessions.select(event)
            case Audience.GUILD_PERMISSION:
                asked = self._sessions.select(event, envelope.channel_id)
                return self._permitted(asked, envelope, self._clock.now_ms() if at_ms is None else at_ms)
        return self._sessions.with_intent(event, self._sessions.slots_of(envelope.user_id))

    def find_others(self, envelope: Envelope) -> SlotSet:
        """Return the recipients without the user that the event is about, and with that user's followers."""
        others = self.find(envelope) - SlotSet(self._sessions.slots_of(envelope.user_id))
        return others | self._attention.followers_of(envelope.user_id)

    def _permitted(self, slots: Iterable[int], envelope: Envelope, now_ms: int) -> SlotSet:
        """Keep members who hold any bit of the envelope's permissions, in its channel when it names one."""
        channel = self._state.channels.get(envelope.channel_id)
        allowed: dict[int, bool] = {}
        permitted = SlotSet()
        for slot in slots:
            user_id = self._sessions.at(slot).user_id
            if user_id not in allowed:
                member = self._state.members.find(user_id)
                held = 0 if member is None else self._permissions_of(member, channel, now_ms)
                allowed[user_id] = bool(held & envelope.permissions)
            if allowed[user_id]:
                permitted.add(slot)
        return permitted

    def _permissions_of(self, member: MemberState, channel: ChannelState | None, now_ms: int) -> int:
        if channel is None:
            return self._state.base_permissions(member, now_ms=now_ms)
        return self._state.channel_permissions(member, channel, now_ms=now_ms)
