"""Both frame readers and wsproto agree on every stream: the same messages, pings, pongs and close, taken or refused.

Where they may differ is told in `EXCEPTIONS`, each with an example that shows that they do.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from core_ext.sockets.websocket_c import BINARY, CLOSE, NOT_TEXT, PROTOCOL_ERROR, TEXT, TOO_LARGE
from tests.support.gateway.client_frames import CONTINUATION, PING, make_client_frame, make_close, make_fragments
from tests.unit.core_ext.sockets.websocket_streams import (
    any_frames,
    closes,
    controls,
    cut,
    cuts,
    fragmented,
    right_streams,
    streams,
)
from tests.unit.core_ext.sockets.wsproto_oracle import Verdict, WsprotoReader, read_with_wsproto
from tests.unit.core_ext.twins import each, implementations_of

ENDLESS = (1 << 64) - 1
thoroughly = settings(max_examples=40)


def read(kernel: Any, chunks: list[bytes], *, max_bytes: int = ENDLESS, max_fragments: int = 30_000) -> Verdict:
    """Our verdict on a stream."""
    reader = kernel.FrameReader(max_bytes=max_bytes, max_fragments=max_fragments)
    return Verdict(events=[event for chunk in chunks for event in reader.feed(chunk)], refusal=reader.refusal)


def takes_1014(stream: bytes, ours: Verdict, theirs: Verdict) -> bool:
    """IANA has registered 1014 since; wsproto calls it reserved."""
    last = ours.events[-1:]
    return (
        theirs.refusal == PROTOCOL_ERROR
        and ours.events[:-1] == theirs.events
        and bool(last and last[0][0] == CLOSE and last[0][1][:2] == (1014).to_bytes(2, "big"))
    )


def refuses_sooner(stream: bytes, ours: Verdict, theirs: Verdict) -> bool:
    """We judge a frame by its first bytes, wsproto some of them once its length, mask and first byte are there.

    So it must refuse that very frame as soon as more comes, whatever that is.
    """
    if (ours.refusal, theirs.refusal) != (PROTOCOL_ERROR, 0) or ours.events != theirs.events:
        return False
    endings = (bytes(300), b"\xff" * 300, b"\x81" * 300)
    return all(read_with_wsproto([stream, end]).refusal == PROTOCOL_ERROR for end in endings) and all(
        read_with_wsproto([stream, end]).events == ours.events for end in endings
    )


def refuses_text_later(stream: bytes, ours: Verdict, theirs: Verdict) -> bool:
    """wsproto decodes text as it comes, we when the message is whole: control frames before its end are still heard."""
    later = ours.events[len(theirs.events) :]
    return (
        theirs.refusal == NOT_TEXT
        and ours.events[: len(theirs.events)] == theirs.events
        and all(opcode >= CLOSE for opcode, _ in later)
    )


EXCEPTIONS: list[tuple[Callable[[bytes, Verdict, Verdict], bool], bytes]] = [
    (takes_1014, make_close(1014, b"gateway")),
    (refuses_sooner, make_client_frame(TEXT, key=None, length_bytes=3)[:2]),
    (refuses_sooner, make_client_frame(BINARY, reserved=2, length_bytes=9, declared=1 << 20)[:5]),
    (refuses_sooner, make_client_frame(CONTINUATION, b"nothing begun")[:4]),
    (refuses_text_later, make_client_frame(TEXT, b"\xff", is_final=False) + make_client_frame(PING, b"heard")),
    (refuses_text_later, make_client_frame(TEXT, b"\xff", is_final=False) + make_client_frame(TEXT, b"")),
    (refuses_text_later, make_client_frame(TEXT, b"\xff", is_final=False) + make_close(1000)),
    (refuses_text_later, make_client_frame(TEXT, b"\xff and more")[:8]),
]


_SIZES = (0, 1, 2, 125, 126, 127)
_EXTENDED = {126: (0, 125, 126, 65_535), 127: (0, 125, 126, 65_535, 65_536, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)}
_BEGUN = make_client_frame(TEXT, b"begun", is_final=False)


def heads() -> Iterator[bytes]:
    """Every first byte with every mask bit and the lengths that matter, alone and within a fragmented message."""
    for first, size, mask_bit, before in product(range(256), _SIZES, (0, 0x80), (b"", _BEGUN)):
        head = before + bytes((first, mask_bit | size))
        if size in _EXTENDED:
            yield from (head + length.to_bytes(2 if size == 126 else 8, "big") for length in _EXTENDED[size])
        else:
            yield head


def assert_agreement(stream: bytes, ours: Verdict, theirs: Verdict) -> None:
    """They are the same, or differ as they may."""
    is_agreed = ours == theirs or any(is_excused(stream, ours, theirs) for is_excused, _ in EXCEPTIONS)
    assert is_agreed, f"{stream!r}: ours {ours}, theirs {theirs}"


@pytest.mark.parametrize("kernel", each("websocket"))
@pytest.mark.parametrize(("is_excused", "stream"), EXCEPTIONS)
def test_exception_is_one(kernel: Any, is_excused: Callable[[bytes, Verdict, Verdict], bool], stream: bytes) -> None:
    ours, theirs = read(kernel, [stream]), read_with_wsproto([stream])
    assert ours != theirs
    assert is_excused(stream, ours, theirs)


@pytest.mark.parametrize("kernel", each("websocket"))
def test_every_head_of_a_frame_is_judged_alike(kernel: Any) -> None:
    for head in heads():
        stream = head + bytes(6)
        assert_agreement(stream, read(kernel, [stream]), read_with_wsproto([stream]))


@pytest.mark.parametrize("kernel", each("websocket"))
def test_every_close_code_is_judged_alike(kernel: Any) -> None:
    for code in (*range(5100), 65_535):
        stream = make_close(code)
        assert_agreement(stream, read(kernel, [stream]), read_with_wsproto([stream]))


_BOUNDARIES = bytes((0, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF))


def characters() -> Iterator[bytes]:
    """All of two bytes, and all lead bytes before all bytes at which a rule of UTF-8 begins or ends."""
    yield from (bytes(pair) for pair in product(range(256), repeat=2))
    for size in (2, 3):
        yield from (bytes((lead, *rest)) for lead in range(0xE0, 0xF9) for rest in product(_BOUNDARIES, repeat=size))


@pytest.mark.parametrize("kernel", each("websocket"))
def test_every_character_is_judged_as_python_does(kernel: Any) -> None:
    for text in characters():
        refusal = 0
        try:
            text.decode()
        except UnicodeDecodeError:
            refusal = NOT_TEXT
        assert read(kernel, [b"\x81", bytes((0x80 | len(text),)), bytes(4) + text]).refusal == refusal, text


@thoroughly
@given(stream=streams(), places=cuts)
@example(stream=b"".join(make_fragments(TEXT, [b"\xe2", b"", b"\x82", b"\xac"])), places=[3])
@example(stream=make_close(1000) + b"\xff" * 20, places=[])
def test_readers_and_wsproto_agree_on_any_stream(stream: bytes, places: list[int]) -> None:
    chunks = cut(stream, places)
    theirs = read_with_wsproto(chunks)
    assert theirs == read_with_wsproto([stream])
    for kernel in implementations_of("websocket"):
        assert_agreement(stream, read(kernel, chunks), theirs)


@thoroughly
@given(frames=right_streams, places=cuts)
def test_size_limit_is_exact(frames: list[bytes], places: list[int]) -> None:
    chunks = cut(b"".join(frames), places)
    for kernel in implementations_of("websocket"):
        free = read(kernel, chunks)
        if free.refusal:
            continue
        largest = max((len(payload) for opcode, payload in free.events if opcode < CLOSE), default=0)
        assert read(kernel, chunks, max_bytes=largest) == free
        assert largest == 0 or read(kernel, chunks, max_bytes=largest - 1).refusal == TOO_LARGE


@thoroughly
@given(frames=fragmented(), places=cuts, max_fragments=st.integers(2, 5))
def test_fragment_limit_is_exact(frames: list[bytes], places: list[int], max_fragments: int) -> None:
    fragments = sum(frame[0] & 0x0F < CLOSE for frame in frames)
    chunks = cut(b"".join(frames), places)
    for kernel in implementations_of("websocket"):
        free, bound = read(kernel, chunks), read(kernel, chunks, max_fragments=max_fragments)
        assert bound == free if fragments <= max_fragments else bound.refusal == TOO_LARGE


class Conversation(RuleBasedStateMachine):
    """Says frames, delivers them in pieces, and compares after each piece."""

    def __init__(self) -> None:
        super().__init__()
        kernels = implementations_of("websocket")
        self._readers = [kernel.FrameReader(max_bytes=ENDLESS, max_fragments=30_000) for kernel in kernels]
        self._events: list[list[tuple[int, bytes]]] = [[] for _ in kernels]
        self._oracle = WsprotoReader()
        self._said = b""
        self._delivered = b""

    @rule(frame=st.one_of(controls, any_frames))
    def say(self, frame: bytes) -> None:
        """One frame, right or wrong."""
        self._said += frame

    @rule(frames=fragmented())
    def say_message(self, frames: list[bytes]) -> None:
        """A right message."""
        self._said += b"".join(frames)

    @rule(frame=closes)
    def say_close(self, frame: bytes) -> None:
        """The last frame, right or wrong."""
        self._said += frame

    @rule(size=st.sampled_from([1, 2, 3, 7, 30, 5000]))
    @precondition(lambda self: self._said)
    def deliver(self, size: int) -> None:
        """So many bytes."""
        piece, self._said = self._said[:size], self._said[size:]
        self._delivered += piece
        self._oracle.feed(piece)
        for reader, events in zip(self._readers, self._events, strict=True):
            events.extend(reader.feed(piece))
            assert_agreement(self._delivered, Verdict(events=events, refusal=reader.refusal), self._oracle.verdict)

    def teardown(self) -> None:
        """Whatever is left, at once."""
        if self._said:
            self.deliver(len(self._said))


def test_conversations_are_understood_alike_after_every_piece() -> None:
    run_state_machine_as_test(Conversation, settings=settings(max_examples=25, stateful_step_count=25))
