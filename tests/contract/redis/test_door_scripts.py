"""The scripts of doors: tickets, order, nonces, limits, and what dead processes have left."""

from typing import Any

from core.domain.ids import EPOCH_MS
from core.door.pending import Pending, PendingKind, encode_pending
from tests.contract.redis.script_backends import NUM_SHARDS
from tests.contract.redis.script_logs import HOUR_MS, NOW_MS, OTHER, RUN, TAG, Logs, T, id_of


def test_door_gives_rising_ids_whatever_the_tickets_say(logs: Logs) -> None:
    assert logs.open(10) == [b"OK", T]
    assert logs.open(11) == [b"OK", T]
    assert logs.open(5) == [b"OK", T + 1]
    assert logs.open(6, t=T - 40) == [b"OK", T + 1]
    assert logs.open(5, t=T - 40) == [b"OK", T + 2]
    assert logs.open(9, t=T - 248) == [b"LATE", T + 2]
    assert logs.open(9, t=T + 7) == [b"OK", T + 7]


def test_ids_of_a_new_life_are_above_those_that_a_lost_one_may_have_told(logs: Logs) -> None:
    begun = NOW_MS - EPOCH_MS
    assert logs.open(1, t=begun - 100) == [b"LATE", begun + 250]
    assert logs.open(1, t=begun + 250) == [b"OK", begun + 250]
    assert logs.open(2, t=begun + 2) == [b"OK", begun + 250]


def test_events_pass_in_the_order_of_ids_however_they_are_closed(logs: Logs) -> None:
    for low in range(1, 5):
        logs.open(low)
    assert logs.close(3, b"third") == [b"HELD"]
    assert logs.close(3, b"third") == [b"HELD"]
    assert logs.close(2, b"second") == [b"HELD"]
    assert logs.read() == []
    assert logs.close(1, b"first") == [b"OK", 1, 1]
    assert logs.read() == [b"first", b"second", b"third"]
    assert logs.close(4, b"fourth") == [b"OK", 1, 4]
    assert logs.close(2, b"second") == [b"GONE", NOW_MS * 1000 + 4]


def test_aborted_opening_lets_those_behind_it_pass(logs: Logs) -> None:
    for low in range(1, 4):
        logs.open(low)
    logs.close(2, b"second")
    logs.close(3, b"third")
    assert logs.abort(2) == [b"HELD"]
    assert logs.abort(1) == [b"OK"]
    assert logs.abort(1) == [b"GONE", NOW_MS * 1000 + 2]
    assert logs.read() == [b"second", b"third"]


def test_opening_in_the_middle_may_be_aborted(logs: Logs) -> None:
    for low in range(1, 4):
        logs.open(low)
    logs.close(3, b"third")
    assert logs.abort(2) == [b"OK"]
    assert logs.close(1, b"first") == [b"OK", 1, 1]
    assert logs.read() == [b"first", b"third"]


def test_place_at_a_door_whose_opening_is_lost_holds_up_nobody(logs: Logs) -> None:
    logs.open(1)
    logs.open(2)
    logs.backend.lose_opening(TAG, id_of(T, 1))
    assert logs.close(2, b"second") == [b"HELD"]  # and passes at once: its process hears it
    assert logs.read() == [b"second"]
    logs.open(3)
    logs.backend.lose_opening(TAG, id_of(T, 3))
    assert logs.open(4, t=T + 60_000) == [b"OK", T + 60_000]
    assert logs.close(4, b"fourth", t=T + 60_000) == [b"OK", 1, 2]


def test_opening_whose_answer_was_lost_is_aborted_by_its_ticket(logs: Logs) -> None:
    abort = lambda low, api="api1": logs.backend.run("door_abort", TAG, RUN, low, 77, api)  # noqa: E731
    logs.open(1, nonce="n")
    logs.open(2)
    assert abort(1, "api2")[0] == b"GONE"
    assert abort(3)[0] == b"GONE"
    assert abort(1) == [b"OK"]
    assert abort(1)[0] == b"GONE"
    assert logs.open(3, nonce="n") == [b"OK", T]
    assert logs.close(2, b"second") == [b"OK", 1, 1]


def test_opening_that_its_process_does_not_know_is_aborted_by_its_ticket(logs: Logs) -> None:
    logs.open(1)
    assert logs.backend.run("door_disown", TAG, RUN, "api1", 0) == [b"OK", 1]
    assert logs.backend.run("door_abort", TAG, RUN, 1, 77, "api2")[0] == b"GONE"
    assert logs.backend.run("door_abort", TAG, RUN, 1, 77, "api1") == [b"OK"]
    assert logs.open(2, t=T + 60_000) == [b"OK", T + 60_000]


