"""`guildway run`: the server from its settings to its end, and the report that it is ready."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from core.runtime.errors import StartError
from core.runtime.logs import configure_logging
from core.runtime.main import run_process
from core.runtime.settings.settings import Settings
from core.runtime.tls import has_certificate
from guildway.addresses import Addresses, encode_ready_line
from guildway.invocation import find_invocation
from guildway.outcomes import DONE, FAILED, give_up_output
from guildway.processes.server import Server
from guildway.service_manager import READY, ServiceManager, describe_reload
from guildway.welcome import write_welcome

logger = logging.getLogger(__name__)


Open = Callable[[Settings], AbstractAsyncContextManager[Server]]
"""A composition root: it builds a server, and closes what it has opened."""


def serve(settings: Settings, open_server: Open) -> int:
    """Serve until the process is told to stop, and return the exit status.

    Raises:
        StartError: when the operator must change something first.
    """
    configure_logging(settings.logging, sys.stderr)
    manager = ServiceManager(os.environ, os.getpid())
    running: list[Server] = []

    def greet(addresses: Addresses) -> None:
        _greet(addresses)
        manager.tell(READY)

    def reload() -> None:
        manager.tell(describe_reload())
        for server in running:
            server.reload()
        manager.tell(READY)

    async def serve_until(stopping: asyncio.Event) -> None:
        async with open_server(settings) as server, asyncio.TaskGroup() as beside:
            running.append(server)
            told = [beside.create_task(manager.keep_told()), beside.create_task(manager.tell_stop(stopping))]
            await server.run(stopping=stopping, when_ready=greet)
            for task in told:
                task.cancel()
        logger.info("stopped")

    # A closed terminal means the end; whoever else sends SIGHUP has changed something.
    reloads = (manager.is_there or has_certificate(settings)) and not os.isatty(0)
    try:
        run_process(serve_until, on_hangup=reload if reloads else None)
    except StartError:
        raise
    except Exception as error:
        refused = _find_refusal(error)
        if refused is not None:
            raise refused from error
        # A part failed and ended the others. A service manager starts the process again.
        logger.critical("the server failed", exc_info=True)
        return FAILED
    return DONE


def _find_refusal(error: BaseException) -> StartError | None:
    """Find the reason why a part could not start, when that has ended the other parts too."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_find_refusal, error.exceptions)), None)
    return error if isinstance(error, StartError) else None


def _greet(addresses: Addresses) -> None:
    try:
        print(encode_ready_line(addresses), flush=True)
        # What it shows is to be pasted, and goes to ports.
        if addresses.api.startswith("http") and addresses.gateway.startswith("ws"):
            write_welcome(addresses, find_invocation(), sys.stdout)
    except OSError as error:
        logger.warning("nobody reads the output", extra={"reason": error.strerror})
        give_up_output()
