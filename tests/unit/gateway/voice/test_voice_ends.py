"""Voice states whose session is gone: those that may come back, and those that do not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from gateway.scheduling.tasks import Tasks
from gateway.voice.voice_ends import EndingVoice
from tests.fakes.gateway.voice_port import FakeVoicePort

GUILD, OTHER, USER = 1, 2, 5
HOUR_S = 3600.0


class Port(FakeVoicePort):
    """The port, which says when something has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.has_ended = asyncio.Event()

    async def end_voice(self, guild_id: int, user_id: int, session_id: str) -> None:
        """Keep an end, and say so."""
        await super().end_voice(guild_id, user_id, session_id)
        self.has_ended.set()


@contextlib.asynccontextmanager
async def open_ends(*, delay_s: float) -> AsyncIterator[tuple[EndingVoice, Port]]:
    """Ends that wait for so long whether a session comes back."""
    tasks, port = Tasks(), Port()
    running = asyncio.ensure_future(tasks.run())
    yield (
        EndingVoice(port=port, tasks=tasks, has_session=lambda *_: False, is_here=lambda _: True, delay_s=delay_s),
        port,
    )
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_session_that_cannot_come_back_leaves_voice_at_once_in_a_cluster() -> None:
    async with open_ends(delay_s=HOUR_S) as (ends, port):
        ends.end(GUILD, USER, "a")
        ends.end_for_good(USER, "b", [OTHER])
        await port.has_ended.wait()
        assert port.ended == [(OTHER, USER, "b")]


@pytest.mark.parametrize("guild_ids", [[], [GUILD]])
async def test_single_process_ends_it_once(guild_ids: list[int]) -> None:
    async with open_ends(delay_s=0.0) as (ends, port):
        ends.end_for_good(USER, "a", guild_ids)
        ends.end(GUILD, USER, "a")
        await port.has_ended.wait()
        assert port.ended == [(GUILD, USER, "a")]
