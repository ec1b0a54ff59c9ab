"""The watch over calls: the end of a session ends its part in a call, and that of no other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from core.domain.events import VOICE_STATE_UPDATE, Audience
from core.wire.envelope import Envelope
from gateway.homes.call_watch import CallWatch
from gateway.scheduling.tasks import Tasks
from tests.fakes.gateway.voice_port import FakeVoicePort
from tests.support.gateway.sessions import make_session

USER = 101


class Scene:
    """A watch with running tasks."""

    def __init__(self, tasks: Tasks) -> None:
        self.port = FakeVoicePort()
        self.watch = CallWatch(port=self.port, tasks=tasks)

    def follow(self, channel_id: int | None, *, session_id: str = "a", of: int = USER) -> None:
        """Tell the user of a voice state."""
        d = {"user_id": str(of), "session_id": session_id, "channel_id": channel_id and str(channel_id)}
        payload = msgspec.Raw(msgspec.json.encode(d))
        self.watch.follow(
            Envelope(id=1, event=VOICE_STATE_UPDATE, audience=Audience.USER, payload=payload, user_id=USER)
        )

    async def end(self, session_id: str, *, is_claimed: bool = False) -> list[tuple[int, int, str]]:
        """End a session, and return the ends that this leads to."""
        session, _ = make_session(USER, session_id=session_id)
        session.is_claimed = is_claimed
        self.watch.end(session)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ended, self.port.ended = self.port.ended, []
        return ended


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    tasks = Tasks()
    running = asyncio.create_task(tasks.run())
    await asyncio.sleep(0)
    yield Scene(tasks)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_end_of_the_session_ends_its_part_alone(scene: Scene) -> None:
    assert await scene.end("a") == []
    scene.follow(5)
    scene.follow(5, session_id="b", of=USER + 1)
    assert await scene.end("b") == []
    assert await scene.end("a", is_claimed=True) == []
    assert await scene.end("a") == [(0, USER, "a")]
    scene.follow(None)
    assert await scene.end("a") == []


async def test_session_that_an_earlier_process_has_left_is_known_by_the_sweep(scene: Scene) -> None:
    scene.watch.know(USER, "a")
    assert await scene.end("a") == [(0, USER, "a")]
