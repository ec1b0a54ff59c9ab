"""Random calls at the scripts and at their twins: the same answers, the same publications, the same logs."""

from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.redis.interfaces import Argument
from deploy.services.process import ServiceProcess
from tests.contract.redis.script_backends import NUM_SHARDS, RealScripts, TwinScripts

NOW_MS = 1_750_000_000_000
T = 330_000_000_000
TIMES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("gate", "limit_look", "limit_take"), (2,)),
    "door_open OK": (4, 7),
    "door_open KNOWN": (5, 8),
    "door_open SLOW": (1,),
    "door_open LIMITED": (2,),
    "job_take HELD": (1,),
}
"""Where an answer tells the rest of a time, which the real server's clock shortens while the test runs."""
SLACK_MS = 5_000

tags = st.sampled_from(["{0}", "{1}"])
channels = st.sampled_from([70, 71])
lows = st.integers(1, 6)
"""Few, so that ids are met again."""
steps_ms = st.sampled_from([0, 0, 1, 1, 3, 3, 200, 300, 6000])
bodies = st.binary(max_size=3)
enders = st.sampled_from(["a", "b", ""])
"""Processes, and a sweeper."""
guilds = st.sampled_from(["0", "5", "6"])
nonces = st.sampled_from(["", "", "n"])
RECIPIENTS = (["{0}", "0:8"], ["{1}", "0:8", "{0}", "0:9"])
openings = st.fixed_dictionaries(
    {
        "channel": channels,
        "low": lows,
        "step_ms": steps_ms,
        "skew_ms": st.sampled_from([0, 0, 0, 0, -260, -40, 50]),
        "guild": guilds,
        "age": st.sampled_from([0, 0, 0, 1, 2]),
        "nonce": nonces,
        "author": st.sampled_from(["8", "9"]),
        "slow_ms": st.sampled_from([0, 0, 0, 20_000, 60_000]),
        "recipients": st.sampled_from([b"", b"", *map(msgspec.msgpack.encode, RECIPIENTS)]),
        "limit": st.sampled_from([0, 0, 0, 1, 3]),
        "api": st.sampled_from(["a", "b"]),
    }
)


class Agreement(RuleBasedStateMachine):
    """Both backends, two open logs, and what is the same after each call."""

    real: ClassVar[RealScripts]
    twin: ClassVar[TwinScripts]

    @initialize()
    def begin(self) -> None:
        self.real.clear()
        self.twin.clear()
        self.run = 1
        for tag in ("{0}", "{1}"):
            self.both("log_open", tag, 1, 0, 0, 1, 0, NOW_MS)

    def both(self, script: str, tag: str, *args: Argument) -> Any:
        run = f"run{self.run}"
        got, expected = (backend.run(script, tag, run, *args) for backend in (self.real, self.twin))
        if script == "door_orphans":
            got, expected = sorted(got), sorted(expected)
        assert _is_same(script, got, expected), (script, args, got, expected)
        return expected

    def heads(self, tag: str) -> list[int]:
        answer = self.twin.run("log_heads", tag, f"run{self.run}", NUM_SHARDS)
        shard = int(tag[1:-1])
        return answer[3 + shard * 7 : 10 + shard * 7]  # type: ignore[no-any-return]

    @rule(seconds=st.sampled_from([30, 61, 400, 3700]))
    def pass_time(self, seconds: int) -> None:
        self.real.advance(seconds)
        self.twin.advance(seconds)

    @invariant()
    def everything_is_the_same(self) -> None:
        assert self.real.take_published() == self.twin.take_published()
        self.both("log_heads", "{0}", NUM_SHARDS)
        for tag in ("{0}", "{1}"):
            self.both("log_read", tag, 0, 1000)


