"""The process of a node: `python -m voice`, started by a server, which hands it its sockets.

The first line of its input is its configuration, and each other one names the gateways that there are. It serves until
its input ends, so it never outlives its server, or until a signal says so. A line on its output says that it serves.
SIGHUP has the certificate read again.
"""

import asyncio
import gc
import logging
import os
import socket
import sys
from typing import Final

from core.runtime.clock import SystemClock
from core.runtime.garbage import GarbageControl
from core.runtime.logs import configure_logging
from core.runtime.main import run_process
from voice.configuration import parse_configuration, parse_gateways
from voice.node import NodeSockets, RunningNode, run_node

logger = logging.getLogger("voice")

_YOUNG_OBJECTS: Final = 1_000
"""Allocations between collections. Somebody who joins leaves a quarter of that, and everybody's voice waits for the
longest collection, which walks four times as many."""


def main() -> None:
    """Serve."""
    gc.freeze()  # what was imported has no garbage, and a search through it takes a tenth of the time to be up
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as lines:  # reads no byte of the next line
        configuration = parse_configuration(lines.readline())
    configure_logging(configuration.logging, sys.stderr)

    serving: list[RunningNode] = []

    def reload() -> None:
        for node in serving:
            node.reload()

    async def serve(stopping: asyncio.Event) -> None:
        sockets = NodeSockets(
            websocket=socket.socket(fileno=configuration.websocket_fd),
            media=socket.socket(fileno=configuration.media_fd),
            control=socket.socket(fileno=configuration.control_fd),
        )
        garbage = GarbageControl(clock=SystemClock(), observe=_pass_over, young_objects=_YOUNG_OBJECTS)
        async with run_node(configuration, sockets) as node:
            serving.append(node)
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _Input(node, stopping).read)
            with garbage.in_force():  # a full collection would hold everybody's voice up for as long as two packets
                thawing = asyncio.ensure_future(garbage.run())
                os.write(sys.stdout.fileno(), b"ready\n")
                await stopping.wait()
                thawing.cancel()

    run_process(serve, on_hangup=reload)


def _pass_over(_collection_s: float) -> None:
    """Take how long a collection took: a node has no metrics of its own, and its gateway is told none of it."""


class _Input:
    """The input after the first line. `stopping` is set at its end."""

    def __init__(self, node: RunningNode, stopping: asyncio.Event) -> None:
        self._node = node
        self._stopping = stopping
        self._rest = b""

    def read(self) -> None:
        """Take what has come."""
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self._stopping.set()
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines:
            self._node.know(parse_gateways(lines[-1]).gateways)


if __name__ == "__main__":
    main()