def test_changes_of_reactions_that_may_meet_have_turns(logs: Logs) -> None:
    def turn(low: int) -> Any:
        return logs.backend.run("door_turn", TAG, RUN, id_of(T, low), 77)

    pending = [
        Pending(PendingKind.MESSAGE),
        Pending(PendingKind.REACTION, 5, (70,), emoji="a", user_id=8),
        Pending(PendingKind.REACTION, 5, (70,), emoji="a", user_id=9),
        Pending(PendingKind.REACTION_REMOVAL, 5, (70,), emoji="a", user_id=8),
        Pending(PendingKind.REACTIONS_REMOVAL, 5, (71,)),
        Pending(PendingKind.REACTIONS_REMOVAL, 5, (70,)),
    ]
    for low, each in enumerate(pending, 1):
        logs.open(low, what=encode_pending(each))
    assert [turn(low) for low in range(2, 8)] == [[b"OK"], [b"OK"], [b"WAIT"], [b"OK"], [b"WAIT"], [b"GONE"]]
    logs.close(2, b"held, and its rows are changed")
    assert [turn(low) for low in (2, 4, 6)] == [[b"GONE"], [b"OK"], [b"WAIT"]]
    logs.abort(3)
    logs.abort(4)
    assert turn(6) == [b"OK"]


def test_channels_do_not_wait_for_each_other(logs: Logs) -> None:
    logs.open(1)
    logs.open(2, channel=78)
    assert logs.close(2, b"other", channel=78) == [b"OK", 1, 1]


def test_one_closing_writes_the_logs_of_both_people(logs: Logs) -> None:
    logs.open(1)
    logs.open(2)
    both = (TAG, logs.life, b"mine", OTHER, logs.other_life, b"yours")
    close = lambda low: logs.backend.run("door_close", TAG, RUN, id_of(T, low), 77, "api1", *both)  # noqa: E731
    assert close(2) == [b"HELD"]
    assert close(1) == [b"OK", 1, 1, 1, 1]
    assert logs.read() == [b"mine", b"mine"]
    assert logs.read(OTHER) == [b"yours", b"yours"]


def test_closing_is_refused_when_one_of_its_logs_is_another_life(logs: Logs) -> None:
    logs.open(1)
    events = (TAG, logs.life, b"mine", OTHER, "5", b"yours")
    assert logs.backend.run("door_close", TAG, RUN, id_of(T, 1), 77, "api1", *events) == [b"CLOSED"]
    assert logs.read() == []
    assert logs.close(1, b"mine", life="") == [b"OK", 1, 1]


def test_repeat_of_a_nonce_is_told_the_first_id_and_whether_it_is_open(logs: Logs) -> None:
    logs.open(1)
    assert logs.open(2, nonce="n") == [b"OK", T]
    assert logs.open(3, nonce="n") == [b"KNOWN", id_of(T, 2), 1]
    assert logs.open(3, author=8, nonce="n") == [b"OK", T]
    logs.close(2, b"a")
    assert logs.open(4, nonce="n") == [b"KNOWN", id_of(T, 2), 1]
    logs.close(1, b"b")
    assert logs.open(4, nonce="n") == [b"KNOWN", id_of(T, 2), 0]
    logs.backend.advance(3601)
    assert logs.open(4, nonce="n") == [b"OK", T]


def test_nonce_of_an_aborted_message_is_free_again_and_what_was_counted_stays(logs: Logs) -> None:
    logs.open(1, nonce="n", slow_ms=60_000)
    assert logs.open(2, slow_ms=60_000)[0] == b"SLOW"
    logs.abort(1)
    assert logs.open(2, nonce="n") == [b"OK", T]
    assert logs.open(3, slow_ms=60_000)[0] == b"SLOW"


def test_slow_mode_holds_one_sender_in_one_channel(logs: Logs) -> None:
    assert logs.open(1, slow_ms=60_000) == [b"OK", T]
    word, left_ms = logs.open(2, slow_ms=60_000)
    assert (word, 0 < left_ms <= 60_000) == (b"SLOW", True)
    assert logs.open(2, author=8, slow_ms=60_000) == [b"OK", T]
    assert logs.open(3, slow_ms=60_000, channel=78) == [b"OK", T]
    logs.backend.advance(40)
    assert logs.open(4, slow_ms=60_000)[0] == b"SLOW"
    assert logs.open(4, slow_ms=40_000) == [b"OK", T]
    logs.backend.advance(60.5)
    assert logs.open(5, slow_ms=60_000) == [b"OK", T]


def test_refused_message_counts_against_no_limit(logs: Logs) -> None:
    limits = ("all:9", 3, 60_000, "one:9", 2, 30_000)
    assert logs.open(1, limits=limits)[0] == logs.open(2, limits=limits)[0] == b"OK"
    word, number, left_ms = logs.open(3, limits=limits)
    assert (word, number, 0 < left_ms <= 30_000) == (b"LIMITED", 1, True)
    assert logs.backend.run("limit_look", TAG, RUN, "all:9", 3, 60_000)[:2] == [1, 1]
    assert logs.open(3, limits=("all:9", 3, 60_000))[0] == b"OK"
    assert logs.open(4, limits=limits)[:2] == [b"LIMITED", 0]


