"""The outermost part of a process: the event loop and the signals.

Inside runs one coroutine. An event tells it to stop, and it stops its parts in order. SIGTERM and SIGHUP may come twice
(make, systemd and a terminal each may pass them on) and mean the same each time. A second Ctrl-C ends the process at
once, which is safe because all acknowledged data is on disk. SIGHUP does something else where the caller says so.
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


def run_process(
    main: Callable[[asyncio.Event], Coroutine[Any, Any, None]], *, on_hangup: Callable[[], None] | None = None
) -> None:
    """Run `main(stopping)` to its end on a uvloop loop. SIGHUP calls `on_hangup`; without it, it asks to stop."""
    _raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run_with_signals(main, on_hangup))


def _raise_file_limit() -> None:
    """Raise the limit of open sockets to the system's maximum: the usual 1024 is for programs that use select()."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # some systems refuse their own maximum
        logger.warning("the limit of open files could not be raised", extra={"hard": hard})


async def _run_with_signals(
    main: Callable[[asyncio.Event], Coroutine[Any, Any, None]], on_hangup: Callable[[], None] | None
) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def interrupt() -> None:
        if stopping.is_set():
            logger.warning("ended by a second interrupt")
            os._exit(130)
        stopping.set()

    handlers: dict[signal.Signals, Callable[[], None]] = {signal.SIGTERM: stopping.set, signal.SIGINT: interrupt}
    # A closed terminal sends SIGHUP. A process that was started to outlive it (nohup) ignores the signal already.
    if on_hangup is not None:
        handlers[signal.SIGHUP] = on_hangup
    elif signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        handlers[signal.SIGHUP] = stopping.set
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        await main(stopping)
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
