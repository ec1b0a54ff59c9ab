"""The processes that `shardctl up` runs on one machine, with their addresses and command lines."""

import sys

import msgspec

from core.runtime.settings.settings import Settings
from core.runtime.sockets import find_free_port


class PlannedProcess(msgspec.Struct, kw_only=True, frozen=True):
    """A process to be run. Its addresses stay the same when it is started again."""

    role: str
    name: str
    command: tuple[str, ...]


def plan_processes(settings: Settings, *, apis: int, config: str | None, controllers: int = 0) -> list[PlannedProcess]:
    """Plan one worker, API processes and controllers, of which one leads and the others stand by.

    The first API listens where the settings say, the others on free ports.

    Raises:
        StartError: when an address cannot be used.
    """
    gateway = _address(settings.gateway.host, settings.gateway.port)
    worker = _plan(settings, "worker", "worker-1", config, gateway=gateway)
    planned = [worker]
    for number in range(1, apis + 1):
        port = settings.api.port if number == 1 else 0
        address = _address(settings.api.host, port)
        # An API tells clients where the gateway is.
        planned.append(_plan(settings, "api", f"api-{number}", config, api=address, gateway=gateway))
    numbers = range(1, controllers + 1)
    return planned + [_plan_controller(settings, f"controller-{number}", config) for number in numbers]


def _plan_controller(settings: Settings, name: str, config: str | None) -> PlannedProcess:
    flags = {"name": name, "data": settings.store.data_dir}
    if settings.metrics.enabled:
        flags["metrics"] = _address(settings.metrics.host, 0)
    if config is not None:
        flags["config"] = config
    return PlannedProcess(role="controller", name=name, command=_command("shardctl", "controller", flags))


def _plan(settings: Settings, role: str, name: str, config: str | None, **listeners: str) -> PlannedProcess:
    if settings.metrics.enabled:
        # A worker's metrics are where the settings say. Each other process takes a port of its own.
        port = settings.metrics.port if role == "worker" else 0
        listeners["metrics"] = _address(settings.metrics.host, port)
    flags = {"role": role, "name": name, "data": settings.store.data_dir, **listeners}
    if config is not None:
        flags["config"] = config
    return PlannedProcess(role=role, name=name, command=_command("guildway", "run", flags))


def _command(program: str, command: str, flags: dict[str, str]) -> tuple[str, ...]:
    arguments = [part for flag, value in flags.items() for part in (f"--{flag}", value)]
    return (sys.executable, "-m", program, command, *arguments)


def _address(host: str, port: int) -> str:
    port = port or find_free_port(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