def test_opening_tells_the_standing_of_each_limit_and_a_repeat_looks_only(logs: Logs) -> None:
    limits = ("all:9", 3, 60_000, "one:9", 1, 30_000)
    word, _, *standings = logs.open(1, nonce="n", limits=limits)
    repeat, _, _, *same = logs.open(2, nonce="n", limits=limits)
    assert (word, repeat) == (b"OK", b"KNOWN")
    assert (standings[:2], standings[3:5]) == ([1, 2], [1, 0])
    assert (same[:2], same[3:5]) == ([1, 2], [0, 0])
    for left_ms, window_ms in zip((*standings[2::3], *same[2::3]), (60_000, 30_000) * 2, strict=True):
        assert 0 < left_ms <= window_ms


def test_old_opening_holds_up_its_channel(logs: Logs) -> None:
    logs.open(1)
    assert logs.open(2, t=T + 5000) == [b"OK", T + 5000]
    assert logs.open(3, t=T + 5001) == [b"BUSY", 5001]
    assert logs.open(3, t=T + 5001, channel=78) == [b"OK", T + 5001]
    logs.abort(1)
    assert logs.open(3, t=T + 5001) == [b"OK", T + 5001]


def test_door_is_closed_for_who_does_not_know_the_logs_life(logs: Logs) -> None:
    assert logs.open(1, life="17") == [b"CLOSED"]
    assert logs.backend.run("door_abort", TAG, "run2", id_of(T, 1), 77, "api1") == [b"CLOSED"]
    logs.open(1)
    assert logs.close(1, b"a", run="run2") == [b"CLOSED"]
    assert logs.close(1, b"a") == [b"OK", 1, 1]


def test_openings_of_dead_processes_are_listed(logs: Logs) -> None:
    orphans = lambda oldest="0": logs.backend.run("door_orphans", TAG, RUN, NUM_SHARDS, 10, oldest)  # noqa: E731
    logs.backend.run("live", TAG, RUN, "api1", 2000)
    logs.backend.run("live", TAG, RUN, "api2", 9000)
    logs.open(1, what=b"message")
    logs.open(2, incarnation="api2")
    assert orphans() == []
    logs.backend.advance(2.5)
    assert orphans() == [[1, id_of(T, 1), b"77", b"message"]]
    logs.abort(1)
    assert orphans() == []
    assert orphans(id_of(T + 1, 0)) == [[1, id_of(T, 2), b"77", b"w"]]
    assert orphans(id_of(T, 0)) == []


def test_opening_that_was_left_is_listed_though_its_process_lives(logs: Logs) -> None:
    logs.backend.run("live", TAG, RUN, "api1", 9000)
    logs.open(1)
    logs.open(2)
    assert logs.backend.run("door_leave", TAG, RUN, id_of(T, 2)) == [b"OK"]
    assert logs.backend.run("door_leave", TAG, RUN, id_of(T, 9)) == [b"GONE"]
    assert logs.backend.run("door_orphans", TAG, RUN, NUM_SHARDS, 10, "0") == [[1, id_of(T, 2), b"77", b"w"]]


def test_opening_that_was_left_is_ended_by_a_sweeper_alone(logs: Logs) -> None:
    for low in (1, 2, 3):
        logs.open(low)
    for low in (1, 2):
        logs.backend.run("door_leave", TAG, RUN, id_of(T, low))
    assert logs.close(1, b"its process") == logs.abort(1) == [b"TAKEN"]
    assert logs.backend.run("door_abort", TAG, RUN, 1, 77, "api1")[0] == b"GONE", "nor by its ticket"
    assert logs.close(1, b"sweeper", who="")[0] == b"OK"
    assert logs.abort(2, who="") == [b"OK"]
    assert logs.close(3, b"its process")[0] == b"OK"
    assert logs.read() == [b"sweeper", b"its process"]


def test_held_message_needs_nobody_and_is_listed_nowhere(logs: Logs) -> None:
    logs.backend.run("live", TAG, RUN, "api1", 9000)
    logs.open(1)
    logs.open(2, incarnation="dead")
    logs.close(2, b"second")
    assert logs.backend.run("door_orphans", TAG, RUN, NUM_SHARDS, 10, "0") == []


def test_lost_nonces_are_put_back_where_they_are_missing(logs: Logs) -> None:
    logs.open(1, nonce="n")
    known = (77, "9:n", id_of(T, 5), 77, "8:n", id_of(T, 6))
    assert logs.backend.run("nonces_restore", TAG, RUN, HOUR_MS, *known) == 1
    assert logs.open(2, nonce="n")[1] == id_of(T, 1)
    assert logs.open(2, author=8, nonce="n") == [b"KNOWN", id_of(T, 6), 0]
