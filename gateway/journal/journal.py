"""The gateway's part of the journal of sessions: what it writes, what it finds, and what it tells of that."""

import asyncio
from typing import NamedTuple

from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.store.aggregates.session_journal import SessionJournal
from gateway.homes.home_port import HomePort
from gateway.journal.journal_writer import JournalWriter
from gateway.journal.left_presences import LeftPresences
from gateway.journal.left_sessions import LeftSessions
from gateway.journal.taken_sessions import TakenSessions


class Journal(NamedTuple):
    writer: JournalWriter
    left: LeftSessions
    presences: LeftPresences
    taken: TakenSessions

    async def run(self) -> None:
        """Run the parts until cancelled."""
        async with asyncio.TaskGroup() as group:
            for part in self:
                group.create_task(part.run(), name=type(part).__name__)


def build_journal(
    *,
    store: SessionJournal,
    homes: HomePort,
    incarnation: str,
    clock: Clock,
    resume_window_s: float,
    presence_grace_s: float,
    metrics: Metrics,
) -> Journal:
    """Build the parts. `incarnation` names this life of the process; no other one has had the name."""
    left = LeftSessions(journal=store, incarnation=incarnation, clock=clock, resume_window_s=resume_window_s)
    return Journal(
        writer=JournalWriter(
            journal=store,
            homes=homes.sessions,
            incarnation=incarnation,
            clock=clock,
            resume_window_s=resume_window_s,
            metrics=metrics,
        ),
        left=left,
        presences=LeftPresences(left=left, users=homes.users, grace_s=presence_grace_s),
        taken=TakenSessions(journal=store, incarnation=incarnation),
    )
