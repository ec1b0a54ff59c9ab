"""The processes that `shardctl up` runs on one machine, with their addresses, their processors and command lines."""

import sys
from collections.abc import Collection
from typing import Final

import msgspec

from core.runtime.errors import StartError
from core.runtime.settings.settings import MetricsSettings, Settings
from core.runtime.sockets import find_free_port
from core.runtime.unix_sockets import UNIX

_PORTS_APART: Final = 10
"""Worker 2 listens ten ports behind worker 1. The ports in between are those that the settings give to other listeners.
They do not change, since clients come back to the worker that they know, also after a restart of the machine."""


class _Addresses:
    """The addresses of one plan, of which no two are the same: a system may name a free port twice."""

    __slots__ = ("_given", "_metrics")

    def __init__(self, metrics: MetricsSettings) -> None:
        self._metrics = metrics
        self._given: set[int] = set()

    def make(self, host: str, port: int) -> str:
        """Return an address; port 0 stands for a free one. Raises StartError."""
        if host.startswith(UNIX):
            raise StartError(f"`shardctl up` gives each process a port, and {host} has none: set an address")
        while not port:
            found = find_free_port(host)
            port = 0 if found in self._given else found
        self._given.add(port)
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def make_metrics(self, port: int) -> str | None:
        """Return an address for metrics, None where there are none. Raises StartError."""
        return self.make(self._metrics.host, port) if self._metrics.enabled else None


class PlannedProcess(msgspec.Struct, kw_only=True, frozen=True):
    """A process to be run. Its addresses stay the same when it is started again."""

    role: str
    name: str
    command: tuple[str, ...]
    processor: int | None = None
    """The processor that it is pinned to, None for any."""


def plan_processes(
    settings: Settings,
    *,
    apis: int,
    config: str | None,
    workers: int = 1,
    controllers: int = 0,
    voice: int = 0,
    processors: Collection[int] = (),
) -> list[PlannedProcess]:
    """Plan workers, API processes, media nodes and controllers, of which one leads and the others stand by.

    The first of each kind listens where the settings say, the other APIs on free ports. Workers are pinned
    to `processors`, the numbers of those that may be used, where at least as many are left for all else.

    Raises:
        StartError: when an address cannot be used.
    """
    pins = _choose_pins(workers, processors)
    addresses = _Addresses(settings.metrics)
    gateways = [
        addresses.make(settings.gateway.host, _shift(settings.gateway.port, number)) for number in range(workers)
    ]
    planned = [
        _plan(
            settings,
            "worker",
            f"worker-{number + 1}",
            config,
            {"gateway": gateway, "metrics": addresses.make_metrics(_shift(settings.metrics.port, number))},
            pins.get(number),
        )
        for number, gateway in enumerate(gateways)
    ]
    for number in range(1, apis + 1):
        port = settings.api.port if number == 1 else 0
        api = addresses.make(settings.api.host, port)
        # Before an API knows who lives, it tells clients of the first worker.
        listeners = {"api": api, "gateway": gateways[0], "metrics": addresses.make_metrics(0)}
        planned.append(_plan(settings, "api", f"api-{number}", config, listeners))
    planned += [_plan_voice(settings, number, config, addresses) for number in range(voice)]
    names = [f"controller-{number}" for number in range(1, controllers + 1)]
    return planned + [_plan_controller(settings, name, config, addresses.make_metrics(0)) for name in names]


def _choose_pins(workers: int, processors: Collection[int]) -> dict[int, int]:
    """Return a processor for each worker, counted from 0, or none at all.

    A worker that shares its processor with a database waits behind it, while another processor may be idle. So workers
    are pinned only where there are two processors for each of them.
    """
    if len(processors) < 2 * workers:
        return {}
    return dict(zip(range(workers), sorted(processors), strict=False))


def _shift(port: int, number: int) -> int:
    """Return the port of a worker or a node, counted from 0. A free one stays so, and stands for what is no port."""
    shifted = port + _PORTS_APART * number
    return shifted if port and shifted < 1 << 16 else 0


def _plan_voice(settings: Settings, number: int, config: str | None, addresses: _Addresses) -> PlannedProcess:
    port = _shift(settings.voice.port, number)
    # The first one has both of its ports by the settings. A flag gives one number for both.
    address = None if port and number == 0 else addresses.make(settings.voice.host, port)
    listeners = {"voice": address, "metrics": addresses.make_metrics(0)}
    return _plan(settings, "voice", f"voice-{number + 1}", config, listeners)


def _plan_controller(settings: Settings, name: str, config: str | None, metrics: str | None) -> PlannedProcess:
    flags = {"name": name, "data": settings.store.data_dir, "metrics": metrics, "config": config}
    return PlannedProcess(role="controller", name=name, command=_command("shardctl", "controller", flags))


def _plan(
    settings: Settings,
    role: str,
    name: str,
    config: str | None,
    listeners: dict[str, str | None],
    processor: int | None = None,
) -> PlannedProcess:
    flags = {"role": role, "name": name, "data": settings.store.data_dir, **listeners, "config": config}
    command = _command("guildway", "run", flags)
    return PlannedProcess(role=role, name=name, command=command, processor=processor)


def _command(program: str, command: str, flags: dict[str, str | None]) -> tuple[str, ...]:
    arguments = [part for flag, value in flags.items() if value is not None for part in (f"--{flag}", value)]
    return (sys.executable, "-m", program, command, *arguments)
