"""One simulated server process: the embedded composition (`guildway.processes.embedded`) on a wire, a disk and a virtual clock.

The parts are the product's: store, bus, API with its whole ASGI stack, gateway. Not composed are what reaches the
machine: listeners of sockets, the collector's control, probes, the operations page.
"""

import asyncio
import datetime as dt
from functools import partial
from random import Random
from typing import Any, Final

import msgspec

from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import Settings
from core.store.blob.objects import open_memory
from core.store.sql.store import SqlStore, StoreOptions
from gateway.transport.public_address import PublicAddress
from guildway.processes.embedded_ground import lay_ground, open_ids
from guildway.processes.files import Files
from guildway.processes.tiers import build_the_api, build_the_gateway
from tests.simulation.world.network import HttpPort
from tests.simulation.world.process_loop import LoopState, ProcessLoop
from tests.simulation.world.sqlite import Disk
from tests.simulation.world.wires import GatewayPort, WireListener, make_wire_listener
from tests.simulation.world.world import World
from tests.support.file_links import make_external_links, make_links

EPOCH_MS: Final = int(dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp() * 1000)
"""The wall clock at the world's beginning."""
CLOCK_MS: Final = 60
"""The most by which a process's wall clock is off."""


class SimulatedClock:
    """A process's clocks. Wall clocks of processes differ by their skew."""

    def __init__(self, world: World, skew_ms: int) -> None:
        self._world = world
        self._skew_ms = skew_ms

    def now_ms(self) -> int:
        return EPOCH_MS + int(self._world.now_s * 1000) + self._skew_ms

    def monotonic_s(self) -> float:
        return self._world.now_s


class SeededRandomness:
    """Randomness of the seed, in place of the system's."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def token_bytes(self, nbytes: int) -> bytes:
        return self._chance.randbytes(nbytes)

    def token_hex(self, nbytes: int) -> str:
        return self._chance.randbytes(nbytes).hex()

    def choice(self, seq: Any) -> Any:
        return self._chance.choice(seq)


class EmbeddedServer:
    """A server that can be started, killed and paused. Its disk and its addresses outlive each process."""

    def __init__(self, *, world: World, disk: Disk, settings: Settings, http: HttpPort, gateway: GatewayPort) -> None:
        self._world = world
        self._disk = disk
        self._settings = settings
        self._http = http
        self._gateway = gateway
        self._lives = 0
        self._loop: ProcessLoop | None = None
        self._random = SeededRandomness(world.chance("randomness"))
        self.store: SqlStore | None = None
        self.is_ready = False

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self._loop is not None

    def start(self) -> None:
        """Begin a new life."""
        self._lives += 1
        self._loop = self._world.make_loop(f"server/{self._lives}")
        self._world.trace.note(self._loop.name, "starts")
        self._loop.call_soon(self._begin, self._loop)

    def _begin(self, loop: ProcessLoop) -> None:
        loop.create_task(self._run(loop), name="main").add_done_callback(partial(self._on_ended, loop))

    def _on_ended(self, loop: ProcessLoop, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._world.trace.fault(loop.name, f"ended: {task.exception()!r}")

    def kill(self) -> None:
        """Kill the process (SIGKILL)."""
        loop, self._loop = self._loop, None
        self.is_ready, self.store = False, None
        if loop is not None:
            self._world.trace.note(loop.name, "KILLED")
            loop.kill()
            self._disk.close_all()
            self._http.close()
            self._gateway.close()

    def pause(self) -> None:
        """Stop the process (SIGSTOP)."""
        if self._loop is not None:
            self._world.trace.note(self._loop.name, "PAUSED")
            self._loop.pause()

    def resume(self) -> None:
        """Let the process go on (SIGCONT)."""
        if self._loop is not None and self._loop.state is LoopState.PAUSED:
            self._world.trace.note(self._loop.name, "goes on")
            self._loop.resume()

    async def _run(self, loop: ProcessLoop) -> None:
        clock = SimulatedClock(self._world, skew_ms=0)
        settings, metrics = self._settings, Metrics()
        store = await SqlStore.open(
            self._disk.path,
            clock=clock,
            num_shards=settings.store.num_shards,
            options=StoreOptions(read_connections=settings.store.read_connections),
            metrics=metrics,
            dialect=self._disk.dialect,
        )
        self.store = store
        ids = await open_ids(store, clock)
        ground = lay_ground(settings=settings, clock=clock, store=store, ids=ids, metrics=metrics)
        ground = msgspec.structs.replace(ground, random=self._random)
        listeners: list[WireListener] = []

        def make_listener(**parts: Any) -> WireListener:
            listeners.append(make_wire_listener(**parts))
            return listeners[-1]

        address = PublicAddress("")
        api = build_the_api(
            ground, Files(open_memory(), make_links(ground.clock), make_external_links()), address.url_for
        )
        gateway = build_the_gateway(ground, api, address, make_listener=make_listener)
        await gateway.start()
        self._http.open(loop, api.asgi)
        self._gateway.open(loop, listeners[0])
        self.is_ready = True
        self._world.trace.note(loop.name, "ready")
        async with asyncio.TaskGroup() as chores:
            for run in (api.run, api.own_places.run, gateway.run, store.run_chores, ids.run):
                chores.create_task(run())
