"""Planted defects: one small mistake each in the product, made at run time, which the simulation must find.

    with planted("answer before commit"):
        run_seed(7, database)

They answer the question whether the checks can fail. A defect patches a method of the product for as long as the
context lasts; `tests/simulation/test_defects.py` runs each until a seed finds it.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final
from unittest.mock import patch

import msgspec

from api.services.entity_cache import EntityCache
from api.services.messages.message_cache import MessageCache
from core.bus.entries import HEADER
from core.bus.interfaces import Delivery
from core.bus.positions import position_of
from core.bus.tail import Tail
from core.domain.errors import OutcomeUnknown, Unavailable
from core.domain.events import GUILD_MEMBER_UPDATE, GUILD_ROLE_UPDATE
from core.domain.message import AddedMessage
from core.door.redis import RedisDoor
from core.store.cluster.messages import ClusterMessages
from core.store.sql.aggregates.message_batch import MessageBatch
from core.store.sql.transaction import SqlTransaction
from core.store.sql.writing.writer import Writer
from core.wire.envelope import decode_envelope
from gateway.events.inbox import Inbox
from gateway.sessions.session import Session

Original = Callable[..., Any]


class Defect(msgspec.Struct, frozen=True, kw_only=True):
    """A mistake: `wrong` gets the method that it replaces, and returns the wrong one."""

    owner: type
    method: str
    wrong: Callable[[Original], Original]
    is_of_doors: bool = False
    """Whether the doors of a cluster are simulated to find it, and not the embedded server."""


DEFECTS: Final[dict[str, Defect]] = {}


def _plant(
    name: str, owner: type, method: str, *, is_of_doors: bool = False
) -> Callable[[Callable[[Original], Original]], None]:
    def keep(wrong: Callable[[Original], Original]) -> None:
        DEFECTS[name] = Defect(owner=owner, method=method, wrong=wrong, is_of_doors=is_of_doors)

    return keep


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    """Make the mistake of this name while the context lasts."""
    defect = DEFECTS[name]
    original = defect.owner.__dict__[defect.method]
    with patch.object(defect.owner, defect.method, defect.wrong(original)):
        yield


# ---- messages


@_plant("answer before commit", MessageBatch, "run")
def _answer_early(original: Original) -> Original:
    async def run(batch: MessageBatch, *arguments: Any) -> Any:
        done = await original(batch, *arguments)
        for entry in batch._entries:
            entry.future.set_result(entry.added)
        return done

    return run


@_plant("await between id and store", MessageCache, "add")
def _await_before_store(original: Original) -> Original:
    async def add(cache: MessageCache, message: Any, envelopes: Any) -> Any:
        await asyncio.sleep((message.id >> 22) % 7 * 0.004)
        return await original(cache, message, envelopes)

    return add


@_plant("nonce forgotten", MessageBatch, "open")
def _forget_stored_nonces(_: Original) -> Original:
    def look_nothing_up(batch: MessageBatch) -> list[Any]:
        batch._own = {}
        return []

    return look_nothing_up


# ---- the log and the rows


@_plant("announcement forgotten", SqlTransaction, "announce")
def _forget_to_announce(original: Original) -> Original:
    def announce(transaction: SqlTransaction, *envelopes: Any) -> None:
        original(transaction, *(each for each in envelopes if each.event != GUILD_MEMBER_UPDATE))

    return announce


@_plant("failed unit not rolled back", Writer, "_undo")
def _keep_failed_units(_: Original) -> Original:
    async def undo_nothing(writer: Writer, batch: Any, *, is_nested: bool) -> None:
        if is_nested:
            await writer._connection.run_steps([])

    return undo_nothing


# ---- caches and rights


@_plant("members cached for ever", EntityCache, "_on_member_event")
def _keep_members(_: Original) -> Original:
    return lambda *_: None


# ---- the gateway


@_plant("revocation late", Inbox, "put")
def _put_rights_behind(original: Original) -> Original:
    def put(inbox: Inbox, delivery: Any) -> None:
        if delivery.envelope.event == GUILD_ROLE_UPDATE:
            asyncio.get_running_loop().call_later(0.05, original, inbox, delivery)
        else:
            original(inbox, delivery)

    return put


@_plant("resume forgets one", Session, "replay")
def _replay_less(original: Original) -> Original:
    def replay(session: Session, seq: int) -> None:
        original(session, min(seq + 1, session.seq))

    return replay


# ---- the doors of a cluster


@_plant("close before store", ClusterMessages, "_add", is_of_doors=True)
def _close_before_store(_: Original) -> Original:
    async def add(messages: ClusterMessages, message: Any, envelopes: Any) -> Any:
        await messages._door.close(message.id, envelopes)
        await messages._rows.insert(message)
        return AddedMessage(message, is_new=True)

    return add


@_plant("unknown outcome taken for a failure", ClusterMessages, "_insist", is_of_doors=True)
def _take_unknown_for_failed(_: Original) -> Original:
    async def try_once(_messages: ClusterMessages, write: Any, **_options: Any) -> Any:
        try:
            return await write()
        except OutcomeUnknown:
            raise Unavailable from None

    return try_once


@_plant("edit tried again in one opening", ClusterMessages, "_edit", is_of_doors=True)
def _edit_without_opening(original: Original) -> Original:
    async def edit(messages: ClusterMessages, channel: int, message: int, changes: Any, version: int) -> Any:
        while (stored := await original(messages, channel, message, changes, version)) is None:
            found = await messages._rows.find(channel, message)
            if found is None:
                return None
            version = found.version
        return stored

    return edit


@_plant("deletion told by its first opening", ClusterMessages, "_pass_again", is_of_doors=True)
def _keep_first_opening(_: Original) -> Original:
    async def keep(_messages: ClusterMessages, _channel: int, _pending: Any, opened_id: int) -> int:
        return opened_id

    return keep


@_plant("door opened without the nonce", RedisDoor, "open", is_of_doors=True)
def _open_without_nonce(original: Original) -> Original:
    return lambda door, opening: original(door, msgspec.structs.replace(opening, nonce=None))


@_plant("tail without the test for gaps", Tail, "_hear", is_of_doors=True)
def _skip_gaps(original: Original) -> Original:
    def hear(tail: Tail, shard: int, data: bytes) -> None:
        generation, n, revision, *_ = HEADER.unpack_from(data)
        position = position_of(generation, n)
        if n and position > tail.passed[shard].value:
            tail._deliver(Delivery(position, shard, decode_envelope(data[HEADER.size :]), revision))
        else:
            original(tail, shard, data)

    return hear
