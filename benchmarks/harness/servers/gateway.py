"""A driver of the gateway under test: a process on the server's core, a load client on the other.

All sessions have the same wire format.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from benchmarks.harness.builds import Builds
from benchmarks.harness.load.bursts import Burst, Shape, measure
from benchmarks.harness.load.load_client import LoadClient, Logins
from benchmarks.harness.processes import SERVER_CORE, PinnedProcess
from benchmarks.harness.servers.gateway_server import Options
from benchmarks.harness.worlds.world import World


class WireFormat(msgspec.Struct, frozen=True):
    """The encoding and compression of a session."""

    name: str
    encoding: str = "json"
    compress: str = ""


class GatewayUnderTest:
    """A gateway with the world's guild, and sessions of its members."""

    def __init__(
        self,
        *,
        builds: Builds,
        folder: Path,
        database: Path,
        world: World,
        wire_format: WireFormat,
        sessions: int,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`sessions` is the largest number that there will be."""
        options = folder / "gateway.json"
        chosen = Options(database=str(database), world=world, sessions=sessions, gateway=dict(settings or {}))
        options.write_bytes(msgspec.json.encode(chosen))
        self._world = world
        self._wire_format = wire_format
        self._logged_in = 0
        self.process = PinnedProcess(
            [sys.executable, "-m", "benchmarks.harness.servers.gateway_server", str(options)], on_core=SERVER_CORE
        )
        self.port = urlsplit(self.process.read_ready()["gateway"]).port or 0
        self.client = LoadClient(builds=builds, folder=folder)

    def grow(self, sessions: int, *, at_once: int = 64) -> Logins:
        """Log in the world's first members until there are `sessions`, and return how the new ones logged in."""
        return self.grow_by(sessions - self._logged_in, at_once=at_once)

    def grow_by(self, more: int, *, at_once: int = 64) -> Logins:
        """Log in so many more of the members that have no session yet."""
        tokens = self._world.tokens[self._logged_in : self._logged_in + more]
        self.client.connect_gateway(
            self.port, len(tokens), encoding=self._wire_format.encoding, compress=self._wire_format.compress
        )
        logins = self.client.login(tokens, encoding=self._wire_format.encoding, at_once=at_once)
        self._logged_in += len(tokens)
        return logins

    def frame_bytes(self) -> int:
        """Return the size of an event's uncompressed frame in the wire format's encoding."""
        return int(self.process.ask(f"frame {self._wire_format.encoding}"))

    def burst(self, shape: Shape, frames: int = 0) -> Burst:
        """Send events through bus, actor and sockets. `frames` is the number to count, by default all."""
        self.process.ask(f"make {shape.events} {shape.per_turn}")
        return measure(self.process, self.client, "burst", frames or shape.frames)

    def presences(self, frames: int) -> Burst:
        """Tell a presence of every member, in the gateway's batches, and measure until so many frames have come."""
        return measure(self.process, self.client, "presences", frames)

    def stop(self) -> None:
        """End both processes."""
        self.client.stop()
        self.process.stop()
