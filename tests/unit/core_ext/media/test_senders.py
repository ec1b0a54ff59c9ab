"""What one browser sends: why a packet is kept back, and that both implementations say the same of any packets."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core_ext.media.kept_back import KeptBack
from tests.unit.core_ext.media.test_openings import make as make_opening
from tests.unit.core_ext.media.test_openings import seal
from tests.unit.core_ext.twins import assert_alike, each, implementations_of, sibling_of

HERE, THERE = ("192.0.2.1", 5000), ("192.0.2.2", 5000)
LEVEL_NUMBER = 1


class Voice:
    """A microphone of one implementation, with keys and nobody else in its room."""

    def __init__(self, module: ModuleType, *, taken_left: int = 5000, limit: int = 1) -> None:
        self.receiver = sibling_of(module, "departures").Receiver()
        self.receiver.address = HERE
        self.sender = module.Sender(self.receiver, taken_left)
        self.sender.opening = make_opening(sibling_of(module, "openings"))
        self.stream = sibling_of(module, "streams").Stream(48_000)
        self.microphone = module.Microphone(
            self.sender, codec="opus", ssrc=5, level_number=LEVEL_NUMBER, stream=self.stream
        )
        self.microphone.may_speak = True
        self.microphone.seats = sibling_of(module, "speakers").ActiveSpeakers(limit)

    def open(self, datagram: bytes, address: object = HERE, now_s: float = 0.0) -> Any:
        """Open a packet."""
        return self.microphone.open(datagram, address, now_s)


@pytest.fixture(params=each("senders"))
def module(request: pytest.FixtureRequest) -> ModuleType:
    """An implementation."""
    found: ModuleType = request.param
    return found


def test_voice_goes_to_the_others_under_the_nodes_own_ssrc(module: ModuleType) -> None:
    voice = Voice(module)
    first, second = (voice.open(packet) for packet in seal([7, 8], payload=bytes(30)))
    assert (first.codec, first.ssrc, first.payload, first.level) == ("opus", 5, bytes(30), None)
    assert second.number == first.number + 1
    assert [voice.microphone.keep(passing) for passing in (first, second)] == [False, False]
    assert voice.microphone.heard.find(first.number) is first


def test_packet_is_kept_back_for_the_first_reason_that_there_is(module: ModuleType) -> None:
    voice = Voice(module, taken_left=2)
    packets = seal([1, 2, 3, 4, 5])
    assert voice.open(packets[0][:-1] + b"?") is KeptBack.FORGED
    voice.microphone.may_speak = False
    assert voice.open(packets[0]) is KeptBack.MUTED
    assert voice.sender.taken_left == 2, "it was not decrypted"
    assert voice.open(packets[0], THERE) is KeptBack.MUTED
    assert voice.receiver.address == THERE, "but the browser has moved"
    voice.microphone.may_speak = True
    assert voice.open(packets[0], THERE) is KeptBack.FORGED, "it came before"
    assert voice.open(packets[1], THERE).number
    assert voice.open(packets[2], HERE) is KeptBack.FLOOD
    assert voice.receiver.address == HERE
    voice.sender.opening = None
    assert voice.open(packets[3]) is KeptBack.NO_KEYS


def test_strangers_take_no_place_among_the_streams_of_a_browser(module: ModuleType) -> None:
    sender = Voice(module).sender
    sources = [number.to_bytes(4, "big") for number in range(129)]
    assert all(sender.may_have(source) for source in sources)
    assert [sender.take(source) for source in sources[:128]] == [True] * 128
    assert (sender.may_have(sources[5]), sender.may_have(sources[128])) == (True, False)


def test_room_without_a_free_seat_leaves_a_silent_voice_out(module: ModuleType) -> None:
    voice = Voice(module)
    other = sibling_of(module, "speakers").Activity()
    assert voice.microphone.seats.note(other, 100.0, 0.0)
    assert voice.open(seal([1])[0], now_s=0.1) is KeptBack.QUIET
    assert (voice.stream.packets_passed, voice.stream.bytes_kept) == (0, 20)


class Film:
    """A lens of one implementation: its camera has two layers, 7 and 8, and 9 is in place of 8 when that is so."""

    def __init__(self, module: ModuleType, *, taken_left: int = 5000) -> None:
        self.module = module
        receiver = sibling_of(module, "departures").Receiver()
        receiver.address = HERE
        sender = module.Sender(receiver, taken_left)
        sender.opening = make_opening(sibling_of(module, "openings"))
        self.layers = [sibling_of(module, "streams").Stream(90_000) for _ in range(2)]
        self.ring = sibling_of(module, "ring").Ring()
        self.asked: list[int] = []
        self.broken_off = 0
        self.lens = module.Lens(
            sender,
            codecs={96: ("VP8", None), 97: ("H264", lambda payload: payload.startswith(b"key"))},
            find_track=self.find,
            break_off=self.break_off,
        )
        self.lens.is_on = True

    def find(self, packet: Any) -> Any:
        """The layer of a packet."""
        self.asked.append(packet.ssrc)
        layer = {7: 0, 8: 1, 9: 1}.get(packet.ssrc)
        return None if layer is None else self.module.Track(5, layer, self.layers[layer], self.ring)

    def break_off(self) -> None:
        """Count that."""
        self.broken_off += 1

    def open(self, datagram: bytes) -> Any:
        """Open a packet."""
        return self.lens.open(datagram, HERE, 2.0)


def test_video_is_of_the_track_that_its_browser_has_named(module: ModuleType) -> None:
    film = Film(module)
    packets = [seal([1, 2], ssrc=ssrc, payload_type=96, payload=b"\x10\0picture") for ssrc in (7, 8, 9)]
    small, large = film.open(packets[0][0]), film.open(packets[1][0])
    assert (small.ssrc, small.picture.layer, small.picture.is_keyframe, small.picture.came_s) == (5, 0, True, 2.0)
    assert (large.picture.layer, large.codec) == (1, "VP8")
    film.open(packets[0][1])
    assert film.lens.keep(film.open(packets[1][1])) is False
    assert film.asked == [7, 8], "once for each"
    film.open(packets[2][0])
    film.open(packets[0][1])
    assert film.asked == [7, 8, 9]
    film.lens.forget_tracks()
    film.open(packets[2][1])
    assert film.asked == [7, 8, 9, 9]


def test_video_is_kept_back_for_the_first_reason_that_there_is(module: ModuleType) -> None:
    film = Film(module, taken_left=4)
    stranger, empty, other = (
        seal([1, 2, 3], ssrc=ssrc, payload_type=97, payload=payload)
        for ssrc, payload in ((6, b"x"), (7, b""), (8, b"key"))
    )
    assert film.open(stranger[0]) is KeptBack.UNKNOWN
    assert film.open(empty[0]).number, "the first one is passed on, whatever is in it"
    assert film.open(empty[1]) is KeptBack.EMPTY
    film.lens.is_on = False
    assert film.open(other[0]) is KeptBack.MUTED
    film.lens.is_on = True
    assert film.open(other[0]).picture.is_keyframe
    assert film.open(other[1]) is KeptBack.FLOOD
    assert film.broken_off == 2


steps = st.lists(
    st.tuples(
        st.sampled_from(["say", "say", "say", "forge", "mute", "move", "leave"]), st.integers(0, 60), st.booleans()
    ),
    max_size=40,
)


def follow(module: ModuleType, steps: list[tuple[str, int, bool]]) -> list[object]:
    """What a microphone answers to each step."""
    voice, answers, packets, address = Voice(module, taken_left=20), list[object](), seal(range(61)), HERE
    for what, number, is_so in steps:
        match what:
            case "say" | "forge":
                packet = packets[number] if what == "say" else packets[number][:-1] + b"?"
                passing = voice.open(packet, address, number / 50)
                kept = isinstance(passing, KeptBack) or voice.microphone.keep(passing)
                parts = passing if isinstance(passing, KeptBack) else (passing.number, passing.write((111, 1)))
                answers.append((parts, kept))
            case "mute":
                voice.microphone.may_speak = not is_so
            case "move":
                address = THERE if is_so else HERE
            case _:
                voice.sender.opening = None if is_so and number > 50 else voice.sender.opening
        answers.append((voice.receiver.address, voice.sender.taken_left, voice.stream.packets_passed))
    return answers


films = st.lists(
    st.tuples(
        st.integers(6, 9),
        st.sampled_from([96, 97]),
        st.integers(0, 40),
        st.sampled_from([b"", b"\x10\0p", b"\x90\xc0\x80\1\1\0", b"\x90", b"key", bytes(1000)]),
    ),
    max_size=20,
)


def watch(module: ModuleType, films: list[tuple[int, int, int, bytes]]) -> list[object]:
    """What a lens answers to each packet."""
    film, answers = Film(module), list[object]()
    for ssrc, payload_type, number, payload in films:
        (packet,) = seal([number], ssrc=ssrc, payload_type=payload_type, payload=payload)
        passing = film.open(packet)
        if isinstance(passing, KeptBack):
            answers.append(passing)
            continue
        picture = passing.picture
        says = picture.vp8 and (picture.vp8.is_keyframe, picture.vp8.picture, picture.vp8.layer)
        kept = film.lens.keep(passing)
        answers.append(
            (passing.write((payload_type, 2)), passing.codec, picture.layer, picture.is_keyframe, says, kept)
        )
    return [*answers, film.asked]


@settings(max_examples=60)
@given(films)
def test_any_packets_of_video_are_taken_alike(films: list[tuple[int, int, int, bytes]]) -> None:
    assert_alike([watch(module, films) for module in implementations_of("senders")])


@settings(max_examples=60)
@given(steps)
def test_any_packets_are_taken_alike(steps: list[tuple[str, int, bool]]) -> None:
    assert_alike([follow(module, steps) for module in implementations_of("senders")])
