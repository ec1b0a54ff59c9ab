"""The media node of the embedded server: a process of its own, which the server starts, watches and starts again.

```
 server ─ opens the sockets ─→ starts the process, which inherits them ─→ offers it ─→ waits for its end ─┐
            ↑                                                                                             │
            └──────────── withdraws it: its rooms are placed again when the next one is up ←──────────────┘
```

The server holds the node's sockets, so a taken port is told at the start like any other, and a node that is started
again has the same ports: what clients send meanwhile waits in the kernel. Both talk over a link on loopback; the secret
of link and tokens is made at each start of the server and handed to the node on its input, whose end is the node's end.
"""

import asyncio
import contextlib
import importlib.util
import logging
import os
import random
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

import voice
from core.links.bounds import LinkBounds
from core.links.handshake import Identity
from core.links.interfaces import PeerAddress
from core.links.tcp import TcpCarrier
from core.links.wires import Carriers
from core.links.worker_links import WorkerLinks
from core.redis.backoff import Backoff
from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.runtime.randomness import Randomness
from core.runtime.settings.settings import Settings, VoiceSettings
from core.runtime.sockets import bind_datagram_socket, bind_socket
from core.voice.linked_nodes import LinkedVoiceNodes, NodeAddress
from guildway.processes.server import Chore
from guildway.processes.voice_meters import VoiceMeters
from guildway.version import VERSION
from voice.configuration import NodeConfiguration, encode_configuration

logger = logging.getLogger(__name__)

_GATEWAY: Final = "gateway"
_NODE: Final = "voice"
"""The names of both ends. The gateway's is the smaller one, so it connects."""
_SECRET_BYTES: Final = 32
_READY_S: Final = 30.0
_LIBRARIES: Final = ("cryptography", "nacl")
_CALM_S: Final = 30.0
"""A node that has lived for so long did not die of how it was started."""


class NodePorts(msgspec.Struct, frozen=True):
    """The sockets of a node, held by the server."""

    websocket: socket.socket
    media: socket.socket
    control: socket.socket


class VoiceNodeProcess:
    """The node's process and the gateway's way to it. `run` keeps it."""

    __slots__ = ("_links", "_meters", "_ports", "_randomness", "_secret", "_settings", "nodes", "pid")

    def __init__(
        self, *, settings: Settings, ports: NodePorts, clock: Clock, randomness: Randomness, meters: VoiceMeters
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._randomness = randomness
        self._meters = meters
        self._secret = randomness.token_bytes(_SECRET_BYTES)
        self.nodes = LinkedVoiceNodes(
            secret=self._secret, clock=clock, token_bytes=randomness.token_bytes, observe=meters.observe
        )
        """What the gateway depends on."""
        self.pid = 0
        """The process that was started last."""
        self._links = WorkerLinks(
            identity=Identity(cluster="", secret=self._secret, incarnation=_GATEWAY),
            listener=self.nodes,
            carriers=Carriers(TcpCarrier(None)),
            bounds=LinkBounds(),
            monotonic_s=clock.monotonic_s,
            random=random.random,
            token_bytes=randomness.token_bytes,
        )
        self.nodes.attach(self._links)

    def list_chores(self) -> dict[str, Chore]:
        """List what goes on beside the server."""
        return {"voice links": self._links.run, "voice node": self.run}

    async def run(self) -> None:
        """Keep a node until cancelled."""
        backoff = Backoff(random.random)
        while True:
            began_s = time.monotonic()
            await self._run_once()
            if time.monotonic() - began_s > _CALM_S:
                backoff.reset()
            self._meters.on_end()
            await asyncio.sleep(backoff.next_s())

    async def _run_once(self) -> None:
        name = f"{_NODE}-{self._randomness.token_hex(4)}"
        process = await self._start()
        try:
            self.pid = process.pid
            if await self._is_ready(process, name):
                self.nodes.offer({name: self._find_address()})
                logger.info("the voice node serves", extra={"node": name, "node_pid": process.pid})
            status = await process.wait()
            logger.error("the voice node has ended", extra={"node": name, "exit_status": status})
        finally:
            self.nodes.offer({})
            await _end(process)

    async def _start(self) -> asyncio.subprocess.Process:
        root = str(Path(voice.__path__[0]).parent)
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "voice"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"PYTHONPATH": path, "PATH": os.environ.get("PATH", "")},  # nothing that the server may know alone
            pass_fds=(self._ports.websocket.fileno(), self._ports.media.fileno(), self._ports.control.fileno()),
            start_new_session=True,  # a signal to the server's group is not for it: clients are told first
        )

    async def _is_ready(self, process: asyncio.subprocess.Process, name: str) -> bool:
        if process.stdin is None or process.stdout is None:
            return False
        try:
            async with asyncio.timeout(_READY_S):
                process.stdin.write(encode_configuration(self._configure(name)) + b"\n")
                await process.stdin.drain()
                return await process.stdout.readline() == b"ready\n"
        except (TimeoutError, OSError):
            await _end(process)
            return False

    def _configure(self, name: str) -> NodeConfiguration:
        settings = self._settings.voice
        return NodeConfiguration(
            name=name,
            gateway=_GATEWAY,
            cluster="",
            secret=self._secret,
            websocket_fd=self._ports.websocket.fileno(),
            media_fd=self._ports.media.fileno(),
            control_fd=self._ports.control.fileno(),
            public_address=settings.public_address,
            certificate=settings.certificate,
            certificate_key=settings.certificate_key,
            logging=self._settings.logging,
            version=VERSION,
        )

    def _find_address(self) -> NodeAddress:
        host, port = self._ports.control.getsockname()[:2]
        settings = self._settings.voice
        public_port = settings.public_port or self._ports.websocket.getsockname()[1]
        return NodeAddress(PeerAddress(host, port), settings.public_host, public_port)


@contextlib.contextmanager
def open_ports(settings: VoiceSettings) -> Iterator[NodePorts | None]:
    """Open the node's sockets; None where there is no voice. Raises StartError."""
    if not settings.enabled:
        yield None
        return
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        logger.warning("no voice: install the extra guildway[voice], or set voice.enabled to false")
        yield None
        return
    for path in filter(None, (settings.certificate, settings.certificate_key)):
        if not os.access(path, os.R_OK):
            raise StartError(f"voice.certificate: {path} cannot be read")
    with (
        bind_socket(settings.host, settings.port) as websocket,
        bind_datagram_socket(settings.host, settings.media_port) as media,
        bind_socket("127.0.0.1", 0) as control,
    ):
        yield NodePorts(websocket, media, control)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close the node's input, at which it ends; kill it when it does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(1):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
