"""Sends over HTTP: messages a second that are durable, through the whole stack, and how long one takes.

wrk with 64 connections on one core, the server on the other. Each round measures the bare reference and then Guildway; the
ratio is the median of the rounds' ratios. The guild has one channel and nobody online: dispatching costs its own benchmark.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.server import CLIENT_CORE, Person, ServerProcess, core, start_guildway, unique_name

CONNECTIONS: Final = 64
_SCRIPT: Final = Path(__file__).with_name("send_messages.lua")


class Round(msgspec.Struct, frozen=True):
    """What wrk saw, and what the server spent."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """Processor time of the server per message."""


class Target(msgspec.Struct, frozen=True):
    """Where to send."""

    server: ServerProcess
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
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(_SCRIPT), target.server.fields["api"]]
    cpu_before_s = target.server.cpu_s()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(process.pid, core(CLIENT_CORE))
        output = process.communicate()[0]
    cpu_s = target.server.cpu_s() - cpu_before_s
    result = next(line for line in output.splitlines() if line.startswith("RESULT"))
    count, duration_us, p50_us, p99_us, errors = map(int, result.split()[1:])
    if errors:
        raise RuntimeError(f"{errors} sends failed:\n{output}")
    return Round(count / duration_us * 1e6, p50_us / 1000, p99_us / 1000, cpu_s / count * 1e6)


def start_bare(folder: Path) -> Target:
    """The reference."""
    server = ServerProcess([sys.executable, "-m", "benchmarks.bare_server", str(folder / "bare.db")])
    return Target(server, "/messages", "")


def start_full(folder: Path) -> Target:
    """Guildway with a guild and a channel."""
    server = start_guildway(folder / "data")
    person = Person.register(server.fields["api"], unique_name())
    guild = person.post("/guilds", {"name": "bench"})
    channel = next(found for found in person.get(f"/guilds/{guild['id']}/channels") if found["type"] == 0)
    return Target(server, f"/api/v10/channels/{channel['id']}/messages", person.token)


def run(*, rounds: int = 3, seconds: int = 5) -> list[str]:
    """Measure; the lines to print."""
    with tempfile.TemporaryDirectory(prefix="guildway-bench-") as folder:
        targets = [start_bare(Path(folder)), start_full(Path(folder))]
        try:
            for target in targets:
                measure(target, 2, 0)
            pairs = [
                tuple(measure(target, seconds, number * 1_000_000) for target in targets)
                for number in range(1, rounds + 1)
            ]
        finally:
            for target in targets:
                target.server.stop()
    bare, full = (sorted(found, key=lambda one: one.per_second)[rounds // 2] for found in zip(*pairs, strict=True))
    ratio = statistics.median(pair[1].per_second / pair[0].per_second for pair in pairs)
    return [
        f"sends, {CONNECTIONS} connections, durable (median of {rounds} rounds of {seconds} s)",
        _describe("bare reference", bare),
        _describe("guildway", full),
        f"  ratio                    {ratio:.2f}",
    ]


def _describe(name: str, found: Round) -> str:
    return (
        f"  {name:<22} {found.per_second:8,.0f}/s   p50 {found.p50_ms:6.1f} ms   p99 {found.p99_ms:6.1f} ms"
        f"   server CPU {found.cpu_us:5.0f} µs each"
    )
