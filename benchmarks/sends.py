"""Sends over HTTP: messages a second that are durable, through the whole stack, and how long one takes.

wrk with 64 connections on one core, the server on the other. Each round measures the bare reference and then Guildway; the
ratio is the median of the rounds' ratios. The guild has one channel and nobody online: dispatching costs its own benchmark.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.processes import CLIENT_CORE, SERVER_CORE, PinnedProcess, core
from benchmarks.product import Person, Product, unique_name
from benchmarks.run import Run
from benchmarks.tables import Column, Result, Table

CONNECTIONS: Final = 64
_SCRIPT: Final = Path(__file__).with_name("send_messages.lua")
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


class Round(msgspec.Struct, frozen=True):
    """What wrk saw, and what the server spent."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """Processor time of the server per message."""
    count: int


class Target(msgspec.Struct, frozen=True):
    """Where to send."""

    process: PinnedProcess
    api: str
    path: str
    token: str


def measure(target: Target, seconds: int, first_nonce: int) -> Round:
    """One run of wrk. Raises RuntimeError when an answer was not 2xx."""
    environment = {
        **os.environ,
        "BENCH_PATH": target.path,
        "BENCH_TOKEN": target.token,
        "BENCH_FIRST": str(first_nonce),
    }
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(_SCRIPT), target.api]
    cpu_before_s = target.process.cpu_s()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(process.pid, core(CLIENT_CORE))
        output = process.communicate()[0]
    cpu_s = target.process.cpu_s() - cpu_before_s
    result = next(line for line in output.splitlines() if line.startswith("RESULT"))
    count, duration_us, p50_us, p99_us, errors = map(int, result.split()[1:])
    if errors:
        raise RuntimeError(f"{errors} sends failed:\n{output}")
    return Round(count / duration_us * 1e6, p50_us / 1000, p99_us / 1000, cpu_s / count * 1e6, count)


def start_bare(folder: Path) -> Target:
    """The reference."""
    command = [sys.executable, "-m", "benchmarks.bare_server", str(folder / "bare.db")]
    process = PinnedProcess(command, on_core=SERVER_CORE)
    return Target(process, process.read_ready()["api"], "/messages", "")


def start_full(folder: Path) -> Target:
    """Guildway with a guild and a channel."""
    product = Product(folder / "data")
    person = Person.register(product.api, unique_name())
    guild = person.post("/guilds", {"name": "bench"})
    channel = next(found for found in person.get(f"/guilds/{guild['id']}/channels") if found["type"] == 0)
    return Target(product.process, product.api, f"/api/v10/channels/{channel['id']}/messages", person.token)


def run(run: Run) -> Result:
    """Measure."""
    rounds, seconds = run.pick((_ROUNDS, _SECONDS), (1, 1))
    folder = run.make_folder("sends")
    targets: list[Target] = []
    try:
        for start in (start_bare, start_full):
            targets.append(start(folder))
            measure(targets[-1], run.pick(2, 1), 0)
        pairs = [
            [measure(target, seconds, number * 1_000_000) for target in targets] for number in range(1, rounds + 1)
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
    return Result(name="sends", tables=[Table(title=title, columns=_COLUMNS, rows=rows)], deliveries=sent)


def _describe(found: Sequence[Round]) -> dict[str, Any]:
    keys = ("per_second", "p50_ms", "p99_ms", "cpu_us")
    return {key: statistics.median(getattr(one, key) for one in found) for key in keys}
