"""The numbers of a stream: they grow, whatever its sender does, and reports say what came."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of


def numbers(stream: Any, *sequences: int, ssrc: int = 1) -> list[int]:
    """Take packets; return the numbers that they get."""
    return [stream.take(ssrc, sequence, sequence * 960, 0.0)[0] for sequence in sequences]


@pytest.mark.parametrize("module", each("streams"))
def test_numbers_go_on_where_the_senders_go_round(module: ModuleType) -> None:
    first, *others = numbers(module.Stream(48_000), 65_534, 65_535, 0, 2, 1)
    assert [number - first for number in others] == [1, 2, 4, 3]


@pytest.mark.parametrize("module", each("streams"))
def test_packets_that_were_overtaken_keep_their_places_at_the_start(module: ModuleType) -> None:
    assert numbers(module.Stream(48_000), 1, 65_535, 0) == [0x1000, 0x0FFE, 0x0FFF]


@pytest.mark.parametrize("module", each("streams"))
def test_number_is_given_to_one_packet_alone(module: ModuleType) -> None:
    stream = module.Stream(48_000)
    assert numbers(stream, 10, 13, 11) == [0x1000, 0x1003, 0x1001]
    assert [stream.pass_on(1, sequence, 0, 100, 0.0) for sequence in (13, 11, 10)] == [None] * 3
    assert (stream.packets_passed, stream.bytes_passed) == (0, 0)
    assert numbers(stream, 9, 12) == [0x0FFF, 0x1002]
    assert numbers(stream, 500, ssrc=2) == [0x1004]
    assert stream.take(2, 499, 0, 0.0) is None, "that was the number of the last one before"


@pytest.mark.parametrize("module", each("streams"))
def test_new_beginnings_are_numbered_on(module: ModuleType) -> None:
    stream = module.Stream(48_000)
    assert numbers(stream, 10, 11) == [0x1000, 0x1001]
    assert numbers(stream, 11, ssrc=2) == [0x1002]
    assert numbers(stream, 40_000, ssrc=2) == [0x1003]
    stream.break_off()
    assert numbers(stream, 39_999, ssrc=2) == [0x1004]


@pytest.mark.parametrize("module", each("streams"))
def test_timestamps_go_on_as_time_has(module: ModuleType) -> None:
    stream = module.Stream(48_000)
    assert stream.take(1, 1, 0xFFFFFFFF, 10.0)[1] == 0xFFFFFFFF
    assert stream.take(1, 2, 959, 10.02)[1] == 959
    assert stream.take(9, 7, 123, 11.02)[1] == 959 + 48_000
    assert stream.tell_timestamp(11.52) == 959 + 48_000 + 24_000


@pytest.mark.parametrize("module", each("streams"))
def test_reports_say_what_is_lost_since_the_last_one(module: ModuleType) -> None:
    stream = module.Stream(48_000)
    assert stream.report(0.0) is None
    numbers(stream, 65_535, 0, 3)
    stream.note_clock(0x1234_5678_9ABC_DEF0, 0, 5.0)
    report = stream.report(7.0)
    assert report is not None
    assert (report.lost, report.fraction_lost, report.highest) == (2, 256 * 2 // 5, 65_535 + 4)
    assert (report.last_report, report.since_last_report) == (0x5678_9ABC, 2 * 65_536)
    numbers(stream, 4, 5)
    again = stream.report(8.0)
    assert again is not None
    assert (again.lost, again.fraction_lost) == (2, 0)


@pytest.mark.parametrize("module", each("streams"))
def test_packets_that_are_left_out_leave_no_gap_and_are_not_lost(module: ModuleType) -> None:
    stream = module.Stream(90_000)
    assert not stream.leave_out(1, 65_533), "somebody else's, so far"
    numbers(stream, 65_533)
    assert stream.leave_out(1, 65_534)
    assert stream.leave_out(1, 0)
    assert numbers(stream, 1, 65_535) == [0x1002, 0x1001]
    assert [stream.find_sequence(number) for number in (0x1000, 0x1001, 0x1002, 0x1003)] == [65_533, 65_535, 1, 2]
    assert not stream.leave_out(1, 65_532), "it is late"
    assert not stream.leave_out(2, 2)
    assert numbers(stream, 7, ssrc=2) == [0x1003]
    told = stream.report(0.0)
    assert told is not None
    assert told.lost == 0


@pytest.mark.parametrize("module", each("streams"))
@given(
    st.integers(0, 0xFFFF),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 8)), max_size=80),
)
def test_numbers_of_a_stream_with_packets_left_out_are_in_order_and_of_one_packet_each(
    module: ModuleType, first: int, packets: list[tuple[bool, bool, int]]
) -> None:
    """Packets may be empty, lost, or come later than some behind them."""
    stream = module.Stream(90_000)
    place = {first: numbers(stream, first)[0]}
    sent = [(at + delay, at, is_empty) for at, (is_empty, is_lost, delay) in enumerate(packets, 1) if not is_lost]
    for _, at, is_empty in sorted(sent):
        if is_empty and stream.leave_out(1, (first + at) % 0x10000):
            continue
        place[first + at] = numbers(stream, (first + at) % 0x10000)[0]
        assert stream.find_sequence(place[first + at]) == (first + at) % 0x10000
    in_order = [place[at] for at in sorted(place)]
    assert in_order == sorted(set(in_order))
    if not any(is_lost for _, is_lost, _ in packets) and not any(delay for _, _, delay in packets):
        assert in_order == list(range(0x1000, 0x1000 + len(place)))


@pytest.mark.parametrize("module", each("streams"))
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 0xFFFF) | st.integers(0, 30)), max_size=60))
def test_whatever_a_sender_does_the_newest_number_grows(module: ModuleType, packets: list[tuple[int, int]]) -> None:
    stream, newest, given_numbers = module.Stream(48_000), 0, set()
    for ssrc, sequence in packets:
        taken = stream.take(ssrc, sequence, 0, 0.0)
        if taken is None:
            continue
        number, timestamp = taken
        assert number not in given_numbers
        given_numbers.add(number)
        assert newest - 600 < number < newest + 3001 or not newest
        assert 0 <= timestamp < 1 << 32
        newest = max(newest, number)
        report = stream.report(0.0)
        assert report is not None
        assert report.lost >= 0


steps = st.tuples(
    st.sampled_from(["take", "pass_on", "leave_out", "break_off", "report", "find_sequence", "tell_timestamp"]),
    st.integers(1, 2),
    st.integers(0, 0xFFFF) | st.integers(0, 20),
    st.integers(0, 0xFFFFFFFF),
    st.floats(0, 10),
)


def follow(stream: Any, steps: list[tuple[str, int, int, int, float]]) -> list[object]:
    """What a stream answers to each step."""
    answers: list[object] = []
    for what, ssrc, sequence, timestamp, now_s in steps:
        match what:
            case "take":
                answers.append(stream.take(ssrc, sequence, timestamp, now_s))
            case "pass_on":
                answers.append(stream.pass_on(ssrc, sequence, timestamp, 100, now_s))
            case "leave_out":
                answers.append(stream.leave_out(ssrc, sequence))
            case "break_off":
                answers.append(stream.break_off())
            case "report":
                told = stream.report(now_s)
                answers.append(told and [getattr(told, field) for field in told.__struct_fields__])
            case "find_sequence":
                answers.append(stream.find_sequence(sequence))
            case _:
                answers.append(stream.tell_timestamp(now_s))
        answers.append((stream.source, stream.packets_passed, stream.bytes_passed, stream.quality.peak_loss))
    return answers


@given(st.lists(steps, max_size=40))
def test_any_packets_are_numbered_and_told_of_alike(steps: list[tuple[str, int, int, int, float]]) -> None:
    assert_alike([follow(module.Stream(48_000), steps) for module in implementations_of("streams")])
