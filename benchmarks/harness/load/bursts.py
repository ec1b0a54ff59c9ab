"""Bursts of frames through a server, in pairs: the floor first, then the candidate. A ratio is the median of the pairs'
ratios.

The clock of a burst starts when the server is told to begin and stops when the client has the last frame, so nothing is
left in a queue. The server's processor time is read from outside before and after.
"""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.harness.builds import Builds
from benchmarks.harness.load.load_client import LoadClient
from benchmarks.harness.processes import SERVER_CORE, PinnedProcess
from core.runtime.settings.settings import GatewaySettings


class Burst(msgspec.Struct, frozen=True):
    """The figures of one burst."""

    per_second: float
    cpu_us: float
    """The server's processor time for each delivery."""
    frame_bytes: float
    """The bytes on the wire for each delivery."""


class Shape(msgspec.Struct, kw_only=True, frozen=True):
    """The parts of a burst: events, each to a number of recipients, `per_turn` of them in each turn of the loop."""

    events: int
    per_turn: int
    frame_bytes: int
    """The size of the floor's frames."""
    recipients: int

    @property
    def frames(self) -> int:
        """Return the number of frames in a burst."""
        return self.events * self.recipients


DELIVERIES: Final = {1: 64_000, 4: 160_000, 16: 320_000}
"""The deliveries of a burst, keyed by events a turn: some tenths of a second of work."""


def shape_burst(*, per_turn: int, frame_bytes: int, recipients: int, is_quick: bool) -> Shape:
    """Choose a burst that is long enough to be measured."""
    deliveries = 4 * per_turn * recipients if is_quick else DELIVERIES[per_turn]
    events = max(deliveries // recipients // per_turn, 2) * per_turn
    return Shape(events=events, per_turn=per_turn, frame_bytes=frame_bytes, recipients=recipients)


class Comparison(msgspec.Struct, frozen=True):
    """The summary of all pairs."""

    floor: Burst
    candidate: Burst
    ratio: float
    """The ratio of deliveries a second."""
    lowest: float
    highest: float
    cpu_ratio: float
    """The floor's processor time to the candidate's: the ratio on a core that runs nothing but the server."""


def measure(server: PinnedProcess, client: LoadClient, command: str, frames: int) -> Burst:
    """Give a server a command that leads to a number of frames, and measure until the client has them."""
    client.expect(frames)
    cpu_before_s, started_s = server.cpu_s(), time.monotonic()
    server.tell(command)
    counted = client.wait()
    server.read()
    cpu_s = server.cpu_s() - cpu_before_s
    if counted.frames != frames:
        raise RuntimeError(f"{counted.frames} frames came instead of {frames}")
    return Burst(frames / (counted.at_s - started_s), cpu_s / frames * 1e6, counted.bytes / frames)


def compare(floor: "Floor", candidate: Callable[[Shape], Burst], shape: Shape, *, rounds: int) -> Comparison:
    """Alternate floor and candidate, after one burst of the candidate that warms it up."""
    candidate(shape)
    return sum_up([(floor.burst(shape), candidate(shape)) for _ in range(rounds)])


def sum_up(pairs: Sequence[tuple[Burst, Burst]]) -> Comparison:
    """Return the medians of pairs of floor and candidate."""
    ratios = [candidate.per_second / floor.per_second for floor, candidate in pairs]
    return Comparison(
        floor=_middle([floor for floor, _ in pairs]),
        candidate=_middle([candidate for _, candidate in pairs]),
        ratio=statistics.median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
        # A burst of a quick run may be too short for the clock of its process.
        cpu_ratio=statistics.median(floor.cpu_us / (candidate.cpu_us or math.inf) for floor, candidate in pairs),
    )


def _middle(bursts: list[Burst]) -> Burst:
    return Burst(
        statistics.median(burst.per_second for burst in bursts),
        statistics.median(burst.cpu_us for burst in bursts),
        statistics.median(burst.frame_bytes for burst in bursts),
    )


class Floor:
    """The C `send` loop (native/floor.c) with a client of its own."""

    __slots__ = ("_client", "_port", "_server", "_sockets")

    def __init__(
        self, *, builds: Builds, folder: Path, buffer_bytes: int = GatewaySettings().socket_buffer_bytes
    ) -> None:
        self._server = PinnedProcess([builds.program("floor"), str(buffer_bytes)], on_core=SERVER_CORE)
        self._port = int(self._server.read_ready()["port"])
        self._client = LoadClient(builds=builds, folder=folder)
        self._sockets = 0

    def grow(self, sockets: int) -> None:
        """Open connections until there are `sockets`."""
        if sockets > self._sockets:
            self._client.connect(self._port, sockets - self._sockets)
            self._sockets = sockets

    def burst(self, shape: Shape) -> Burst:
        """Send each event to `recipients` of the sockets, `per_turn` events in each send."""
        command = f"burst {shape.events} {shape.per_turn} {shape.frame_bytes} {shape.recipients}"
        return measure(self._server, self._client, command, shape.frames)

    def stop(self) -> None:
        """End both processes."""
        self._client.stop()
        self._server.stop()
