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


def plan_processes(settings: Settings, *, apis: int, config: str | None) -> list[PlannedProcess]:
    """Plan one worker and `apis` API processes. The first API listens where the settings say, the others on free ports.

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
    return planned


def _plan(settings: Settings, role: str, name: str, config: str | None, **listeners: str) -> PlannedProcess:
    if settings.metrics.enabled:
        # A worker's metrics are where the settings say. Each other process takes a port of its own.
        port = settings.metrics.port if role == "worker" else 0
        listeners["metrics"] = _address(settings.metrics.host, port)
    flags = {"role": role, "name": name, "data": settings.store.data_dir, **listeners}
    if config is not None:
        flags["config"] = config
    arguments = [part for flag, value in flags.items() for part in (f"--{flag}", value)]
    return PlannedProcess(role=role, name=name, command=(sys.executable, "-m", "guildway", "run", *arguments))


def _address(host: str, port: int) -> str:
    port = port or find_free_port(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
