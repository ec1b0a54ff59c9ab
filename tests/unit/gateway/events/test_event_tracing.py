"""The steps of sampled events: actor, links and sockets."""

from collections.abc import Callable

import msgspec
import pytest

from core.bus.interfaces import Delivery
from core.domain.events import Audience
from core.wire.envelope import Envelope, decode_envelope, encode_envelope
from gateway.events.event_tracing import EventTracing
from tests.fakes.tracer import FakeTracer

CONTEXT = bytes(range(24))


class Scene:
    """A gateway whose actors put so many sessions into the queue, and send so many frames."""

    def __init__(self, *, sessions: int = 0, frames: int = 0) -> None:
        self.tracer = FakeTracer()
        self.entered = 0
        self.waiting: list[Callable[[], None]] = []
        self.contexts: list[bytes | None] = []
        self.routed = 0
        self.fails = False
        self._sessions, self._frames = sessions, frames
        self.tracing = EventTracing(
            tracer=self.tracer, count_entered=lambda: self.entered, when_sent=self.waiting.append
        )
        self.route = self.tracing.around(self._apply)

    def _apply(self, _delivery: Delivery) -> None:
        self.routed += 1
        self.entered += self._sessions
        self.contexts += [self.tracing.link_context() for _ in range(self._frames)]
        if self.fails:
            raise RuntimeError


def deliver(trace: bytes | None) -> Delivery:
    envelope = Envelope(
        id=1, event="MESSAGE_CREATE", audience=Audience.CHANNEL, payload=msgspec.Raw(b"{}"), trace=trace
    )
    return Delivery(1, 0, envelope)


def test_event_that_is_not_sampled_leaves_nothing() -> None:
    scene = Scene(sessions=3, frames=1)
    scene.route(deliver(None))
    assert (scene.routed, scene.tracer.spans, scene.contexts, scene.waiting) == (1, [], [None], [])


def test_sockets_are_served_when_the_queue_says_so() -> None:
    scene = Scene(sessions=3)
    scene.route(deliver(CONTEXT))
    actor, socket = scene.tracer.find("actor"), scene.tracer.find("socket")
    assert actor.parent == CONTEXT
    assert actor.ended == {"sessions": 3}
    assert socket.parent == actor.context
    assert socket.ended is None
    scene.waiting.pop()()
    assert socket.ended == {"sessions": 3}


def test_each_frame_carries_the_context_of_its_link() -> None:
    scene = Scene(frames=2)
    scene.route(deliver(CONTEXT))
    links = [span for span in scene.tracer.spans if span.name == "link"]
    assert scene.contexts == [span.context for span in links]
    assert {span.parent for span in links} == {scene.tracer.find("actor").context}
    assert scene.tracer.find("actor").ended == {"frames": 2}
    assert scene.tracing.link_context() is None


def test_step_in_which_nobody_is_told_is_not_told_either() -> None:
    scene = Scene()
    scene.route(deliver(CONTEXT))
    assert [span.ended for span in scene.tracer.spans] == [None]
    assert scene.waiting == []


def test_event_that_fails_is_no_longer_current() -> None:
    scene = Scene(sessions=1)
    scene.fails = True
    with pytest.raises(RuntimeError):
        scene.route(deliver(CONTEXT))
    assert scene.tracing.link_context() is None


def test_frame_of_another_worker_is_followed_by_its_context() -> None:
    scene = Scene(sessions=2)
    scene.tracing.follow(CONTEXT, "host", lambda: scene.route(deliver(None)))
    assert scene.tracer.find("host").ended == {"sessions": 2}
    assert scene.tracer.find("socket").parent == scene.tracer.find("host").context


@pytest.mark.parametrize("trace", [None, CONTEXT])
def test_context_crosses_the_log_with_the_envelope(trace: bytes | None) -> None:
    envelope = deliver(trace).envelope
    stored = encode_envelope(envelope)
    assert decode_envelope(stored) == envelope
    assert (CONTEXT in stored) == (trace is not None)
