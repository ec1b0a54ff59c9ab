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
from api.services.single_flight import SingleFlight
from core.domain.events import GUILD_MEMBER_UPDATE, GUILD_ROLE_UPDATE
from core.door.rights import RightsChanges
from core.store.sql.aggregates.message_batch import MessageBatch
from core.store.sql.transaction import SqlTransaction
from core.store.sql.writing.writer import Writer
from gateway.events.inbox import Inbox
from gateway.guilds.guild_directory import GuildDirectory
from gateway.homes.guild_entrance import GuildEntrance
from gateway.login.login import Login
from gateway.sessions.session import Session

Original = Callable[..., Any]


class Defect(msgspec.Struct, frozen=True, kw_only=True):
    """A mistake: `wrong` gets the method that it replaces, and returns the wrong one."""

    owner: type
    method: str
    wrong: Callable[[Original], Original]
    seeds: int = 40
    """The seeds within which it must be found."""


DEFECTS: Final[dict[str, Defect]] = {}


def _plant(name: str, owner: type, method: str, *, seeds: int = 40) -> Callable[[Callable[[Original], Original]], None]:
    def keep(wrong: Callable[[Original], Original]) -> None:
        DEFECTS[name] = Defect(owner=owner, method=method, wrong=wrong, seeds=seeds)

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


@_plant("a load outlives what it has not seen", SingleFlight, "drop")
def _keep_flights(_: Original) -> Original:
    def drop(flights: SingleFlight[Any, Any], key: Any) -> None:
        flights._values.pop(key, None)

    return drop


@_plant("members cached for ever", EntityCache, "_on_member_event")
def _keep_members(_: Original) -> Original:
    return lambda *_: None


@_plant("door takes stale rights", RightsChanges, "are_stale", seeds=150)
def _take_stale_rights(_: Original) -> Original:
    return lambda *_: False


# ---- the gateway


@_plant("events lost while a guild loads", GuildDirectory, "_hold")
def _lose_while_loading(_: Original) -> Original:
    return lambda *_: None


@_plant("revocation late", Inbox, "put")
def _put_rights_behind(original: Original) -> Original:
    def put(inbox: Inbox, delivery: Any) -> None:
        if delivery.envelope.event == GUILD_ROLE_UPDATE:
            asyncio.get_running_loop().call_later(0.05, original, inbox, delivery)
        else:
            original(inbox, delivery)

    return put


@_plant("login misses what passes meanwhile", Login, "missed_events")
def _miss_events(_: Original) -> Original:
    return lambda *_: []


@_plant("entrance without catching up", GuildEntrance, "catch_up")
def _enter_unread(_: Original) -> Original:
    return lambda *_: None


@_plant("resume forgets one", Session, "replay")
def _replay_less(original: Original) -> Original:
    def replay(session: Session, seq: int) -> None:
        original(session, min(seq + 1, session.seq))

    return replay
