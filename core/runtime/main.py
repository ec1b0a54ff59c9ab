"""A process's outermost ring: the event loop and the signals.

What runs inside is one coroutine that is told by an event to stop, and that stops in its own order. SIGTERM and SIGHUP
may come twice (make, systemd and a terminal each may pass them on) and mean the same each time; a second Ctrl-C means
that somebody has no patience, and ends the process there and then. That is safe: what was acknowledged is on disk.
"""

import asyncio
import logging
import os
import resource
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

logger = logging.getLogger(__name__)


def run_process(main: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run `main(stopping)` to its end on a uvloop loop."""
    _raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run_with_signals(main))


def _raise_file_limit() -> None:
    """Allow as many open sockets as the system does: the usual soft limit of 1024 is for programs with select()."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # a system that promises more than it gives
        logger.warning("the limit of open files could not be raised", extra={"hard": hard})


async def _run_with_signals(main: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def interrupt() -> None:
        if stopping.is_set():
            logger.warning("ended by a second interrupt")
            os._exit(130)
        stopping.set()

    handlers: dict[signal.Signals, Callable[[], None]] = {signal.SIGTERM: stopping.set, signal.SIGINT: interrupt}
    # A terminal that is closed says SIGHUP. Who was started to outlive it (nohup) ignores the signal, and goes on doing
    # so.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        handlers[signal.SIGHUP] = stopping.set
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        await main(stopping)
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
