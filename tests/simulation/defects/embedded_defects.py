"""The defects that the simulation of the embedded server finds."""

import asyncio
from typing import Any, Final

import msgspec

from api.services.entity_cache import EntityCache
from api.services.messages.pages.message_cache import MessageCache
from core.domain.events import GUILD_MEMBER_UPDATE, GUILD_ROLE_UPDATE
from core.store.sql.aggregates.messages.message_batch import MessageBatch
from core.store.sql.transaction import SqlTransaction
from core.store.sql.writing.writer import Writer
from gateway.events.inbox import Inbox
from gateway.homes.session_restoring import SessionRestoring
from gateway.journal.journal_writer import JournalWriter
from gateway.sessions.session import Session
from tests.simulation.defects.planting import Defects, Original

DEFECTS: Final = Defects()


# ---- messages


@DEFECTS.plant("answer before commit", MessageBatch, "run", seeds=(4,))
def _answer_early(original: Original) -> Original:
    async def run(batch: MessageBatch, *arguments: Any) -> Any:
        done = await original(batch, *arguments)
        for entry in batch._entries:
            entry.future.set_result(entry.added)
        return done

    return run


@DEFECTS.plant("await between id and store", MessageCache, "add")
def _await_before_store(original: Original) -> Original:
    async def add(cache: MessageCache, message: Any, envelopes: Any) -> Any:
        await asyncio.sleep((message.id >> 22) % 7 * 0.004)
        return await original(cache, message, envelopes)

    return add


@DEFECTS.plant("nonce forgotten", MessageBatch, "open", seeds=(31, 32))
def _forget_stored_nonces(_: Original) -> Original:
    def look_nothing_up(batch: MessageBatch) -> list[Any]:
        batch._own = {}
        return []

    return look_nothing_up


# ---- the log and the rows


@DEFECTS.plant("announcement forgotten", SqlTransaction, "announce")
def _forget_to_announce(original: Original) -> Original:
    def announce(transaction: SqlTransaction, *envelopes: Any) -> None:
        original(transaction, *(each for each in envelopes if each.event != GUILD_MEMBER_UPDATE))

    return announce


@DEFECTS.plant("failed unit not rolled back", Writer, "_undo", seeds=(11,))
def _keep_failed_units(_: Original) -> Original:
    async def undo_nothing(writer: Writer, batch: Any, *, is_nested: bool) -> None:
        if is_nested:
            await writer._connection.run_steps([])

    return undo_nothing


# ---- caches and rights


@DEFECTS.plant("members cached for ever", EntityCache, "_on_member_event")
def _keep_members(_: Original) -> Original:
    return lambda *_: None


# ---- the gateway


@DEFECTS.plant("revocation late", Inbox, "put")
def _put_rights_behind(original: Original) -> Original:
    def put(inbox: Inbox, delivery: Any) -> None:
        if delivery.envelope.event == GUILD_ROLE_UPDATE:
            asyncio.get_running_loop().call_later(0.05, original, inbox, delivery)
        else:
            original(inbox, delivery)

    return put


@DEFECTS.plant("resume forgets one", Session, "replay")
def _replay_less(original: Original) -> Original:
    def replay(session: Session, seq: int) -> None:
        original(session, min(seq + 1, session.seq))

    return replay


class _LateJournal:
    """A journal that gets the positions of a later moment than that of the rest of its cut."""

    def __init__(self, writer: JournalWriter) -> None:
        self._journal = writer._journal
        self._homes = writer._homes

    async def write(self, cut: Any, **options: Any) -> None:
        await asyncio.sleep(0.9)
        late = msgspec.structs.replace(cut, positions=dict(self._homes.positions()))
        await self._journal.write(late, **options)


@DEFECTS.plant("cut before dispatch", JournalWriter, "_write", seeds=(11,))
def _cut_in_two_moments(original: Original) -> Original:
    async def write(writer: JournalWriter) -> None:
        journal = writer._journal
        writer._journal = _LateJournal(writer)  # type: ignore[assignment]  # a mistake
        try:
            await original(writer)
        finally:
            writer._journal = journal

    return write


@DEFECTS.plant("attach before replay", SessionRestoring, "_let_in")
def _go_live_first(original: Original) -> Original:
    def let_in(restoring: SessionRestoring, coming: Any) -> None:
        plans, coming.plans = coming.plans, [plan._replace(steps=()) for plan in coming.plans]
        original(restoring, coming)
        for stay, plan in zip(coming.stays, plans, strict=True):
            for step in plan.steps:
                stay.replay(coming.session, step)

    return let_in
