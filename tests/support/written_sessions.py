"""The sessions that a single process has written into its journal: those that can be resumed after a kill."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

Written = dict[str, int]
"""By the ids of sessions, the `s` of each in the newest cut that names it."""


def read_written(data: Path) -> Written:
    """Read the journal in a server's data folder."""
    with contextlib.closing(sqlite3.connect(f"file:{data / 'guildway.db'}?mode=ro", uri=True, timeout=60)) as database:
        database.execute("BEGIN")
        records = database.execute("SELECT session_id, incarnation, place, first_cut FROM session_records").fetchall()
        cuts = database.execute("SELECT incarnation, number, seqs FROM session_cuts ORDER BY number").fetchall()
    written: Written = {}
    for session_id, incarnation, place, first_cut in records:
        for its_incarnation, number, seqs in cuts:
            pairs = memoryview(seqs).cast("I").tolist()
            if its_incarnation == incarnation and number >= first_cut and place in pairs[::2]:
                written[session_id] = pairs[pairs[::2].index(place) * 2 + 1]
    return written


async def wait_written(data: Path, is_so: Callable[[Written], bool]) -> None:
    """Wait until what is written is as the test wants it: a cut comes each second, or later on a busy machine."""
    async with asyncio.timeout(60):
        while not is_so(read_written(data)):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
