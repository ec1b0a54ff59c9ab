"""Delivery: numbers, memory, order and the bytes that leave, the same from both implementations."""

from types import ModuleType

import pytest

from tests.unit.core_ext.delivery.delivery_bench import Bench, Body, Link, Templateless, WireFormat, frames
from tests.unit.core_ext.twins import each

both = pytest.mark.parametrize("module", each("delivery"))


# -- the ring


@both
def test_track_gives_what_came_after_a_number_in_order(module: ModuleType) -> None:
    track = Bench(module).make_track()
    bodies = [Body(b"x") for _ in range(20)]
    assert [track.push(each) for each in bodies] == list(range(1, 21))
    assert track.after(18) == [(19, bodies[18]), (20, bodies[19])]
    assert track.after(20) == []
    assert track.after(0) == list(enumerate(bodies, 1))


@both
def test_track_forgets_the_oldest_past_its_number_of_events(module: ModuleType) -> None:
    track = Bench(module).make_track(max_events=3)
    for _ in range(5):
        track.push(Body(b"x"))
    assert [number for number, _ in track.after(0)] == [3, 4, 5]
    assert [track.has_all_after(seq) for seq in range(7)] == [False, False, True, True, True, True, False]


@both
def test_track_forgets_the_oldest_past_its_bytes_but_keeps_the_newest(module: ModuleType) -> None:
    track = Bench(module).make_track(max_bytes=10)
    for size, kept in ((6, [1]), (4, [1, 2]), (1, [2, 3]), (50, [4]), (1, [5])):
        track.push(Body(b"1" * size))
        assert [number for number, _ in track.after(0)] == kept


@both
def test_track_that_remembers_nothing_is_refused(module: ModuleType) -> None:
    with pytest.raises(ValueError, match="newest"):
        Bench(module).make_track(max_events=0)


@both
def test_replay_of_what_is_forgotten_is_refused(module: ModuleType) -> None:
    track = Bench(module).make_track(max_events=1)
    for _ in range(3):
        track.push(Body(b"x"))
    for seq in (1, 4):
        with pytest.raises(ValueError, match="not remembered"):
            track.replay_after(seq)


@both
def test_track_that_begins_at_a_number_goes_on_behind_it(module: ModuleType) -> None:
    bench = Bench(module)
    track = bench.make_track(seq=41)
    assert (track.seq, track.after(0), track.has_pending) == (41, [], False)
    assert [track.has_all_after(seq) for seq in (0, 40, 41, 42)] == [False, False, True, False]
    bodies = [Body(b"a"), Body(b"b")]
    assert [track.push(body) for body in bodies] == [42, 43]
    assert track.after(0) == [(42, bodies[0]), (43, bodies[1])]
    outlet, link = bench.make_outlet()
    track.attach(outlet)
    track.replay_after(41)
    bench.queue.flush(1)
    assert bytes(link.written) == frames((42, b"a"), (43, b"b"))
    with pytest.raises(ValueError, match="not remembered"):
        track.replay_after(40)


@both
@pytest.mark.parametrize("seq", [-1, 1 << 31])
def test_track_cannot_begin_at_a_number_that_no_dispatch_has(module: ModuleType, seq: int) -> None:
    with pytest.raises(ValueError, match="seq must be in"):
        Bench(module).make_track(seq=seq)


@both
def test_what_the_client_has_is_forgotten_and_nothing_else(module: ModuleType) -> None:
    bench = Bench(module)
    track, link = bench.make_pair()
    bodies = [Body(b"%d" % number) for number in range(40)]
    for body in bodies[:30]:
        track.push(body)
    bench.queue.flush(10)
    for body in bodies[30:]:
        track.push(body)
    for seq, oldest in ((0, 1), (5, 6), (3, 6), (31, 6), (29, 30), (30, 31)):
        track.outlet.confirm(seq)
        assert track.after(0) == list(enumerate(bodies, 1))[oldest - 1 :]
        assert track.has_all_after(oldest - 1)
        assert not track.has_all_after(oldest - 2)
    link.written.clear()
    bench.queue.flush(10)
    assert bytes(link.written) == frames(*enumerate((body.text for body in bodies[30:]), 31))
    track.outlet.confirm(40)
    assert track.after(0) == []
    assert (track.has_all_after(40), track.has_all_after(39)) == (True, False)
    track.push(Body(b"next"))
    assert [number for number, _ in track.after(0)] == [41]
    track.outlet.cut()
    track.forget_up_to(40)
    assert track.has_all_after(40)


@both
def test_outlet_without_a_track_takes_a_confirmation(module: ModuleType) -> None:
    outlet, _ = Bench(module).make_outlet()
    outlet.confirm(1)
    assert outlet.buffered_bytes == 0


