"""The storing of messages, traced."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from core.domain.errors import Unavailable
from core.domain.events import Audience
from core.runtime.traces.request import CURRENT, TracedRequest
from core.store.traced_messages import TracedMessages
from core.wire.envelope import Envelope
from tests.fakes.tracer import FakeTracer

ENVELOPE = Envelope(id=7, event="MESSAGE_CREATE", audience=Audience.CHANNEL, payload=msgspec.Raw(b"{}"))


class Messages:
    """Notes the envelopes that it is given."""

    def __init__(self) -> None:
        self.added: list[Envelope] = []
        self.fails = False

    async def add(self, message: Any, envelopes: list[Envelope]) -> str:
        self.added += envelopes
        if self.fails:
            raise Unavailable
        return f"added {message.id}"


class Message(msgspec.Struct):
    id: int = 7


@pytest.fixture
def tracer() -> FakeTracer:
    return FakeTracer()


@pytest.fixture
def request_of_test(tracer: FakeTracer) -> Iterator[TracedRequest]:
    request = TracedRequest(tracer)
    token = CURRENT.set(request)
    yield request
    CURRENT.reset(token)


def trace(messages: Messages, tracer: FakeTracer) -> Any:
    return TracedMessages(messages, tracer=tracer)  # type: ignore[arg-type]  # only one method is called


async def test_events_of_a_sampled_message_carry_its_context(
    tracer: FakeTracer, request_of_test: TracedRequest
) -> None:
    request_of_test.sample()
    messages = Messages()
    assert await trace(messages, tracer).add(Message(), [ENVELOPE]) == "added 7"
    span = tracer.find("store")
    assert [envelope.trace for envelope in messages.added] == [span.context]
    assert span.parent == tracer.find("request").context
    assert span.ended == {"message_id": 7}


async def test_other_messages_pass_as_they_are(tracer: FakeTracer, request_of_test: TracedRequest) -> None:
    messages = Messages()
    await trace(messages, tracer).add(Message(), [ENVELOPE])
    assert messages.added[0] is ENVELOPE
    assert tracer.spans == []


async def test_step_of_a_message_that_is_not_stored_ends(tracer: FakeTracer, request_of_test: TracedRequest) -> None:
    request_of_test.sample()
    messages = Messages()
    messages.fails = True
    with pytest.raises(Unavailable):
        await trace(messages, tracer).add(Message(), [ENVELOPE])
    assert tracer.find("store").ended is not None
