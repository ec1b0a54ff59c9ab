"""The process of a node: `python -m voice`, started by a server, which hands it its sockets.

The first line of its input is its configuration. It serves until its input ends, so it never outlives its server, or
until a signal says so. A line on its output says that it serves.
"""

import asyncio
import gc
import logging
import os
import socket
import sys

from core.runtime.logs import configure_logging
from core.runtime.main import run_process
from voice.configuration import parse_configuration
from voice.node import NodeSockets, run_node

logger = logging.getLogger("voice")


def main() -> None:
    """Serve."""
    configuration = parse_configuration(sys.stdin.buffer.readline())
    configure_logging(configuration.logging, sys.stderr)

    async def serve(stopping: asyncio.Event) -> None:
        sockets = NodeSockets(
            websocket=socket.socket(fileno=configuration.websocket_fd),
            media=socket.socket(fileno=configuration.media_fd),
            control=socket.socket(fileno=configuration.control_fd),
        )
        async with run_node(configuration, sockets):
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _watch_input, stopping)
            gc.freeze()  # what a start leaves is no garbage
            os.write(sys.stdout.fileno(), b"ready\n")
            await stopping.wait()

    run_process(serve)


def _watch_input(stopping: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        stopping.set()


if __name__ == "__main__":
    main()
