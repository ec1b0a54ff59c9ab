"""Fan-out to local sessions through the real gateway, and what sessions cost: logins a second, memory, size of READY.

The server is on one core; a C program that counts frames reads all sockets on the other (sink.c). In each round a plain loop
of `socket.send` to as many sockets goes first, with frames of the same size; ratios are medians of the rounds'. The clock
stops when the last frame has arrived, so nothing is left in a queue.
"""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.server import CLIENT_CORE, ServerProcess, core
from benchmarks.sessions import Opened, open_sessions

_SINK: Final = Path(__file__).with_name("sink.c")
_FIRST_FD: Final = 1000
"""Where the sink's sockets begin; above all that a Python process has open by itself."""


class Burst(msgspec.Struct, frozen=True):
    """One burst."""

    per_second: float
    cpu_us: float
    """Processor time of the server per delivery."""


class Sink:
    """The counting process, owner of the sockets from now on."""

    def __init__(self, folder: Path, sockets: list[socket.socket]) -> None:
        binary = folder / "sink"
        if not binary.exists():
            subprocess.run(["cc", "-O2", "-o", str(binary), str(_SINK)], check=True)
        first = max(_FIRST_FD, *(one.fileno() for one in sockets)) + 1
        numbers = [first + index for index in range(len(sockets))]
        for one, number in zip(sockets, numbers, strict=True):
            os.dup2(one.fileno(), number, inheritable=True)
            one.close()
        self._process = subprocess.Popen(
            [str(binary), str(first), str(len(numbers))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=numbers,
        )
        os.sched_setaffinity(self._process.pid, core(CLIENT_CORE))
        for number in numbers:
            os.close(number)

    def expect(self, frames: int) -> None:
        """Start counting."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"expect {frames}\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def wait(self) -> float:
        """When (monotonic seconds) the last of the expected frames came."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline().split()[0]) / 1e9

    def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=5)


def measure(server: ServerProcess, sink: Sink, command: str, frames: int) -> Burst:
    """Run a command of the server that leads to so many frames."""
    sink.expect(frames)
    cpu_before_s = float(server.ask("cpu"))
    started_s = time.monotonic()
    server.ask(command)
    duration_s = sink.wait() - started_s
    cpu_s = float(server.ask("cpu")) - cpu_before_s
    return Burst(frames / duration_s, cpu_s / frames * 1e6)


def _connect_plainly(address: str, count: int) -> list[socket.socket]:
    host, port = address.split(":")
    return [socket.create_connection((host, int(port))) for _ in range(count)]


def run(*, sessions: int = 1000, events: int = 96, rounds: int = 5) -> list[str]:
    """Measure; the lines to print."""
    with tempfile.TemporaryDirectory(prefix="guildway-bench-") as folder:
        command = [sys.executable, "-m", "benchmarks.fanout_server", folder, str(sessions + 1)]
        server = ServerProcess(command)
        sinks: list[Sink] = []
        try:
            tokens = msgspec.json.decode(Path(server.fields["tokens"]).read_bytes(), type=list[str])
            lines, opened = _log_in(server, tokens)
            sinks = [
                Sink(Path(folder), _connect_plainly(server.fields["plain"], sessions)),
                Sink(Path(folder), [one.socket for one in opened]),
            ]
            return [*lines, *_fan_out(server, *sinks, sessions=sessions, events=events, rounds=rounds)]
        finally:
            for sink in sinks:
                sink.stop()
            server.stop()


def _log_in(server: ServerProcess, tokens: list[str]) -> tuple[list[str], list[Opened]]:
    """The first session loads the guild; the others are measured."""
    [first] = asyncio.run(open_sessions(server.fields["gateway"], tokens[:1]))
    first.socket.close()
    rss_before, cpu_before_s, started_s = server.rss_bytes(), float(server.ask("cpu")), time.monotonic()
    opened = asyncio.run(open_sessions(server.fields["gateway"], tokens[1:]))
    duration_s = time.monotonic() - started_s
    cpu_s = float(server.ask("cpu")) - cpu_before_s
    count = len(opened)
    return [
        f"logins, {count} sessions of a guild of {len(tokens)}",
        f"  identify                 {count / duration_s:8,.0f}/s   server CPU {cpu_s / count * 1e6:6.0f} µs each",
        f"  RSS per idle session     {(server.rss_bytes() - rss_before) / count / 1024:8.1f} KiB",
        f"  READY                    {opened[0].ready_bytes:8,} bytes   GUILD_CREATE {opened[0].guild_bytes:,} bytes",
    ], opened


def _fan_out(
    server: ServerProcess, plain: Sink, gateway: Sink, *, sessions: int, events: int, rounds: int
) -> list[str]:
    frames = sessions * events
    ways = {"one event a turn": f"burst {events} 1", "16 events a turn": f"burst {events} 16"}
    measure(server, plain, f"plain {events}", frames)
    found: dict[str, list[tuple[Burst, Burst]]] = {way: [] for way in ways}
    for way, command in ways.items():
        measure(server, gateway, command, frames)
        for _ in range(rounds):
            floor = measure(server, plain, f"plain {events}", frames)
            found[way].append((floor, measure(server, gateway, command, frames)))
    floors = [floor for pairs in found.values() for floor, _ in pairs]
    lines = [f"fan-out to {sessions} local sessions, {events} events (median of {rounds} rounds)"]
    lines.append(_describe("loop of socket.send", floors))
    for way, pairs in found.items():
        ratio = statistics.median(burst.per_second / floor.per_second for floor, burst in pairs)
        lines.append(_describe(way, [burst for _, burst in pairs]) + f"   ratio {ratio:.2f}")
    return lines


def _describe(name: str, bursts: list[Burst]) -> str:
    per_second = statistics.median(burst.per_second for burst in bursts)
    cpu_us = statistics.median(burst.cpu_us for burst in bursts)
    return f"  {name:<22} {per_second:10,.0f} deliveries/s   server CPU {cpu_us:5.2f} µs each"
