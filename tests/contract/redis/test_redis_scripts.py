"""The scripts of Redis, on a real server and on their twins."""

import struct
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from core.domain.ids import EPOCH_MS
from core.door.pending import Pending, PendingKind, encode_pending
from core.redis.scripts import load_scripts
from tests.contract.redis.script_backends import NUM_SHARDS, RealScripts, ScriptBackend, TwinScripts
from tests.fakes.redis.client import TWINS

RUN = "run1"
TAG = "{1}"
OTHER = "{2}"
NOW_MS = 1_750_000_000_000
T = 330_000_000_000
"""The milliseconds of a ticket."""
HOUR_MS = 3_600_000
HEADER = struct.Struct(">IQQQQ")


@pytest.fixture(params=["twins", "redis"])
def backend(request: pytest.FixtureRequest) -> Iterator[ScriptBackend]:
    chosen: ScriptBackend
    chosen = (
        TwinScripts() if request.param == "twins" else RealScripts(request.getfixturevalue("redis_server").service.port)
    )
    chosen.clear()
    yield chosen
    chosen.close()


def open_log(backend: ScriptBackend, tag: str = TAG, run: str = RUN, **changed: int) -> str:
    """Open a log that has nothing yet; return its life."""
    args = {"epoch": 1, "gen": 0, "n": 0, "next_gen": 1, "rev": 0, "now_ms": NOW_MS} | changed
    word, life = backend.run("log_open", tag, run, *args.values())
    assert word == b"OK"
    return str(life)


class Logs:
    """Two open logs, with the calls of a door as an API process makes them."""

    def __init__(self, backend: ScriptBackend) -> None:
        self.backend = backend
        self.life = open_log(backend)
        self.other_life = open_log(backend, OTHER)

    def open(self, low: int, t: int = T, **changed: Any) -> Any:
        limits = changed.pop("limits", ())
        args: dict[str, Any] = {
            "life": self.life, "channel": 77, "t": t, "low": low, "incarnation": "api1", "what": b"w", "oldest": 5000,
            "guild": 0, "mark": 0, "author": 9, "nonce": "", "nonce_ms": HOUR_MS, "slow_ms": 0, "recipients": b"",
        } | changed  # fmt: skip
        return self.backend.run("door_open", TAG, RUN, *args.values(), *limits)

    def close(self, low: int, envelope: bytes, t: int = T, **changed: Any) -> Any:
        args: dict[str, Any] = {"run": RUN, "channel": 77, "tag": TAG, "life": self.life} | changed
        run = args.pop("run")
        return self.backend.run(
            "door_close", TAG, run, id_of(t, low), args["channel"], args["tag"], args["life"], envelope
        )

    def abort(self, low: int, t: int = T) -> Any:
        return self.backend.run("door_abort", TAG, RUN, id_of(t, low), 77)

    def read(self, tag: str = TAG) -> list[bytes]:
        """Return the envelopes in a log."""
        return list(self.backend.run("log_read", tag, RUN, 0, 1000)[4::2])


@pytest.fixture
def logs(backend: ScriptBackend) -> Logs:
    return Logs(backend)


def id_of(t: int, low: int) -> bytes:
    return (t << 22 | low).to_bytes(8, "big")


def test_every_script_has_a_twin() -> None:
    assert set(load_scripts()) == set(TWINS)


def test_log_that_was_never_opened_takes_nothing(backend: ScriptBackend) -> None:
    assert backend.run("log_append", TAG, RUN, b"a") == [b"CLOSED"]
    assert backend.run("log_relay", TAG, RUN, 1, "", b"a") == [b"CLOSED"]
    assert backend.run("log_read", TAG, RUN, 0, 10) == [0, 0, 0]


def test_entries_get_contiguous_places_and_are_read_back(logs: Logs) -> None:
    assert logs.backend.run("log_append", TAG, RUN, b"a", b"b") == [b"OK", 1, 2]
    assert logs.backend.run("log_append", TAG, RUN, b"\x00\xff") == [b"OK", 1, 3]
    assert logs.backend.run("log_read", TAG, RUN, 0, 10) == [1, 3, 1, 0, b"a", 0, b"b", 0, b"\x00\xff"]
    assert logs.backend.run("log_read", TAG, RUN, 1, 1) == [1, 3, 2, 0, b"b"]
    assert logs.backend.run("log_read", TAG, RUN, 3, 10) == [1, 3, 0]


