"""One of two processes that send each other frames, over a link or over a plain asyncio stream with lengths.

It is told lines on stdin and answers each with a line: `meet PORT` connects to the other process, `send COUNT PER_TURN`
sends frames, so many in a turn of the loop, `wait COUNT` returns when so many have come.
"""

import asyncio
import contextlib
import random
import secrets
import sys
import time
from typing import Final, Protocol

import uvloop
from typing_extensions import override

from core.links.bounds import LinkBounds
from core.links.handshake import Identity
from core.links.interfaces import LinkListener, PeerAddress
from core.links.tcp import TcpCarrier
from core.links.wires import Carriers
from core.links.worker_links import WorkerLinks
from core.runtime.sockets import bind_socket

FRAME: Final = bytes(1077)
"""A message of 1,000 bytes with what its event has around it."""
SENDER, RECEIVER = "worker-1-sender", "worker-2-receiver"

_HOST: Final = "127.0.0.1"
_TURN_S: Final = 0.0005
"""The pause between two turns, in which the receiver has taken what came."""


class End(Protocol):
    """One end of what is measured."""

    received: int

    async def start(self) -> int:
        """Listen; return the port."""

    async def meet(self, port: int) -> None:
        """Connect to the other end."""

    def send(self, frame: bytes) -> None:
        """Send a frame."""


class LinkEnd(End, LinkListener):
    """An end of a link."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._links: WorkerLinks
        self._run: asyncio.Task[None]
        self._begun = asyncio.Event()
        self.received = 0

    @override
    async def start(self) -> int:
        sock = bind_socket(_HOST, 0)
        self._links = WorkerLinks(
            identity=Identity(cluster="benchmark", secret=b"secret", incarnation=self._name),
            listener=self,
            carriers=Carriers(TcpCarrier(sock)),
            bounds=LinkBounds(),
            monotonic_s=time.monotonic,
            random=random.random,
            token_bytes=secrets.token_bytes,
        )
        self._run = asyncio.create_task(self._links.run())
        self._links.know({SENDER: PeerAddress(_HOST, 1)})  # who is met in the other direction
        port: int = sock.getsockname()[1]
        return port

    @override
    async def meet(self, port: int) -> None:
        self._links.know({RECEIVER: PeerAddress(_HOST, port)})
        await self._begun.wait()

    @override
    def send(self, frame: bytes) -> None:
        if not self._links.send(RECEIVER, frame):
            raise ConnectionError("the conversation is broken")

    @override
    def on_begun(self, peer: str) -> None:
        self._begun.set()

    @override
    def on_frame(self, peer: str, frame: bytes) -> None:
        self.received += 1

    @override
    def on_broken(self, peer: str) -> None:
        """A send fails by itself."""


class StreamEnd(End):
    """An end of a plain stream: each frame after its length."""

    def __init__(self, _name: str) -> None:
        self._writer: asyncio.StreamWriter
        self._server: asyncio.Server
        self.received = 0

    @override
    async def start(self) -> int:
        self._server = await asyncio.start_server(self._read, _HOST, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @override
    async def meet(self, port: int) -> None:
        _, self._writer = await asyncio.open_connection(_HOST, port)

    @override
    def send(self, frame: bytes) -> None:
        self._writer.write(len(frame).to_bytes(4, "little") + frame)

    async def _read(self, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                length = int.from_bytes(await reader.readexactly(4), "little")
                await reader.readexactly(length)
                self.received += 1


async def serve(end: End) -> None:
    """Do what stdin says until it ends."""
    print(f"ready port={await end.start()}", flush=True)
    while words := (await asyncio.to_thread(sys.stdin.readline)).split():
        match words:
            case ["meet", port]:
                await end.meet(int(port))
            case ["send", count, per_turn]:
                for _ in range(0, int(count), int(per_turn)):
                    for _ in range(int(per_turn)):
                        end.send(FRAME)
                    await asyncio.sleep(_TURN_S)
            case ["wait", count]:
                while end.received < int(count):  # noqa: ASYNC110 - an event would be set for each frame
                    await asyncio.sleep(0.01)
        print("done", flush=True)


if __name__ == "__main__":
    _kinds = {"link": LinkEnd, "stream": StreamEnd}
    uvloop.run(serve(_kinds[sys.argv[1]](sys.argv[2])))
