"""Sends over HTTP: durable messages a second through the whole stack, and the latency of one.

wrk runs with 64 connections on one core, the server on the other. Each round measures the bare reference and then
Guildway; the ratio is the median of the rounds' ratios. The guild has one channel and nobody online, since dispatching
has a benchmark of its own. A second table compares other ways to serve the same routes (`rivals_rest`).
"""

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.harness.load.wrk import CONNECTIONS, SEND, Request, Round, measure
from benchmarks.harness.processes import SERVER_CORE, PinnedProcess
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.product import Person, Product, unique_name
from benchmarks.routes.rivals_rest import compete

_ROUNDS: Final = 5
_SECONDS: Final = 5
_COLUMNS: Final = [
    Column(key="server", title="server"),
    Column(key="per_second", title="sends/s"),
    Column(key="p50_ms", title="p50 ms", digits=1),
    Column(key="p99_ms", title="p99 ms", digits=1),
    Column(key="cpu_us", title="CPU µs each"),
    Column(key="ratio", title="ratio", digits=2),
    Column(key="spread", title="(rounds)"),
]


class Target(msgspec.Struct, frozen=True):
    """A server and the request to it."""

    process: PinnedProcess
    request: Request


def start_bare(folder: Path) -> Target:
    """Start the reference."""
    command = [sys.executable, "-m", "benchmarks.rivals.bare_server", str(folder / "bare.db")]
    process = PinnedProcess(command, on_core=SERVER_CORE)
    return Target(process, Request(process.read_ready()["api"], SEND, "/messages"))


def start_full(folder: Path) -> Target:
    """Start Guildway, with a guild and a channel."""
    product = Product(folder / "data")
    person = Person.register(product.api, unique_name())
    guild = person.post("/guilds", {"name": "bench"})
    channel = next(found for found in person.get(f"/guilds/{guild['id']}/channels") if found["type"] == 0)
    path = f"/api/v10/channels/{channel['id']}/messages"
    return Target(product.process, Request(product.api, SEND, path, person.token))


def run(run: Run) -> Result:
    """Durable messages over HTTP, and four routes beside other servers."""
    rounds, seconds = run.pick((_ROUNDS, _SECONDS), (1, 1))
    folder = run.make_folder("sends")
    targets: list[Target] = []
    try:
        for start in (start_bare, start_full):
            targets.append(start(folder))
            measure(targets[-1].process, targets[-1].request, run.pick(2, 1), 0)
        pairs = [
            [measure(target.process, target.request, seconds, number * 1_000_000) for target in targets]
            for number in range(1, rounds + 1)
        ]
    finally:
        for target in targets:
            target.process.stop()
    ratios = [full.per_second / bare.per_second for bare, full in pairs]
    bare_row, full_row = (_describe(found) for found in zip(*pairs, strict=True))
    rows = [
        {"server": "bare reference", **bare_row},
        {
            "server": "guildway",
            **full_row,
            "ratio": statistics.median(ratios),
            "spread": f"{min(ratios):.2f}–{max(ratios):.2f}",
        },
    ]
    title = f"sends, {CONNECTIONS} connections, durable: median of {rounds} rounds of {seconds} s"
    sent = sum(found.count for pair in pairs for found in pair)
    routes, skipped, asked = compete(run, folder)
    tables = [Table(title=title, columns=_COLUMNS, rows=rows), routes]
    return Result(name="sends", tables=tables, skipped=skipped, deliveries=sent + asked)


def _describe(found: Sequence[Round]) -> dict[str, Any]:
    keys = ("per_second", "p50_ms", "p99_ms", "cpu_us")
    return {key: statistics.median(getattr(one, key) for one in found) for key in keys}