def test_event_that_may_be_lost_is_appended_unless_it_is_there(logs: Logs) -> None:
    one, two, three = (b"\x92\x9a\xcf" + bytes([0] * 7 + [number]) for number in (1, 2, 3))
    again = lambda *args: logs.backend.run("log_tell_again", TAG, RUN, *args)  # noqa: E731
    logs.backend.run("log_append", TAG, RUN, one + b"text", two + b"text")
    assert again(1, 0, two + b"as encoded by a sweeper", three, three) == [b"OK", 1, 2, 3, 4]
    assert again(1, 1, one) == [b"OK", 1, 5]
    assert again(7, 4, two) == [b"OK", 1, 2]
    assert logs.backend.run("log_tell_again", TAG, "run2", 1, 0, one) == [b"CLOSED"]
    assert logs.backend.run("log_read", TAG, RUN, 2, 10)[4::2] == [three, three, one]


def test_entry_is_published_with_its_place_and_the_counters(logs: Logs) -> None:
    base = NOW_MS * 1000
    logs.backend.take_published()
    logs.backend.run("log_append", TAG, RUN, b"a")
    logs.backend.run("log_relay", OTHER, RUN, 1, "", b"b")
    logs.backend.run("log_append", TAG, RUN, b"c")
    assert [
        (channel, HEADER.unpack(data[:36]), data[36:]) for channel, data in logs.backend.take_published()
    ] == [
        (b"s{1}", (1, 1, 0, base + 1, base), b"a"),
        (b"s{2}", (1, 1, 1, base + 2, base + 1), b"b"),
        (b"s{1}", (1, 2, 0, base + 3, base + 1), b"c"),
    ]  # fmt: skip
    assert logs.backend.run("log_counters", TAG, RUN)[:2] == [base + 3, base + 1]


def test_relay_takes_each_revision_once_and_in_order(logs: Logs) -> None:
    relay = lambda first, *pairs: logs.backend.run("log_relay", TAG, RUN, first, *pairs)  # noqa: E731
    assert relay(1, "", b"one", "", b"two") == [b"OK", 1, 2]
    assert relay(4, "", b"four") == [b"GAP", 2]
    assert relay(2, "", b"two", "", b"three") == [b"OK", 1, 3]
    assert relay(1, "", b"one") == [b"OK", 1, 3]
    assert logs.backend.run("log_read", TAG, RUN, 0, 10)[3:] == [1, b"one", 2, b"two", 3, b"three"]


def test_relayed_change_of_rights_makes_earlier_checks_stale(logs: Logs) -> None:
    base = NOW_MS * 1000
    assert logs.open(1, guild=5, mark=base) == [b"OK", T]
    logs.backend.run("log_relay", TAG, RUN, 1, "5", b"role")
    assert logs.open(2, guild=5, mark=base) == [b"STALE", base + 1]
    assert logs.open(2, guild=6, mark=base) == [b"OK", T]
    assert logs.open(3, guild=5, mark=base + 1) == [b"OK", T]
    assert logs.open(4, guild=5, mark=base - 1) == [b"STALE", base + 1]
    logs.backend.run("log_relay", TAG, RUN, 2, "5:8", b"member")
    assert logs.open(4, guild=5, author=8, mark=base + 1) == [b"STALE", base + 2]
    assert logs.open(4, guild=5, author=9, mark=base + 1) == [b"OK", T]


def test_changed_rights_of_a_recipient_are_looked_at_in_the_log_of_the_recipient(logs: Logs) -> None:
    _, base = logs.backend.run("log_counters", TAG, RUN)[:2]
    both = msgspec.msgpack.encode([TAG, "0:8", OTHER, "0:9"])
    logs.backend.run("log_relay", OTHER, RUN, 1, "0:9", b"block")
    assert logs.open(1, recipients=both, mark=base) == [b"STALE", base + 1]
    assert logs.open(1, recipients=msgspec.msgpack.encode([TAG, "0:8"]), mark=base) == [b"OK", T]
    assert logs.open(2, recipients=both, mark=base + 1) == [b"OK", T]
    logs.backend.run("log_relay", TAG, RUN, 1, "0:8", b"block")
    assert logs.open(3, recipients=both, mark=base + 1) == [b"STALE", base + 2]


def test_door_of_recipients_whose_log_is_closed_is_closed(logs: Logs) -> None:
    missing = msgspec.msgpack.encode([TAG, "0:8", "{3}", "0:9"])
    assert logs.open(1, recipients=missing, mark=NOW_MS * 1000) == [b"CLOSED"]


def test_checks_from_before_an_opening_of_the_log_are_stale(logs: Logs) -> None:
    assert logs.open(2, guild=6, mark=NOW_MS * 1000 - 1) == [b"STALE", NOW_MS * 1000]
    assert logs.open(2, guild=0, mark=0) == [b"OK", T]


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
    close = lambda low: logs.backend.run("door_close", TAG, RUN, id_of(T, low), 77, *both)  # noqa: E731
    assert close(2) == [b"HELD"]
    assert close(1) == [b"OK", 1, 1, 1, 1]
    assert logs.read() == [b"mine", b"mine"]
    assert logs.read(OTHER) == [b"yours", b"yours"]


