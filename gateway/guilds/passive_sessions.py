"""Passive sessions: those of people who do not look at a large guild get few events, and unread channels in batches.

In a guild with more members than `gateway.large_guild_members` a person's session begins *passive*. It gets changes of
the guild, its channels and roles, who is in voice, its own messages and membership, and messages that mention it. It
does not get messages of others, typing, presences or members. Every `gateway.passive_gap_s` it gets the newest
message's id of each channel that it views and that had messages, in the form that its client reads:
CHANNEL_UNREAD_UPDATE, PASSIVE_UPDATE_V1 or PASSIVE_UPDATE_V2 (`core.wire.capabilities`). Subscribing (op 14, op 37)
makes it active for the rest of its life: then messages come as in a small guild, typing on request, presences and
members only of named members and in member lists.

The events that are withheld belong to intents, and a limited session lacks these intents in the index. So an event
costs only its recipients. Bots and small guilds are not affected.

Owns the limited sessions, the subscriptions to members, and the channels with unread messages. Source: the behaviour of
Discord's own clients.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final

import msgspec

from core.domain.events import CHANNEL_UNREAD_UPDATE, PASSIVE_UPDATE_V1, PASSIVE_UPDATE_V2
from core.domain.intents import Intent
from core.wire.capabilities import Capability, has
from core.wire.envelope import Envelope
from core.wire.objects.channels.passive_update import UnreadChannel, encode_passive_update
from core_ext.guild import SlotSet
from gateway.guilds.guild_sessions import GuildSessions
from gateway.guilds.state.guild_state import GuildState
from gateway.payloads.dispatch_body import DispatchBody
from gateway.scheduling.batch_timer import BatchTimer, CallLater
from gateway.sessions.seat import Seat

_WITH_MESSAGES: Final = int(Intent.GUILD_MESSAGES | Intent.GUILD_MESSAGE_REACTIONS | Intent.GUILD_MESSAGE_POLLS)
"""The intents that an active session of a large guild has, and a passive one lacks."""
_TYPING: Final = int(Intent.GUILD_MESSAGE_TYPING)
_CROWD: Final = int(Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES)
"""The intents that people's sessions in a large guild lack: for all members their events would be a square of the
number."""
_PASSIVE: Final = 63
"""The flag of passive sessions in the index. The bits of intents end far below."""
_READS_V1, _READS_V2 = 61, 62
"""The flags of limited sessions whose clients read PASSIVE_UPDATE_V1, or V2, which comes before the other."""

MAX_FOLLOWED: Final = 100
"""The most members that a session may subscribe to: those of a screen or two."""


class LargeGuilds(msgspec.Struct, frozen=True, kw_only=True):
    """The number of members from which a guild is large, and the time between batches of unread channels."""

    members: int = 20_000
    gap_s: float = 5.0


class _Mentions(msgspec.Struct, frozen=True):
    """The mentions of a message beside those of single users."""

    mention_everyone: bool = False
    mention_roles: tuple[int, ...] = ()


_NOBODY: Final = SlotSet()
"""One set for all messages of guilds without passive sessions. Nothing adds to it."""

_decode_mentions = msgspec.json.Decoder(_Mentions, strict=False).decode


class PassiveSessions:
    __slots__ = (
        "_followed",
        "_followers",
        "_limited",
        "_options",
        "_readers",
        "_sessions",
        "_state",
        "_timer",
        "_unread",
    )

    def __init__(
        self,
        *,
        state: GuildState,
        sessions: GuildSessions,
        readers: Callable[[int, SlotSet], SlotSet],
        options: LargeGuilds,
        call_later: CallLater,
    ) -> None:
        """`readers` keeps the viewers of a channel who get its messages."""
        self._readers = readers
        self._state = state
        self._sessions = sessions
        self._options = options
        self._limited: set[int] = set()
        self._followers: dict[int, set[int]] = {}
        self._followed: dict[int, Collection[int]] = {}
        self._unread: dict[int, int] = {}
        self._timer = BatchTimer(gap_s=options.gap_s, flush=self.flush, call_later=call_later)

    # -- sessions

    def limits(self, session: Seat) -> bool:
        """Return whether a session that attaches now is limited: a person's, in a large guild."""
        return not session.profile.is_bot and self._state.members.count > self._options.members

    def enter(self, session: Seat) -> None:
        """Make a limited session that has attached passive."""
        slot = session.slots[self._state.guild_id]
        self._limited.add(slot)
        self._sessions.set_flags(slot, _WITH_MESSAGES | _TYPING | _CROWD | 1 << _PASSIVE, on=False)
        self._sessions.set_flags(slot, 1 << _PASSIVE, on=True)
        reads = session.profile.capabilities
        self._sessions.set_flags(slot, 1 << _READS_V1, on=has(reads, Capability.PASSIVE_UPDATES))
        self._sessions.set_flags(slot, 1 << _READS_V2, on=has(reads, Capability.PASSIVE_UPDATES_2))

    def leave(self, slot: int) -> None:
        """Forget a session. No error when it is not limited."""
        self._limited.discard(slot)
        self._follow(slot, ())

    def is_limited(self, slot: int) -> bool:
        """Return whether a session is limited here, passive or not."""
        return slot in self._limited

    def activate(self, slot: int, *, typing: bool | None) -> None:
        """Make a session active from now on. `typing` says whether it gets typing; None leaves that as it is."""
        if slot not in self._limited:
            return
        self._sessions.set_flags(slot, 1 << _PASSIVE, on=False)
        self._sessions.set_flags(slot, _WITH_MESSAGES, on=True)
        if typing is not None:
            self._sessions.set_flags(slot, _TYPING, on=typing)

    def follow(self, slot: int, user_ids: Iterable[int]) -> list[int]:
        """Subscribe a session to these members and no others. Return the ones that are new."""
        if slot not in self._limited:
            return []
        before = self._followed.get(slot, ())
        followed = list(dict.fromkeys(user_ids))[:MAX_FOLLOWED]
        self._follow(slot, followed)
        return [user_id for user_id in followed if user_id not in before]

    def followers_of(self, user_id: int) -> SlotSet:
        """Return the sessions that subscribed to this member, without its own."""
        slots = self._followers.get(user_id)
        if not slots:
            return SlotSet()
        return SlotSet(slots) - SlotSet(self._sessions.slots_of(user_id))

    def close(self) -> None:
        """Stop the timer."""
        self._timer.cancel()

    def _follow(self, slot: int, user_ids: Collection[int]) -> None:
        for user_id in self._followed.pop(slot, ()):
            followers = self._followers[user_id]
            followers.discard(slot)
            if not followers:
                del self._followers[user_id]
        if user_ids:
            self._followed[slot] = frozenset(user_ids)
        for user_id in user_ids:
            self._followers.setdefault(user_id, set()).add(slot)

    # -- messages

    def note_message(self, envelope: Envelope) -> SlotSet:
        """Note a message as unread for passive sessions. Return those of them that get it at once."""
        if not self._limited:
            return _NOBODY
        passive = self._passive_in(envelope.channel_id)
        if passive:
            self._unread[envelope.channel_id] = max(envelope.id, self._unread.get(envelope.channel_id, 0))
            self._timer.start()
        return self._keep_mentioned(envelope, passive)

    def find_mentioned(self, envelope: Envelope) -> SlotSet:
        """Return the passive sessions that get a message at once: those of its author and those that it mentions."""
        return self._keep_mentioned(envelope, self._passive_in(envelope.channel_id))

    def note_unread(self, channel_id: int) -> None:
        """Tell passive sessions once more that a channel has had messages, for some were not here then."""
        channel = self._state.channels.get(channel_id)
        if channel is not None and channel.last_message_id is not None and self._passive_in(channel_id):
            self._unread[channel_id] = channel.last_message_id
            self._timer.start()

    def _passive_in(self, channel_id: int) -> SlotSet:
        """Return the passive sessions that may read the channel now."""
        if not channel_id:  # The index would select everybody: such an envelope is broken.
            return _NOBODY
        return self._readers(channel_id, self._sessions.select_flag(_PASSIVE, channel_id))

    def _keep_mentioned(self, envelope: Envelope, passive: SlotSet) -> SlotSet:
        if not passive:
            return passive
        said = _decode_mentions(envelope.payload)
        if said.mention_everyone:
            return passive
        named = SlotSet()
        for user_id in (envelope.author_id, *envelope.mention_ids):
            for slot in self._sessions.slots_of(user_id):
                named.add(slot)
        if said.mention_roles:
            self._add_holders(named, passive, frozenset(said.mention_roles))
        return named & passive

    def _add_holders(self, named: SlotSet, passive: SlotSet, role_ids: frozenset[int]) -> None:
        find = self._state.members.find
        for slot in passive:
            member = find(self._sessions.at(slot).user_id)
            if member is not None and not role_ids.isdisjoint(member.role_ids):
                named.add(slot)

    def flush(self) -> None:
        """Tell passive sessions which of their channels had messages since the last batch."""
        unread, self._unread = self._unread, {}
        groups: list[tuple[SlotSet, list[UnreadChannel]]] = [(self._sessions.select_flag(_PASSIVE), [])]
        for channel_id, message_id in sorted(unread.items()):
            # Sessions that view the same subset of these channels share a body.
            viewers = self._passive_in(channel_id)
            channel = self._state.channels.get(channel_id)
            last_pin = None if channel is None else channel.find_last_pin()
            shown = UnreadChannel(str(channel_id), str(message_id), last_pin)
            split = [(slots & viewers, [*channels, shown]) for slots, channels in groups]
            split += [(slots - viewers, channels) for slots, channels in groups]
            groups = [(slots, channels) for slots, channels in split if slots]
        for slots, channels in groups:
            if channels:
                for event, readers in self._split_by_form(slots):
                    body = DispatchBody(event, encode_passive_update(event, self._state.guild_id, channels))
                    self._sessions.send(body, readers)

    def _split_by_form(self, slots: SlotSet) -> Iterable[tuple[str, SlotSet]]:
        """Yield the events by which unread channels are told, with those whose clients read them."""
        left = slots
        for event, flag in ((PASSIVE_UPDATE_V2, _READS_V2), (PASSIVE_UPDATE_V1, _READS_V1)):
            readers = left & self._sessions.select_flag(flag)
            left = left - readers
            if readers:
                yield event, readers
        if left:
            yield CHANNEL_UNREAD_UPDATE, left