class DoorAgreement(Agreement):
    """Openings and their ends, with changes of rights and restarts between them."""

    def __init__(self) -> None:
        super().__init__()
        self.t = T
        self.ids: list[tuple[str, int, bytes]] = []

    @rule(tag=tags, opening=openings)
    def open_door(self, tag: str, opening: dict[str, Any]) -> None:
        self.t += opening["step_ms"]
        mark = self.twin.run("log_counters", tag, "")[1] - opening["age"]
        limits = ("one", opening["limit"], 90_000, "all", 4, 60_000) if opening["limit"] else ()
        who = (opening["api"], b"what", 5000, opening["guild"], mark)
        waits = (opening["author"], opening["nonce"], 3_600_000, opening["slow_ms"], opening["recipients"])
        ticket = (opening["channel"], self.t + opening["skew_ms"], opening["low"])
        answer = self.both("door_open", tag, self.heads(tag)[4], *ticket, *who, *waits, *limits)
        if answer[0] == b"OK":
            known = (answer[1] << 22 | opening["low"]).to_bytes(8, "big")
            self.ids.append((tag, opening["channel"], known))

    @rule(pick=st.integers(0, 100), body=bodies, other=st.booleans(), age=st.sampled_from([0, 0, 0, 1]), who=enders)
    def close_door(self, pick: int, body: bytes, other: bool, age: int, who: str) -> None:
        if self.ids:
            tag, channel, known = self.ids[pick % len(self.ids)]
            events: list[Argument] = [tag, self.heads(tag)[4] - age, body]
            if other:
                events += ["{1}", self.heads("{1}")[4], body + b"2"]
            self.both("door_close", tag, known, channel, who, *events)

    @rule(pick=st.integers(0, 100), who=enders)
    def abort_door(self, pick: int, who: str) -> None:
        if self.ids:
            tag, channel, known = self.ids[pick % len(self.ids)]
            self.both("door_abort", tag, known, channel, who)

    @rule(tag=tags, channel=channels, low=lows, api=st.sampled_from(["a", "b"]))
    def abort_ticket(self, tag: str, channel: int, low: int, api: str) -> None:
        self.both("door_abort", tag, low, channel, api)

    @rule(tag=tags, opening=openings)
    def confirm(self, tag: str, opening: dict[str, Any]) -> None:
        mark = self.twin.run("log_counters", tag, "")[1] - opening["age"]
        self.both("door_confirm", tag, opening["guild"], mark, opening["author"], opening["recipients"])

    @rule(pick=st.integers(0, 100))
    def leave_door(self, pick: int) -> None:
        if self.ids:
            tag, _, known = self.ids[pick % len(self.ids)]
            self.both("door_leave", tag, known)

    @rule(tag=tags, picks=st.lists(st.integers(0, 100), max_size=3), kept=st.integers(0, 3))
    def disown(self, tag: str, picks: list[int], kept: int) -> None:
        known = [self.ids[pick % len(self.ids)][2] for pick in picks if self.ids]
        self.both("door_disown", tag, "a", min(kept, len(known)), *known)

    @rule(api=st.sampled_from(["a", "b"]))
    def live(self, api: str) -> None:
        self.both("live", "{0}", api, 500_000)

    @rule(is_full=st.booleans())
    def list_orphans(self, is_full: bool) -> None:
        oldest = (self.t << 22).to_bytes(8, "big") if is_full else "0"
        self.both("door_orphans", "{0}", NUM_SHARDS, 1000, oldest)

    @rule(
        tag=tags,
        step=st.integers(-2, 1),
        pairs=st.lists(st.tuples(st.sampled_from(["", "5", "5:8", "0:8"]), bodies), max_size=3),
    )
    def relay(self, tag: str, step: int, pairs: list[tuple[str, bytes]]) -> None:
        first = max(1, self.heads(tag)[3] + 1 + step)
        self.both("log_relay", tag, first, *(part for pair in pairs for part in pair))

    @rule(nonce=nonces, low=lows, tag=tags, channel=channels)
    def restore_nonce(self, nonce: str, low: int, tag: str, channel: int) -> None:
        self.both("nonces_restore", tag, 3_600_000, channel, "8:" + nonce, (T << 22 | low).to_bytes(8, "big"))

    @rule(channel=channels, ends=st.permutations(list(range(4))), aborted=st.sets(st.integers(0, 3), max_size=2))
    def overtake(self, channel: int, ends: list[int], aborted: set[int]) -> None:
        """Let several in and end them in any order."""
        self.t += 4000
        for low in range(4):
            ticket = (channel, self.t, 10 + low, "a", b"what", 90_000, 0, 0)
            self.both("door_open", "{0}", self.heads("{0}")[4], *ticket, "9", "", 0, 0, b"")
        for low in ends:
            known = (self.t << 22 | 10 + low).to_bytes(8, "big")
            if low in aborted:
                self.both("door_abort", "{0}", known, channel, "a")
            else:
                self.both("door_close", "{0}", known, channel, "a", "{0}", "", b"%d" % low, "{1}", "", b"too")

    @rule()
    def restart(self) -> None:
        self.run += 1
        for each in ("{0}", "{1}"):
            _, gen, n, rev, *_ = self.heads(each)
            self.both("log_open", each, 1, gen, n, gen, rev, NOW_MS + self.run)


