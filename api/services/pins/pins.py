"""Pins: messages that a channel keeps at hand.

A pin is a row beside its channel, and the message says of itself that it is pinned. The row is written first, with
CHANNEL_PINS_UPDATE, and then the message, with MESSAGE_UPDATE (pin_flags.py). A new pin is also told by a message of
the channel.

Deleted messages take their pins with them (`forget`), without an event, as at Discord. Whoever finds a pin without its
message removes it: a list, and a pin that finds the channel full.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

import msgspec

from api.services.access import ChannelAccess
from api.services.caller import Caller
from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.messages.message_events import for_channel, message_created
from api.services.messages.pages.message_cache import MessageCache
from api.services.messages.pages.message_renderer import MessageRenderer
from api.services.messages.pages.reader_parts import ReaderParts
from api.services.pins.pin_flags import PinFlags
from api.services.rights import confirm_rights, on_present_rights
from core.domain.channels.channel import Channel, ChannelType
from core.domain.errors import SystemMessageAction, TooManyPins, UnknownMessage
from core.domain.events import CHANNEL_PINS_UPDATE
from core.domain.guilds.permissions import Permission
from core.domain.messages.message import WRITTEN, Message, MessageType
from core.domain.messages.pin import MAX_PINS, Pin, PinChange
from core.door.interfaces import Door, Opening
from core.runtime.clock import Clock
from core.store.aggregates.messages.messages import MessageStore
from core.store.interfaces import Store, Transaction
from core.wire.envelope import Envelope
from core.wire.objects.messages.pin import PinsUpdated
from core.wire.times import iso_time

MAX_PAGE: Final = 50

_PIN: Final = int(Permission.PIN_MESSAGES)
_READ_HISTORY: Final = int(Permission.READ_MESSAGE_HISTORY)


class PinService:
    """Pins and unpins messages, and lists pins.

    All methods raise UnknownChannel, MissingAccess and WrongChannelType.
    """

    __slots__ = (
        "_cache",
        "_clock",
        "_directs",
        "_door",
        "_entities",
        "_flags",
        "_ids",
        "_messages",
        "_parts",
        "_renderer",
        "_store",
    )

    def __init__(  # noqa: PLR0913 - a pin is a row, an edit and a message
        self,
        *,
        store: Store,
        entities: EntityCache,
        directs: DirectSends,
        cache: MessageCache,
        renderer: MessageRenderer,
        parts: ReaderParts,
        flags: PinFlags,
        door: Door,
        ids: IdSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._messages: MessageStore = store.messages
        self._entities = entities
        self._directs = directs
        self._cache = cache
        self._renderer = renderer
        self._parts = parts
        self._flags = flags
        self._door = door
        self._ids = ids
        self._clock = clock

    @on_present_rights
    async def pin(self, user_id: int, channel_id: int, message_id: int) -> None:
        """Pin a message. One that is pinned stays where it is in the list.

        Raises:
            Forbidden: without PIN_MESSAGES. UnknownMessage. SystemMessageAction: for a message that the server wrote.
            TooManyPins: when the channel has as many as it may have.
            CannotSendToUser: in a direct channel with somebody to whom one may not write, as a pin writes a message.
        """
        access = await self._access(user_id, channel_id)
        access.require(_PIN)
        if access.guild is None:
            await self._directs.require_write(user_id, access.channel)
        message = await self._fetch(channel_id, message_id)
        if message.type not in WRITTEN:
            raise SystemMessageAction
        if await self._store.pins.count(channel_id) >= MAX_PINS:
            await self._drop_orphans(channel_id)
        change = self._make_change(channel_id, message_id)
        if await self._put(access, change):
            await self._flags.settle(access.channel, change)
            await self._tell(access, user_id, message_id)
        else:
            await self._flags.follow(access.channel, message_id)

    @on_present_rights
    async def unpin(self, user_id: int, channel_id: int, message_id: int) -> None:
        """Unpin a message. Raises Forbidden, UnknownMessage."""
        access = await self._access(user_id, channel_id)
        access.require(_PIN)
        await self._fetch(channel_id, message_id)
        channel = access.channel
        change = self._make_change(channel_id, message_id)
        async with self._write(channel) as tx:
            await _confirm(tx, access)
            was_pinned = await tx.pins.delete(channel_id, [message_id]) > 0
            if was_pinned:
                await tx.pins.note_change(change)
                present = await tx.channels.find(channel_id) or channel
                tx.announce(*self._updated(channel, present.last_pin_ms))
        if was_pinned:
            await self._flags.settle(channel, change)
        else:
            await self._flags.follow(channel, message_id)

    async def list_page(self, caller: Caller, channel_id: int, *, before_ms: int | None, limit: int) -> bytes:
        """Return a PinsObject in JSON, the newest pin first; an empty one without the right to read the history."""
        access = await self._access(caller.user_id, channel_id)
        if not access.has(_READ_HISTORY):
            return b'{"items":[],"has_more":false}'
        found = await self._store.pins.list_page(channel_id, before_ms=before_ms, limit=limit + 1)
        pins, shown = await self._show(caller, access.channel, found[:limit])
        items = (
            b'{"pinned_at":"%b","message":%b}' % (iso_time(pin.pinned_ms).encode(), each)
            for pin, each in zip(pins, shown, strict=True)
        )
        return b'{"items":[%b],"has_more":%b}' % (b",".join(items), b"true" if len(found) > limit else b"false")

    async def list_messages(self, caller: Caller, channel_id: int) -> bytes:
        """Return the newest pinned messages as a JSON list, as older clients ask for them."""
        access = await self._access(caller.user_id, channel_id)
        if not access.has(_READ_HISTORY):
            return b"[]"
        pins = await self._store.pins.list_page(channel_id, limit=MAX_PAGE)
        return b"[%b]" % b",".join((await self._show(caller, access.channel, pins))[1])

    def _make_change(self, channel_id: int, message_id: int) -> PinChange:
        return PinChange(channel_id=channel_id, message_id=message_id, change_id=self._ids.next())

    async def _put(self, access: ChannelAccess, change: PinChange) -> bool:
        """Write the pin; return whether it is new. Raises TooManyPins, RightsChanged."""
        channel = access.channel
        async with self._write(channel) as tx:
            await _confirm(tx, access)
            pin = await tx.pins.put(channel.id, change.message_id, now_ms=self._clock.now_ms())
            if pin is None:
                return False
            if await tx.pins.count(channel.id) > MAX_PINS:
                raise TooManyPins
            await tx.pins.note_change(change)
            await tx.channels.update(channel.id, {"last_pin_ms": pin.pinned_ms})
            tx.announce(*self._updated(channel, pin.pinned_ms))
        return True

    async def _tell(self, access: ChannelAccess, user_id: int, message_id: int) -> None:
        """Write the channel's message about a new pin."""
        channel = access.channel
        opening = Opening(
            channel_id=channel.id, guild_id=channel.guild_id, author_id=user_id, is_limited=False, mark=None
        )
        member = None if access.guild is None else access.guild.member
        make = _notice_of(channel, user_id, message_id)
        resolved = await self._renderer.resolve(make(0))
        await self._directs.open_for_all(channel)
        async with self._door.open(opening) as permit:
            # Nothing may be awaited from here to `add`, as in `api.services.messages.messages`.
            message = make(permit.id)
            encoded = self._renderer.encode(msgspec.structs.replace(resolved, message=message), member)
            await self._cache.add(message, message_created(channel, message, encoded.dispatch))
        if channel.type == ChannelType.DM:
            await self._directs.look_again(channel.id)

    async def _show(self, caller: Caller, channel: Channel, pins: Sequence[Pin]) -> tuple[list[Pin], Sequence[bytes]]:
        """Return the pins whose messages are there, and these in JSON; remove the other pins."""
        found = await asyncio.gather(*(self._cache.find(channel.id, pin.message_id) for pin in pins))
        messages = [message for message in found if message is not None]
        orphans = [pin.message_id for pin, message in zip(pins, found, strict=True) if message is None]
        if orphans:
            await self._remove(channel.id, orphans)
        resolved = await self._renderer.resolve_all(messages)
        encoded = [self._renderer.encode_shown(each) for each in resolved]
        ids = [message.id for message in messages]
        shown = await self._parts.show(caller, channel, ids, encoded)
        return [pin for pin, message in zip(pins, found, strict=True) if message is not None], shown

    async def _drop_orphans(self, channel_id: int) -> None:
        pins = await self._store.pins.list_page(channel_id, limit=MAX_PINS)
        found = await asyncio.gather(*(self._messages.find(channel_id, pin.message_id) for pin in pins))
        await self._remove(
            channel_id, [pin.message_id for pin, message in zip(pins, found, strict=True) if message is None]
        )

    async def _remove(self, channel_id: int, message_ids: Collection[int]) -> None:
        if message_ids:
            channel = await self._entities.channel(channel_id)
            async with self._write(channel) as tx:
                await tx.pins.delete(channel_id, message_ids)

    def _write(self, channel: Channel) -> AbstractAsyncContextManager[Transaction]:
        if channel.guild_id:
            return self._store.write(guilds=[channel.guild_id])
        return self._store.write(users=channel.recipient_ids)

    def _updated(self, channel: Channel, last_pin_ms: int) -> list[Envelope]:
        body = PinsUpdated(
            channel_id=str(channel.id), last_pin_timestamp=iso_time(last_pin_ms) if last_pin_ms else None
        )
        if channel.guild_id:
            body.guild_id = str(channel.guild_id)
        return for_channel(self._ids.next(), CHANNEL_PINS_UPDATE, channel, body)

    async def _access(self, user_id: int, channel_id: int) -> ChannelAccess:
        access = await self._entities.text_access(user_id, channel_id)
        access.require_messages()
        return access

    async def _fetch(self, channel_id: int, message_id: int) -> Message:
        message = await self._messages.find(channel_id, message_id)
        if message is None:
            raise UnknownMessage
        return message


async def _confirm(tx: Transaction, access: ChannelAccess) -> None:
    if access.guild is not None:
        await confirm_rights(tx, access.guild)


def _notice_of(channel: Channel, user_id: int, message_id: int) -> Callable[[int], Message]:
    """Return a maker of the message that tells of a pin, from its id."""

    def make(notice_id: int) -> Message:
        return Message(
            id=notice_id,
            channel_id=channel.id,
            guild_id=channel.guild_id,
            author_id=user_id,
            type=MessageType.CHANNEL_PINNED_MESSAGE,
            reference_id=message_id,
        )

    return make
