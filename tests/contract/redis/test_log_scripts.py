"""The scripts of logs: entries, relays, changes of rights, and the keeper's."""

import msgspec

from core.redis.scripts import load_scripts
from tests.contract.redis.script_backends import NUM_SHARDS, ScriptBackend
from tests.contract.redis.script_logs import HEADER, NOW_MS, OTHER, RUN, TAG, Logs, T, open_log
from tests.fakes.redis.client import TWINS


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
