"""The defects that the simulation of a cluster's doors finds."""

from typing import Any, Final

import msgspec

from core.bus.entries import HEADER
from core.bus.interfaces import Delivery
from core.bus.positions import position_of
from core.bus.tail import Tail
from core.domain.errors import OutcomeUnknown, Unavailable
from core.domain.messages.message import AddedMessage
from core.door.redis import RedisDoor
from core.store.cluster.messages import ClusterMessages
from core.wire.envelope import decode_envelope
from tests.simulation.defects.planting import Defects, Original

DEFECTS: Final = Defects()


@DEFECTS.plant("close before store", ClusterMessages, "_add")
def _close_before_store(_: Original) -> Original:
    async def add(messages: ClusterMessages, message: Any, envelopes: Any) -> Any:
        await messages._door.close(message.id, envelopes)
        await messages._rows.insert(message)
        return AddedMessage(message, is_new=True)

    return add


@DEFECTS.plant("unknown outcome taken for a failure", ClusterMessages, "_insist")
def _take_unknown_for_failed(_: Original) -> Original:
    async def try_once(_messages: ClusterMessages, write: Any, **_options: Any) -> Any:
        try:
            return await write()
        except OutcomeUnknown:
            raise Unavailable from None

    return try_once


@DEFECTS.plant("edit tried again in one opening", ClusterMessages, "_edit")
def _edit_without_opening(original: Original) -> Original:
    async def edit(messages: ClusterMessages, channel: int, message: int, changes: Any, version: int) -> Any:
        while (stored := await original(messages, channel, message, changes, version)) is None:
            found = await messages._rows.find(channel, message)
            if found is None:
                return None
            version = found.version
        return stored

    return edit


@DEFECTS.plant("deletion told by its first opening", ClusterMessages, "_pass_again")
def _keep_first_opening(_: Original) -> Original:
    async def keep(_messages: ClusterMessages, _channel: int, _pending: Any, opened_id: int) -> int:
        return opened_id

    return keep


@DEFECTS.plant("door opened without the nonce", RedisDoor, "open")
def _open_without_nonce(original: Original) -> Original:
    return lambda door, opening: original(door, msgspec.structs.replace(opening, nonce=None))


@DEFECTS.plant("tail without the test for gaps", Tail, "_hear")
def _skip_gaps(original: Original) -> Original:
    def hear(tail: Tail, shard: int, data: bytes) -> None:
        generation, n, revision, *_ = HEADER.unpack_from(data)
        position = position_of(generation, n)
        if n and position > tail.passed[shard].value:
            tail._deliver(Delivery(position, shard, decode_envelope(data[HEADER.size :]), revision))
        else:
            original(tail, shard, data)

    return hear