# -- sending


@both
def test_events_of_one_turn_leave_in_one_write(module: ModuleType) -> None:
    bench = Bench(module)
    track, link = bench.make_pair()
    for text in (b"a", b"b", b"c"):
        track.push(Body(text))
    assert (bench.scheduled, len(bench.queue), link.writes) == (1, 1, 0)
    assert not bench.queue.flush(10)
    assert (bytes(link.written), link.writes) == (frames((1, b"a"), (2, b"b"), (3, b"c")), 1)
    track.push(Body(b"d"))
    assert bench.scheduled == 2


@both
def test_flush_is_sliced_and_goes_on_where_it_stopped(module: ModuleType) -> None:
    bench = Bench(module)
    pairs = [bench.make_pair() for _ in range(5)]
    body = Body(b"x")
    bench.deliver([track for track, _ in pairs], range(5), body)
    assert bench.queue.flush(2)
    assert [link.writes for _, link in pairs] == [1, 1, 0, 0, 0]
    bench.deliver([track for track, _ in pairs], range(5), body)
    assert bench.queue.flush(4)
    assert [link.writes for _, link in pairs] == [2, 1, 1, 1, 1]
    assert not bench.queue.flush(4)
    assert {bytes(link.written) for _, link in pairs} == {frames((1, b"x"), (2, b"x"))}
    assert bench.scheduled == 1


@both
def test_unicast_leaves_behind_what_was_pushed_before(module: ModuleType) -> None:
    bench = Bench(module)
    track, link = bench.make_pair()
    track.push(Body(b"a"))
    track.outlet.write(b"unicast")
    track.push(Body(b"b"))
    bench.queue.flush(10)
    assert bytes(link.written) == frames((1, b"a")) + b"unicast" + frames((2, b"b"))


@both
def test_form_without_templates_makes_its_own_frames(module: ModuleType) -> None:
    bench = Bench(module)
    track, link = bench.make_pair()
    track.push(Body(b"a"))
    track.outlet.set_wire_format(Templateless())
    track.push(Body(b"b"))
    bench.queue.flush(10)
    assert bytes(link.written) == frames((1, b"a")) + b"<2 b>"


@both
def test_template_is_made_once_for_all_recipients(module: ModuleType) -> None:
    bench, wire_format, body = Bench(module), WireFormat(module), Body(b"x")
    tracks = [bench.make_track() for _ in range(3)]
    for track in tracks:
        track.attach(bench.make_outlet(wire_format=wire_format)[0])
    bench.deliver(tracks, range(3), body)
    bench.queue.flush(10)
    assert wire_format.made == 1
    assert body.find_template(wire_format).encode(7) == frames((7, b"x"))
    assert wire_format.made == 1


@both
def test_ring_that_is_full_sends_before_it_forgets(module: ModuleType) -> None:
    bench = Bench(module)
    track, link = bench.make_pair(max_events=2)
    for number in range(7):
        track.push(Body(b"%d" % number))
    bench.queue.flush(10)
    assert bytes(link.written) == frames(*((number + 1, b"%d" % number) for number in range(7)))


@both
def test_replay_sends_again_and_what_follows_once(module: ModuleType) -> None:
    bench = Bench(module)
    track, _ = bench.make_pair()
    for text in (b"a", b"b", b"c"):
        track.push(Body(text))
    outlet, link = bench.make_outlet()
    before = track.outlet
    track.attach(outlet)
    assert before.is_open
    track.replay_after(1)
    track.push(Body(b"d"))
    bench.queue.flush(10)
    assert bytes(link.written) == frames((2, b"b"), (3, b"c"), (4, b"d"))


@both
def test_detaching_sends_to_the_old_outlet_what_was_pushed_before(module: ModuleType) -> None:
    bench = Bench(module)
    track, link = bench.make_pair()
    track.push(Body(b"a"))
    track.attach(None)
    track.push(Body(b"b"))
    assert bytes(link.written) == frames((1, b"a"))
    assert (track.seq, track.outlet, bench.queue.flush(10)) == (2, None, False)


@both
def test_outlet_taken_by_another_track_is_lost_to_the_first(module: ModuleType) -> None:
    bench = Bench(module)
    first, link = bench.make_pair()
    second = bench.make_track()
    first.push(Body(b"a"))
    second.attach(first.outlet)
    first.push(Body(b"lost"))
    second.push(Body(b"b"))
    bench.queue.flush(10)
    assert bytes(link.written) == frames((1, b"a"), (1, b"b"))
    assert first.outlet is None