def test_closing_is_refused_when_one_of_its_logs_is_another_life(logs: Logs) -> None:
    logs.open(1)
    events = (TAG, logs.life, b"mine", OTHER, "5", b"yours")
    assert logs.backend.run("door_close", TAG, RUN, id_of(T, 1), 77, *events) == [b"CLOSED"]
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
    assert logs.backend.run("door_abort", TAG, "run2", id_of(T, 1), 77) == [b"CLOSED"]
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


def test_another_run_closes_the_log_until_it_is_opened_with_its_end(logs: Logs) -> None:
    backend = logs.backend
    backend.run("log_append", TAG, RUN, b"a")
    assert backend.run("log_append", TAG, "run2", b"b") == [b"CLOSED"]
    assert backend.run("log_open", TAG, "run2", 1, 1, 0, 1, 0, NOW_MS) == [b"CHANGED"]
    life = open_log(backend, run="run2", gen=1, n=1, next_gen=1)
    assert int(life) == int(logs.life) + 1
    assert backend.run("log_append", TAG, RUN, b"c") == [b"CLOSED"]
    assert backend.run("log_append", TAG, "run2", b"b") == [b"OK", 1, 2]
    assert backend.run("log_open", TAG, "run2", 1, 1, 2, 1, 0, NOW_MS) == [b"CHANGED"]


def test_heads_tell_of_each_log_where_it_ends_and_where_its_life_began(logs: Logs) -> None:
    backend, life = logs.backend, int(logs.life)
    backend.run("log_relay", TAG, RUN, 1, "", b"a")
    answer = backend.run("log_heads", TAG, RUN, NUM_SHARDS)
    assert answer == [
        NOW_MS * 1000 + 1,
        NOW_MS * 1000 + 1,
        life + 1,
        *[0] * 7,
        1,
        1,
        1,
        1,
        life,
        0,
        0,
        1,
        1,
        0,
        0,
        life,
        0,
        0,
    ]
    open_log(backend, run="run2", gen=1, n=1, next_gen=1)
    assert backend.run("log_heads", TAG, "run2", 2)[10:] == [1, 1, 1, 1, life + 1, life, 1]
    assert backend.run("log_heads", TAG, "run3", 2)[10] == 0


def test_opening_of_a_log_is_published_before_its_first_entry(backend: ScriptBackend) -> None:
    open_log(backend)
    backend.run("log_append", TAG, RUN, b"a")
    (_, opened), (_, entry) = backend.take_published()
    assert HEADER.unpack(opened) == (1, 0, 0, NOW_MS * 1000, NOW_MS * 1000)
    assert HEADER.unpack_from(entry)[:2] == (1, 1)


def test_counters_jump_above_all_that_were_given_out(logs: Logs) -> None:
    backend = logs.backend
    backend.clear()
    open_log(backend, now_ms=NOW_MS + 5000)
    counters = backend.run("log_counters", TAG, RUN)
    assert counters == [(NOW_MS + 5000) * 1000, (NOW_MS + 5000) * 1000, NOW_MS + 5000]


def test_repaired_entries_have_their_old_places(logs: Logs) -> None:
    backend = logs.backend
    backend.run("log_append", TAG, RUN, b"a")
    repair = ("log_repair", TAG, "run2", 1, 1, 1, 0, logs.life, 0, b"b", 7, b"c")
    assert backend.run("log_repair", TAG, RUN, *repair[3:]) == [b"CHANGED"]
    assert backend.run(*repair) == [b"OK", 3]
    assert backend.run(*repair) == [b"CHANGED"]
    open_log(backend, run="run2", gen=1, n=3, next_gen=1, rev=7)
    assert backend.run("log_read", TAG, "run2", 0, 10) == [1, 3, 1, 0, b"a", 0, b"b", 7, b"c"]
    assert backend.run("log_relay", TAG, "run2", 8, "", b"d") == [b"OK", 1, 4]


def test_log_may_be_replaced_by_a_later_part_of_itself(backend: ScriptBackend) -> None:
    assert backend.run("log_repair", TAG, RUN, 1, 4, 40, 1, 99, 3, b"x", 4, b"y") == [b"OK", 42]
    assert int(open_log(backend, gen=4, n=42, next_gen=4, rev=4)) == NOW_MS
    assert backend.run("log_read", TAG, RUN, 0, 10) == [4, 42, 41, 3, b"x", 4, b"y"]
    assert backend.run("log_heads", TAG, RUN, 2)[10:] == [1, 4, 42, 4, NOW_MS, 99, 42]


