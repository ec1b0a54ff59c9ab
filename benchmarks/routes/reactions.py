"""Reactions over HTTP: those that are added a second, and those that are taken back, beside plain sends.

wrk runs with 64 connections on one core, the server on the other, as in `sends`. In each round the same server gets
messages, reactions that nobody has made before, and the removal of these. Many people react to few messages, so each
message's counts change all the time, as those of a popular one do. Nobody is online, and each change is durable when it
is answered. The ratios are those to the sends of the same round.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from benchmarks.harness.load.wrk import CONNECTIONS, REACT, SEND, UNREACT, Request, Round, measure
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.product import Person, Product
from benchmarks.harness.worlds.world import make_data

_PEOPLE: Final = 200
_MESSAGES: Final = 50
_EMOJIS: Final = 10
"""Those in native/reactions.lua. With them there are 100,000 reactions, more than are added in all rounds."""
_ROUNDS: Final = 5
_SECONDS: Final = 2
_ADDING: Final = 3
"""How much longer reactions are added than they are removed, which is faster."""
_COLUMNS: Final = [
    Column(key="what", title="request"),
    Column(key="per_second", title="requests/s"),
    Column(key="p50_ms", title="p50 ms", digits=1),
    Column(key="p99_ms", title="p99 ms", digits=1),
    Column(key="cpu_us", title="CPU µs each"),
    Column(key="ratio", title="ratio", digits=2),
    Column(key="spread", title="(rounds)"),
    Column(key="cpu_ratio", title="CPU ratio", digits=2),
]


class _Scene:
    """A server with a channel, its people, and messages to react to."""

    def __init__(self, run: Run) -> None:
        data, world = make_data(run.make_folder("reactions"), members=_PEOPLE + 1)
        self.product = Product(data)
        self._path = f"/api/v10/channels/{world.channel_ids[0]}/messages"
        self._tokens = world.tokens
        author = Person(self.product.api, self._tokens[0])
        body = {"content": "The quick brown fox"}
        path = f"/channels/{world.channel_ids[0]}/messages"
        ids = [author.post(path, body)["id"] for _ in range(_MESSAGES)]
        self._variables = {"BENCH_MESSAGES": ",".join(ids), "BENCH_TOKENS": ",".join(self._tokens[:_PEOPLE])}
        self._added = 0

    def play(self, seconds: int, first_nonce: int) -> dict[str, Round]:
        """Measure a round: sends, and reactions that are added and removed."""
        sent = self._measure(SEND, seconds, first_nonce)
        added = self._measure(REACT, seconds * _ADDING, self._added, self._variables)
        removed = self._measure(UNREACT, seconds, self._added, self._variables)
        if removed.count > added.count:
            raise RuntimeError(f"{removed.count} reactions were removed, of {added.count}")
        self._added += added.count + CONNECTIONS  # some were on their way when the clock stopped
        if self._added > _MESSAGES * _PEOPLE * _EMOJIS:
            raise RuntimeError("there are too few people for so many reactions")
        return {"send": sent, "add a reaction": added, "remove a reaction": removed}

    def _measure(self, method: str, seconds: int, first: int, variables: Mapping[str, str] | None = None) -> Round:
        request = Request(self.product.api, method, self._path, self._tokens[0], variables=variables or {})
        return measure(self.product.process, request, seconds, first)


def run(run: Run) -> Result:
    """Reactions over HTTP, added and removed, beside sends."""
    rounds, seconds = run.pick((_ROUNDS, _SECONDS), (1, 1))
    scene = _Scene(run)
    try:
        scene.play(1, 0)  # warms up
        played = [scene.play(seconds, number * 1_000_000) for number in range(1, rounds + 1)]
    finally:
        scene.product.process.stop()
    rows = [_describe(what, [each[what] for each in played], [each["send"] for each in played]) for what in played[0]]
    title = f"reactions, {CONNECTIONS} connections, durable: median of {rounds} rounds of {seconds} s"
    counted = sum(found.count for each in played for found in each.values())
    return Result(name="reactions", tables=[Table(title=title, columns=_COLUMNS, rows=rows)], deliveries=counted)


def _describe(what: str, found: Sequence[Round], sends: Sequence[Round]) -> dict[str, Any]:
    figures = {
        name: statistics.median(getattr(one, name) for one in found)
        for name in msgspec.structs.asdict(found[0])
        if name != "count"
    }
    if what == "send":
        return {"what": what, **figures}
    ratios = [one.per_second / send.per_second for one, send in zip(found, sends, strict=True)]
    cpu_ratios = [one.cpu_us / send.cpu_us for one, send in zip(found, sends, strict=True)]
    spread = f"{min(ratios):.2f}–{max(ratios):.2f}"
    ratio = statistics.median(ratios)
    return {"what": what, **figures, "ratio": ratio, "spread": spread, "cpu_ratio": statistics.median(cpu_ratios)}
