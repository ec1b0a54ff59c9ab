"""What a caller of the benchmark notes of silences."""

from benchmarks.voice.caller import Caller


def test_gap_is_from_the_last_packet_of_a_visit_to_the_first_of_the_next() -> None:
    caller = Caller(gateway="ws://127.0.0.1:1", token="", speaks=False)
    caller.hear(is_first=True)
    caller.hear(is_first=False)
    assert caller.gaps.empty(), "nothing came before the first visit"
    caller.hear(is_first=True)
    gap = caller.gaps.get_nowait()
    assert gap.last_s <= gap.first_s
    assert caller.gaps.empty()
