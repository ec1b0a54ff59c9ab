"""The moving of people's places, told to all of their devices.

Each call is one unit of work of the person, so their devices hear of the changes in the order in which they were made.
What somebody may not view cannot be acked. In a bulk, which a client makes of what it last knew, it is left out.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.channels.last_messages import LastMessages
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.reading.read_state_forms import OF_CHANNEL, AckBulk, AckMessage, ForgetReadState
from core.domain.channels.channel import TEXT_LIKE
from core.domain.errors import MissingAccess, UnknownChannel, UnknownMessage, WrongAccountKind
from core.domain.events import CHANNEL_PINS_ACK, MESSAGE_ACK
from core.domain.ids import created_ms
from core.domain.messages.read_state import Ack, ReadState
from core.runtime.clock import Clock
from core.store.interfaces import Store
from core.wire.envelope import Envelope
from core.wire.objects.channels.read_state import ChannelPinsAck, render_ack
from core.wire.times import iso_time

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
        await self._entities.channel_access(caller.user_id, channel_id)
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
        await self._move(caller.user_id, [ack])

    async def ack_many(self, caller: Caller, form: AckBulk) -> None:
        """Move the places of many channels. Raises WrongAccountKind, UnknownMessage."""
        require_person(caller)
        newest: dict[int, int] = {}
        for entry in form.read_states:
            self._require_past(entry.message_id)
            if entry.read_state_type == OF_CHANNEL:
                newest[entry.channel_id] = max(entry.message_id, newest.get(entry.channel_id, 0))
        viewed = [channel_id for channel_id in newest if await self._may_view(caller.user_id, channel_id)]
        await self._move(caller.user_id, [Ack(channel_id=each, message_id=newest[each]) for each in viewed])

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
        async with self._store.write(users=[caller.user_id]) as tx:
            left = await tx.read_states.forget(caller.user_id, channel_id, now_ms=self._clock.now_ms())
            if left is not None:
                tx.announce(*self._events(caller.user_id, [left], {channel_id}))

    async def _move(self, user_id: int, acks: Sequence[Ack]) -> None:
        if not acks:
            return
        manual = {ack.channel_id for ack in acks if ack.is_manual}
        async with self._store.write(users=[user_id]) as tx:
            moved = await tx.read_states.ack(user_id, acks, now_ms=self._clock.now_ms())
            tx.announce(*self._events(user_id, moved, manual))

    def _events(self, user_id: int, moved: Sequence[ReadState], manual: set[int]) -> Iterable[Envelope]:
        for state in moved:
            payload = render_ack(state, is_manual=state.channel_id in manual)
            yield user_event(self._ids.next(), MESSAGE_ACK, user_id, payload)

    def _require_past(self, message_id: int) -> None:
        if created_ms(message_id) > self._clock.now_ms() + _SKEW_MS:
            raise UnknownMessage

    async def _may_view(self, user_id: int, channel_id: int) -> bool:
        try:
            await self._entities.channel_access(user_id, channel_id)
        except (UnknownChannel, MissingAccess):
            return False
        return True


def require_person(caller: Caller) -> None:
    """Raise WrongAccountKind for a bot, which has no read states."""
    if caller.is_bot:
        raise WrongAccountKind