def test_new_generation_begins_without_entries(logs: Logs) -> None:
    backend = logs.backend
    backend.run("log_relay", TAG, RUN, 1, "", b"a", "", b"b")
    open_log(backend, run="run2", gen=1, n=2, next_gen=2, rev=1)
    assert backend.run("log_read", TAG, "run2", 0, 10) == [2, 0, 0]
    assert backend.run("log_relay", TAG, "run2", 3, "", b"c") == [b"OK", 2, 1]


def test_older_keeper_is_fenced(logs: Logs) -> None:
    backend = logs.backend
    open_log(backend, run="run2", gen=1, n=0, next_gen=1, epoch=5)
    assert backend.run("log_open", TAG, "run3", 4, 1, 0, 1, 0, NOW_MS) == [b"FENCED"]
    assert backend.run("log_repair", TAG, "run3", 4, 1, 0, 0, 1, 0, b"a") == [b"FENCED"]
    assert backend.run("log_trim", TAG, "run2", 4, 1, 0, 0) == [b"FENCED"]


def test_trim_forgets_old_entries_and_old_changes_of_rights(logs: Logs) -> None:
    backend, base = logs.backend, NOW_MS * 1000
    backend.run("log_relay", TAG, RUN, 1, "5", b"a", "6", b"b", "", b"c")
    assert backend.run("log_trim", TAG, RUN, 1, 1, 2, base + 1) == [b"OK", 2]
    assert backend.run("log_read", TAG, RUN, 0, 10) == [1, 3, 3, 3, b"c"]
    assert logs.open(1, guild=6, mark=base + 1) == [b"STALE", base + 2]
    assert logs.open(1, guild=5, mark=base) == [b"STALE", base + 1]
    assert logs.open(1, guild=5, mark=base + 1) == [b"OK", T]
    assert backend.run("log_trim", TAG, RUN, 1, 2, 3, 0) == [b"CLOSED"]


def test_limit_counts_in_a_window_that_begins_with_the_first_take(backend: ScriptBackend) -> None:
    take = lambda: backend.run("limit_take", TAG, RUN, "x", 2, 60_000)  # noqa: E731
    look = lambda: backend.run("limit_look", TAG, RUN, "x", 2, 60_000)  # noqa: E731
    assert look() == [1, 2, 60_000]
    assert [take()[:2] for _ in range(3)] == [[1, 1], [1, 0], [0, 0]]
    assert look()[:2] == [0, 0]
    backend.advance(40)
    assert take()[0] == 0
    assert 0 < take()[2] <= 20_000
    backend.advance(20.5)
    assert take()[:2] == [1, 1]


def test_count_that_was_given_back_leaves_the_window_as_it_is(backend: ScriptBackend) -> None:
    take = lambda: backend.run("limit_take", TAG, RUN, "x", 1, 60_000)  # noqa: E731
    give_back = lambda: backend.run("limit_give_back", TAG, RUN, "x")  # noqa: E731
    assert give_back() == 0
    take()
    assert [give_back(), give_back()] == [1, 0]
    backend.advance(40)
    assert take()[:2] == [1, 0]
    assert 0 < take()[2] <= 20_000


def test_gate_counts_and_tells_the_counters(logs: Logs) -> None:
    backend, base = logs.backend, NOW_MS * 1000
    gate = lambda limit: backend.run("gate", TAG, RUN, "user", limit, 1000_000)  # noqa: E731
    assert gate(1)[:2] == [1, 0]
    backend.run("log_relay", TAG, RUN, 1, "", b"a")
    backend.run("log_append", TAG, RUN, b"b")
    answer = gate(1)
    assert (answer[0], answer[1], answer[3:]) == (0, 0, [base + 2, base + 1])
    assert gate(0) == [1, 0, 0, base + 2, base + 1]


def test_job_is_one_holders_at_a_time_and_each_term_has_a_larger_epoch(backend: ScriptBackend) -> None:
    take = lambda holder, now_ms=NOW_MS: backend.run("job_take", TAG, RUN, "sweep", holder, 3000, now_ms)  # noqa: E731
    assert take("a") == [b"OK", NOW_MS]
    assert take("a", NOW_MS + 1) == [b"OK", NOW_MS]
    word, left_ms = take("b")
    assert (word, 0 < left_ms <= 3000) == (b"HELD", True)
    backend.advance(3.5)
    assert take("b") == [b"OK", NOW_MS + 1]
    assert backend.run("job_release", TAG, RUN, "sweep", "a") == 0
    assert backend.run("job_release", TAG, RUN, "sweep", "b") == 1
    assert take("a", NOW_MS + 90) == [b"OK", NOW_MS + 90]
