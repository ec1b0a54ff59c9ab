"""The sweep of left voice states: how often it looks."""

import asyncio
import contextlib
from typing import Any, cast

from core.domain.guilds.voice_state import VoiceState
from gateway.homes.voice_sweep import VoiceSweep
from tests.fakes.clock import FakeClock

TURNS = 200
NOT_ASKED = cast("Any", None)


class EmptyRows:
    """A table of voice states without a row, which counts its reads."""

    def __init__(self) -> None:
        self.reads = 0

    async def list_page(self, *, after: tuple[int, int] = (0, 0), limit: int = 1000) -> list[VoiceState]:
        """Return none."""
        del after, limit
        self.reads += 1
        return []


async def test_without_a_grace_it_does_not_look_in_each_turn() -> None:
    rows = EmptyRows()
    sweep = VoiceSweep(
        rows=cast("Any", rows),
        guilds=NOT_ASKED,
        users=NOT_ASKED,
        calls=NOT_ASKED,
        ends=NOT_ASKED,
        clock=FakeClock(),
        grace_s=0.0,
        is_here=lambda _: True,
    )
    running = asyncio.create_task(sweep.run())
    for _ in range(TURNS):
        await asyncio.sleep(0)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert 1 <= rows.reads < TURNS // 4
