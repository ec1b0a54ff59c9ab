"""The link between two workers: what a frame costs each side, and what it costs over a plain stream."""

import statistics
import sys
from typing import Any, Final

from benchmarks.harness.processes import CLIENT_CORE, SERVER_CORE, PinnedProcess
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.link_process import RECEIVER, SENDER

_PER_TURN: Final = (16, 1)
_TURNS: Final = 4000
_ROUNDS: Final = 5
_COLUMNS: Final = [
    Column(key="per_turn", title="frames a turn"),
    Column(key="sender_us", title="sender, µs a frame", digits=2),
    Column(key="receiver_us", title="receiver, µs a frame", digits=2),
    Column(key="stream_sender_us", title="stream: sender", digits=2),
    Column(key="stream_receiver_us", title="stream: receiver", digits=2),
    Column(key="sender_ratio", title="sender, ratio", digits=2),
    Column(key="receiver_ratio", title="receiver, ratio", digits=2),
]


class _Pair:
    """Two processes that are connected."""

    def __init__(self, kind: str) -> None:
        program = [sys.executable, "-m", "benchmarks.harness.servers.link_process", kind]
        self._sender = PinnedProcess([*program, SENDER], on_core=SERVER_CORE)
        self._receiver = PinnedProcess([*program, RECEIVER], on_core=CLIENT_CORE)
        self._sender.read_ready()
        self._sender.ask(f"meet {self._receiver.read_ready()['port']}")
        self._sent = 0

    def measure(self, turns: int, per_turn: int) -> tuple[float, float]:
        """Return the µs of processor time of a frame at the sender and at the receiver."""
        count = turns * per_turn
        self._sent += count
        before = self._sender.cpu_s(), self._receiver.cpu_s()
        self._sender.ask(f"send {count} {per_turn}")
        self._receiver.ask(f"wait {self._sent}")
        after = self._sender.cpu_s(), self._receiver.cpu_s()
        sender_us, receiver_us = ((end - begin) / count * 1e6 for begin, end in zip(before, after, strict=True))
        return sender_us, receiver_us

    def stop(self) -> None:
        """End both."""
        self._sender.stop()
        self._receiver.stop()


def run(run: Run) -> Result:
    """The link between two workers."""
    turns, rounds = run.pick((_TURNS, _ROUNDS), (50, 1))
    link, stream = _Pair("link"), _Pair("stream")
    try:
        rows = [_measure(link, stream, turns=turns, rounds=rounds, per_turn=per_turn) for per_turn in _PER_TURN]
    finally:
        link.stop()
        stream.stop()
    table = Table(title="frames of 1,077 bytes from one worker to another", columns=_COLUMNS, rows=rows)
    return Result(name="link", tables=[table], deliveries=2 * rounds * turns * sum(_PER_TURN))


def _measure(link: _Pair, stream: _Pair, *, turns: int, rounds: int, per_turn: int) -> dict[str, Any]:
    pairs = [(link.measure(turns, per_turn), stream.measure(turns, per_turn)) for _ in range(rounds)]
    return {
        "per_turn": per_turn,
        "sender_us": statistics.median(own[0] for own, _ in pairs),
        "receiver_us": statistics.median(own[1] for own, _ in pairs),
        "stream_sender_us": statistics.median(plain[0] for _, plain in pairs),
        "stream_receiver_us": statistics.median(plain[1] for _, plain in pairs),
        "sender_ratio": statistics.median(own[0] / plain[0] for own, plain in pairs),
        "receiver_ratio": statistics.median(own[1] / plain[1] for own, plain in pairs),
    }