@both
def test_close_sends_and_cut_does_not(module: ModuleType) -> None:
    bench = Bench(module)
    (closed, closed_link), (lost, lost_link) = bench.make_pair(), bench.make_pair()
    for track, end in ((closed, "close"), (lost, "cut")):
        track.push(Body(b"a"))
        outlet = track.outlet
        getattr(outlet, end)()
        outlet.close()
        outlet.write(b"late")
        track.push(Body(b"b"))
        assert not outlet.is_open
        assert outlet.buffered_bytes == 0
        track.attach(outlet)
        assert track.outlet is None
    assert not bench.queue.flush(10)
    assert (bytes(closed_link.written), bytes(lost_link.written)) == (frames((1, b"a")), b"")


@both
def test_outlet_closed_from_within_its_link_sends_nothing_more(module: ModuleType) -> None:
    bench = Bench(module)
    track = bench.make_track(max_bytes=1 << 20)

    class Closing(Link):
        def write(self, data: bytes) -> None:
            super().write(data)
            outlet.close()

    outlet, link = bench.make_outlet(Closing())
    track.attach(outlet)
    for _ in range(3):
        track.push(Body(b"x" * 50_000))
    assert not bench.queue.flush(10)
    assert (bytes(link.written), link.writes) == (frames((1, b"x" * 50_000)), 1)


@both
def test_outlet_that_nobody_else_holds_may_be_closed_from_within_its_link(module: ModuleType) -> None:
    """What it would do with freed memory is seen by `make sanitize`."""
    bench = Bench(module)
    track = bench.make_track()

    class Closing(Link):
        def write(self, data: bytes) -> None:
            super().write(data)
            track.outlet.close()

    links = [Closing(), Closing()]
    for link in links:
        track.attach(bench.make_outlet(link)[0])
        track.push(Body(b"a"))
        bench.queue.flush(10)
        assert track.outlet is None
    assert [bytes(link.written) for link in links] == [frames((1, b"a")), frames((2, b"a"))]


@both
def test_event_that_cannot_be_encoded_costs_its_own_track_that_event_alone(module: ModuleType) -> None:
    bench = Bench(module)
    (first, first_link), (second, second_link) = bench.make_pair(), bench.make_pair()
    for text in (b"a", b"broken", b"c"):
        first.push(Body(text))
    second.push(Body(b"x"))
    with pytest.raises(ValueError, match="broken"):
        bench.queue.flush(10)
    while bench.queue.flush(10):
        pass
    assert bytes(first_link.written) == frames((1, b"a"), (3, b"c"))
    assert bytes(second_link.written) == frames((1, b"x"))
    assert bench.scheduled == 1


@both
def test_waiting_bytes_are_the_links_and_those_of_what_was_pushed(module: ModuleType) -> None:
    bench = Bench(module)
    track, link = bench.make_pair()
    link.held = 5
    track.push(Body(b"abc"))
    track.push(Body(b"de"))
    assert track.outlet.buffered_bytes == 10
    bench.queue.flush(10)
    assert track.outlet.buffered_bytes == 5


@both
def test_deliver_skips_empty_slots_and_counts_the_others(module: ModuleType) -> None:
    bench = Bench(module)
    tracks = [bench.make_track(), None, bench.make_track(), bench.make_track()]
    body = Body(b"body")
    assert bench.deliver(tracks, (0, 1, 3), body) == 2
    assert [track.seq for track in tracks if track is not None] == [1, 0, 1]
    assert bench.deliver(tracks, (), body) == 0


@both
def test_deliver_to_a_slot_beyond_the_table_is_refused(module: ModuleType) -> None:
    bench = Bench(module)
    with pytest.raises(IndexError):
        bench.deliver([bench.make_track()], (1,), Body(b"body"))


@both
def test_same_events_have_each_recipients_own_numbers_whatever_their_width(module: ModuleType) -> None:
    bench = Bench(module)
    before = (0, 0, 5, 7, 8, 8, 97, 98, 98, 4)
    pairs = [bench.make_pair() for _ in before]
    for (track, _), count in zip(pairs, before, strict=True):
        for _ in range(count):
            track.push(Body(b"before"))
    while bench.queue.flush(100):
        pass
    sent = [len(link.written) for _, link in pairs]
    bodies = [Body(b"first"), Body(b"second"), Body(b"third")]
    for position, (track, _) in enumerate(pairs):
        for body in bodies[: 2 if position == 4 else 3]:
            track.push(body)
    while bench.queue.flush(100):
        pass
    for position, ((_, link), count, start) in enumerate(zip(pairs, before, sent, strict=True)):
        texts = [body.text for body in bodies[: 2 if position == 4 else 3]]
        assert bytes(link.written[start:]) == frames(*enumerate(texts, count + 1))