class LogAgreement(Agreement):
    """Appending, keeping and reading logs."""

    @rule(tag=tags, bodies=st.lists(bodies, min_size=1, max_size=3))
    def append(self, tag: str, bodies: list[bytes]) -> None:
        self.both("log_append", tag, *bodies)

    @rule(
        tag=tags,
        step=st.integers(-2, 1),
        pairs=st.lists(st.tuples(st.sampled_from(["", "5", "5:8", "0:8"]), bodies), max_size=3),
    )
    def relay(self, tag: str, step: int, pairs: list[tuple[str, bytes]]) -> None:
        first = max(1, self.heads(tag)[3] + 1 + step)
        self.both("log_relay", tag, first, *(part for pair in pairs for part in pair))

    @rule(tag=tags, gen=st.integers(0, 2), after=st.integers(0, 4), bodies=st.lists(bodies, min_size=1, max_size=3))
    def tell_again(self, tag: str, gen: int, after: int, bodies: list[bytes]) -> None:
        self.both("log_tell_again", tag, gen, after, *bodies)

    @rule(tag=tags, after=st.integers(0, 10), limit=st.integers(1, 5))
    def read(self, tag: str, after: int, limit: int) -> None:
        self.both("log_read", tag, after, limit)

    @rule()
    def restart(self) -> None:
        self.run += 1

    @rule(tag=tags, epoch=st.integers(0, 3), is_new=st.booleans(), step=st.sampled_from([0, 0, 0, 1]))
    def open_log(self, tag: str, epoch: int, is_new: bool, step: int) -> None:
        _, gen, n, rev, *_ = self.heads(tag)
        self.both("log_open", tag, epoch, gen, n + step, gen + is_new, rev + step, NOW_MS + self.run)

    @rule(
        tag=tags, epoch=st.integers(0, 3), replaces=st.booleans(), pairs=st.lists(st.tuples(st.integers(0, 9), bodies))
    )
    def repair_log(self, tag: str, epoch: int, replaces: bool, pairs: list[tuple[int, bytes]]) -> None:
        _, gen, n, _, life, *_ = self.heads(tag)
        self.both(
            "log_repair",
            tag,
            epoch,
            gen,
            n + 2 * replaces,
            int(replaces),
            life + 1,
            *(x for pair in pairs for x in pair),
        )

    @rule(tag=tags, epoch=st.integers(0, 3), back=st.integers(0, 4))
    def trim_log(self, tag: str, epoch: int, back: int) -> None:
        _, gen, n, *_ = self.heads(tag)
        rel = self.twin.run("log_counters", tag, "")[1] - back
        self.both("log_trim", tag, epoch, gen, max(0, n - back), rel)


class LimitAgreement(Agreement):
    """Limits and leases."""

    @rule(limit=st.integers(1, 3), key=st.sampled_from(["x", "one", "all"]))
    def use_limits(self, limit: int, key: str) -> None:
        for script in ("limit_take", "gate", "limit_look"):
            self.both(script, "{0}", key, limit, 300_000)

    @rule(key=st.sampled_from(["x", "one", "all"]))
    def give_back(self, key: str) -> None:
        self.both("limit_give_back", "{0}", key)

    @rule(holder=st.sampled_from(["a", "b"]), releases=st.booleans())
    def use_job(self, holder: str, releases: bool) -> None:
        self.both("job_take", "{0}", "sweep", holder, 300_000, NOW_MS)
        if releases:
            self.both("job_release", "{0}", "sweep", "a")


def _is_same(script: str, got: Any, expected: Any) -> bool:
    """Compare two answers; the times that are left may differ by what a test takes."""
    if not isinstance(got, list) or not isinstance(expected, list) or not got or len(got) != len(expected):
        return bool(got == expected)
    places = TIMES.get(f"{script} {got[0].decode()}" if isinstance(got[0], bytes) else script, ())
    return all(
        abs(part - other) < SLACK_MS if place in places else part == other
        for place, (part, other) in enumerate(zip(got, expected, strict=True))
    )


@pytest.mark.parametrize(("machine", "examples"), [(DoorAgreement, 30), (LogAgreement, 20), (LimitAgreement, 10)])
def test_scripts_and_twins_agree_whatever_is_called(
    redis_server: ServiceProcess, machine: type[Agreement], examples: int
) -> None:
    Agreement.real, Agreement.twin = RealScripts(redis_server.service.port), TwinScripts()
    try:
        run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=40))
    finally:
        Agreement.real.close()
