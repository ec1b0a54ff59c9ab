"""Doors that trace: which messages are sampled, and what becomes of those that are refused."""

import pytest

from core.domain.errors import RateLimited, Unavailable
from core.door.interfaces import Opening
from core.door.memory import MemoryDoor
from core.door.rules import MessageRules
from core.door.traced import Sampler, TracedDoor
from core.live.interfaces import Rule
from core.live.limits import MemoryRateLimiter
from core.live.refusals import Refusals
from core.runtime.settings.settings import TraceSettings
from core.runtime.traces.request import CURRENT, TracedRequest
from core_ext.ids import SnowflakeGenerator
from tests.fakes.clock import FakeClock
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.tracer import FakeTracer


class Scene:
    """A guild with so many online, and a door that lets two messages in."""

    def __init__(self, *, online: int = 5, ratio: float = 0.5, drawn: float = 0.4) -> None:
        self.clock = FakeClock()
        self.asked: list[int] = []
        self.online: int | None = online
        self.tracer = FakeTracer()
        rule = Rule("messages", 2, 60.0)
        behind = MemoryDoor(
            make_id=SnowflakeGenerator(0, 0, self.clock.now_ms).next,
            bus=MemoryBus(num_shards=2),
            limiter=MemoryRateLimiter(clock=self.clock),
            rules=MessageRules(channel=rule, overall=rule),
            refusals=Refusals(),
            clock=self.clock,
        )
        sampler = Sampler(
            TraceSettings(ratio=ratio, full_audience=10),
            count_online=self.count_online,
            draw=lambda: drawn,
            monotonic_s=self.clock.monotonic_s,
        )
        self.door = TracedDoor(behind, sampler=sampler, tracer=self.tracer)

    async def count_online(self, guild_ids: object) -> dict[int, int]:
        assert guild_ids == [9]
        self.asked.append(9)
        if self.online is None:
            raise Unavailable
        return {9: self.online}

    async def send(self, **fields: object) -> None:
        values = {"channel_id": 5, "guild_id": 9, "author_id": 1, "mark": 0, **fields}
        async with self.door.open(Opening(**values)):  # type: ignore[arg-type]
            pass


@pytest.mark.parametrize(
    ("online", "ratio", "drawn", "is_sampled"),
    [(10, 0.5, 0.4, True), (10, 0.5, 0.5, False), (20, 0.5, 0.4, False), (20, 0.5, 0.2, True), (1, 0.0, 0.0, False)],
)
async def test_message_is_sampled_by_the_audience_of_its_guild(
    online: int, ratio: float, drawn: float, is_sampled: bool
) -> None:
    scene = Scene(online=online, ratio=ratio, drawn=drawn)
    await scene.send()
    assert [span.name for span in scene.tracer.spans] == (["request", "door"] if is_sampled else [])


async def test_message_in_a_direct_channel_is_sampled_by_its_recipients() -> None:
    scene = Scene(ratio=1.0)
    await scene.send(guild_id=0, recipient_ids=(1, 2))
    assert scene.tracer.find("door").ended == {"outcome": "open", "channel_id": 5}
    assert scene.asked == []


async def test_audience_is_asked_for_once_a_minute() -> None:
    scene = Scene()
    await scene.send(author_id=1)
    await scene.send(author_id=2)
    assert scene.asked == [9]
    scene.clock.advance(61)
    await scene.send(author_id=3)
    assert scene.asked == [9, 9]


async def test_message_without_a_known_audience_goes_untraced() -> None:
    scene = Scene()
    scene.online = None
    await scene.send()
    assert scene.tracer.spans == []


async def test_step_of_a_refused_message_ends_too() -> None:
    scene = Scene()
    for _ in range(2):
        await scene.send()
    with pytest.raises(RateLimited):
        await scene.send()
    assert [span.ended for span in scene.tracer.spans if span.name == "door"][-1] == {"outcome": "refused"}
    assert all(span.ended is not None for span in scene.tracer.spans)
    assert CURRENT.get() is None


async def test_step_belongs_to_the_request_that_sends() -> None:
    scene = Scene()
    request = TracedRequest(scene.tracer)
    token = CURRENT.set(request)
    try:
        await scene.send()
    finally:
        CURRENT.reset(token)
    assert request.span is scene.tracer.find("request")
    assert scene.tracer.find("request").ended is None  # whoever has begun the request ends it
    assert scene.tracer.find("door").parent == scene.tracer.find("request").context
