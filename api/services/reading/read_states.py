"""The moving of people's places, told to all of their devices, and in direct channels to those who may know of it.

Each call is one unit of work of the person, so their devices hear of the changes in the order in which they were made.
What somebody may not view cannot be acked. In a bulk, which a client makes of what it last knew, it is left out.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.channels.last_messages import LastMessages
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.reading.read_state_forms import OF_CHANNEL, AckBulk, AckMessage, ForgetReadState
from core.domain.channels.channel import TEXT_LIKE, Channel
from core.domain.errors import MissingAccess, UnknownChannel, UnknownMessage, WrongAccountKind
from core.domain.events import CHANNEL_PINS_ACK, MESSAGE_ACK, READ_RECEIPT_UPDATE
from core.domain.ids import created_ms
from core.domain.messages.read_state import Ack, ReadState
from core.runtime.clock import Clock
from core.store.interfaces import Store, Transaction
from core.wire.envelope import Envelope
from core.wire.objects.channels.read_state import ChannelPinsAck, render_ack, render_read_receipt
from core.wire.times import iso_time

_Peers: TypeAlias = Mapping[int, Sequence[int]]
"""By channel, those who may know how far the caller has read it."""

_SKEW_MS: Final = 60_000
"""What the clocks of a cluster may differ by. A message of a later time cannot have been read."""


class ReadStateService:
    """Moves the places of the caller."""

    __slots__ = ("_clock", "_entities", "_ids", "_last_messages", "_store")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        last_messages: LastMessages,
        ids: IdSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._entities = entities
        self._last_messages = last_messages
        self._ids = ids
        self._clock = clock

    async def ack(self, caller: Caller, channel_id: int, message_id: int, form: AckMessage) -> None:
        """Move the place to a message, which may be gone; a manual ack also moves it back.

        Raises:
            WrongAccountKind: for a bot. UnknownChannel, MissingAccess. UnknownMessage: when it is from the future.
        """
        require_person(caller)
        self._require_past(message_id)
        access = await self._entities.channel_access(caller.user_id, channel_id)
        is_manual = bool(form.manual)
        counted_id = 0
        if is_manual and form.mention_count is not None:
            counted_id = (await self._last_messages.find_ids([channel_id])).get(channel_id, 0)
        ack = Ack(
            channel_id=channel_id,
            message_id=message_id,
            is_manual=is_manual,
            mention_count=form.mention_count,
            counted_id=counted_id,
            flags=form.flags,
            last_viewed=form.last_viewed,
        )
        await self._move(caller.user_id, [ack], directs=() if access.channel.guild_id else (channel_id,))

    async def ack_many(self, caller: Caller, form: AckBulk) -> None:
        """Move the places of many channels. Raises WrongAccountKind, UnknownMessage."""
        require_person(caller)
        newest: dict[int, int] = {}
        for entry in form.read_states:
            self._require_past(entry.message_id)
            if entry.read_state_type == OF_CHANNEL:
                newest[entry.channel_id] = max(entry.message_id, newest.get(entry.channel_id, 0))
        viewed = [found for channel_id in newest if (found := await self._find(caller.user_id, channel_id)) is not None]
        acks = [Ack(channel_id=each.id, message_id=newest[each.id]) for each in viewed]
        await self._move(caller.user_id, acks, directs=[each.id for each in viewed if not each.guild_id])

    async def ack_guild(self, caller: Caller, guild_id: int) -> None:
        """Move the places of all channels that the caller views to their ends.

        Raises:
            WrongAccountKind, UnknownGuild.
        """
        require_person(caller)
        access = await self._entities.access(caller.user_id, guild_id)
        channels = access.entry.channels.values()
        viewed = [each.id for each in channels if each.type in TEXT_LIKE and access.can_view(each)]
        ends = await self._last_messages.find_ids(viewed)
        await self._move(caller.user_id, [Ack(channel_id=each, message_id=end) for each, end in ends.items()])

    async def ack_pins(self, caller: Caller, channel_id: int) -> None:
        """Note that all pins of a channel were seen. Raises WrongAccountKind, UnknownChannel, MissingAccess."""
        require_person(caller)
        await self._entities.channel_access(caller.user_id, channel_id)
        now_ms = self._clock.now_ms()
        async with self._store.write(users=[caller.user_id]) as tx:
            version = await tx.read_states.ack_pins(caller.user_id, channel_id, now_ms, now_ms=now_ms)
            if version is not None:
                payload = ChannelPinsAck(channel_id=str(channel_id), timestamp=iso_time(now_ms), version=version)
                tx.announce(user_event(self._ids.next(), CHANNEL_PINS_ACK, caller.user_id, payload))

    async def forget(self, caller: Caller, channel_id: int, form: ForgetReadState) -> None:
        """Remove the read state of a channel, which may be gone. Raises WrongAccountKind."""
        require_person(caller)
        if form.read_state_type != OF_CHANNEL:
            return
        async with self._write(caller.user_id, [channel_id]) as (tx, peers):
            left = await tx.read_states.forget(caller.user_id, channel_id, now_ms=self._clock.now_ms())
            if left is not None:
                tx.announce(*self._events(caller.user_id, [left], {channel_id}))
                tx.announce(*self._receipts(caller.user_id, [left], peers))

    async def _move(self, user_id: int, acks: Sequence[Ack], *, directs: Sequence[int] = ()) -> None:
        if not acks:
            return
        manual = {ack.channel_id for ack in acks if ack.is_manual}
        async with self._write(user_id, directs) as (tx, peers):
            moved = await tx.read_states.ack(user_id, acks, now_ms=self._clock.now_ms())
            tx.announce(*self._events(user_id, moved, manual))
            tx.announce(*self._receipts(user_id, moved, peers))

    @asynccontextmanager
    async def _write(self, user_id: int, channel_ids: Sequence[int]) -> AsyncIterator[tuple[Transaction, _Peers]]:
        """Begin a unit of the user and of those who may know how far the user has read each of these channels.

        They are read before, because a unit names its owners, and again in it, because a block may have come between.
        Most people share nothing, and then nothing is read again.
        """
        found = await self._store.read_states.find_receipt_peers(user_id, channel_ids)
        named = {each for peers in found.values() for each in peers}
        async with self._store.write(users={user_id, *named}) as tx:
            peers = await tx.read_states.find_receipt_peers(user_id, list(found))
            yield tx, {channel_id: [each for each in of if each in named] for channel_id, of in peers.items()}

    def _receipts(self, user_id: int, moved: Sequence[ReadState], peers: _Peers) -> Iterable[Envelope]:
        for state in moved:
            payload = render_read_receipt(state.channel_id, user_id, state.last_read_id)
            for peer_id in peers.get(state.channel_id, ()):
                yield user_event(self._ids.next(), READ_RECEIPT_UPDATE, peer_id, payload)

    def _events(self, user_id: int, moved: Sequence[ReadState], manual: set[int]) -> Iterable[Envelope]:
        for state in moved:
            payload = render_ack(state, is_manual=state.channel_id in manual)
            yield user_event(self._ids.next(), MESSAGE_ACK, user_id, payload)

    def _require_past(self, message_id: int) -> None:
        if created_ms(message_id) > self._clock.now_ms() + _SKEW_MS:
            raise UnknownMessage

    async def _find(self, user_id: int, channel_id: int) -> Channel | None:
        """Return the channel if the user may view it."""
        try:
            return (await self._entities.channel_access(user_id, channel_id)).channel
        except (UnknownChannel, MissingAccess):
            return None


def require_person(caller: Caller) -> None:
    """Raise WrongAccountKind for a bot, which has no read states."""
    if caller.is_bot:
        raise WrongAccountKind
