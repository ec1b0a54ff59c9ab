"""The notifications to the service manager that started this process, by systemd's protocol (`man sd_notify`).

The manager names a datagram socket in `NOTIFY_SOCKET`. Without that variable there is no manager to notify. With
`WATCHDOG_USEC` it wants to hear from the process in that time, again and again, and ends it otherwise.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Mapping
from typing import Final

logger = logging.getLogger(__name__)

SOCKET_NAME: Final = "NOTIFY_SOCKET"
READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"

_WATCHDOG: Final = "WATCHDOG=1"


def notify(state: str, environ: Mapping[str, str]) -> None:
    """Send `state`, such as `READY=1`.

    Raises:
        OSError: when the named socket does not take it.
    """
    address = environ.get(SOCKET_NAME)
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # Linux marks abstract names so.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect(address)
        manager.send(state.encode())


def describe_reload() -> str:
    """Return what a manager is told when a reload begins; READY follows. It compares the time with its own clock."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}"


def find_watchdog_s(environ: Mapping[str, str], pid: int) -> float | None:
    """Return the seconds within which the manager wants to hear from this process; None when it does not care."""
    try:
        interval_s = int(environ.get("WATCHDOG_USEC", "0")) / 1_000_000
        watched = int(environ.get("WATCHDOG_PID", pid))
    except ValueError:
        return None
    return interval_s if interval_s > 0 and watched == pid and environ.get(SOCKET_NAME) else None


class ServiceManager:
    """The manager of this process, to whom it may tell things whether or not there is one."""

    __slots__ = ("_environ", "_pid")

    def __init__(self, environ: Mapping[str, str], pid: int) -> None:
        self._environ = environ
        self._pid = pid

    @property
    def is_there(self) -> bool:
        """Whether this process was started by one."""
        return bool(self._environ.get(SOCKET_NAME))

    def tell(self, state: str) -> None:
        """Tell it a state. The log says when it does not listen."""
        try:
            notify(state, self._environ)
        except OSError as error:
            logger.warning("the service manager does not listen", extra={"reason": error.strerror})

    async def keep_told(self) -> None:
        """Tell it that the event loop turns, twice as often as it wants to hear it, until cancelled."""
        interval_s = find_watchdog_s(self._environ, self._pid)
        while interval_s is not None:
            self.tell(_WATCHDOG)
            await asyncio.sleep(interval_s / 2)

    async def tell_stop(self, stopping: asyncio.Event) -> None:
        """Tell it when the process is about to stop."""
        await stopping.wait()
        self.tell(STOPPING)
