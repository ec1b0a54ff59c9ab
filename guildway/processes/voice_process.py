"""The process of a media node: started, watched and started again by the process that holds its sockets.

```
 holder ─ opens the sockets ─→ starts the process, which inherits them ─→ on_up ─→ waits for its end ─→ on_down ─┐
            ↑                                                                                                    │
            └────────────────────────────────────────────────────────────────────────────────────────────────────┘
```

A taken port is told at the start like any other, and a node that is started again has the same ports: what clients
send meanwhile waits in the kernel. Its configuration with the secret goes over its input, whose end is the node's end.
"""

import asyncio
import contextlib
import logging
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

import voice
from core.redis.backoff import Backoff
from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings, VoiceSettings
from core.runtime.sockets import bind_datagram_socket, bind_socket
from core.voice.installed import has_voice
from guildway.version import VERSION
from voice.configuration import KnownGateways, NodeConfiguration, encode_configuration, encode_gateways

logger = logging.getLogger(__name__)

_READY_S: Final = 30.0
_CALM_S: Final = 30.0
"""A node that has lived for so long did not die of how it was started."""


class NodePorts(msgspec.Struct, frozen=True):
    """The sockets of a node, held by the process that starts it."""

    websocket: socket.socket
    media: socket.socket
    control: socket.socket


class NodeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a node is told beside the settings."""

    cluster: str
    secret: bytes
    leave_s: float = 0.0
    """How long clients have time to go to other nodes, when it is told to stop."""


class NodeProcess:
    """The process. `run` keeps it."""

    __slots__ = ("_facts", "_gateways", "_make_name", "_on_down", "_on_up", "_ports", "_process", "_settings", "pid")

    def __init__(
        self,
        *,
        settings: Settings,
        ports: NodePorts,
        facts: NodeFacts,
        make_name: Callable[[], str],
        on_up: Callable[[str], None],
        on_down: Callable[[], None],
    ) -> None:
        """`make_name` names each life of the node; `on_up` is told it when the node serves, `on_down` at its end."""
        self._settings = settings
        self._ports = ports
        self._facts = facts
        self._make_name = make_name
        self._on_up = on_up
        self._on_down = on_down
        self._gateways: tuple[str, ...] = ()
        self._process: asyncio.subprocess.Process | None = None
        self.pid = 0
        """The process that was started last."""

    def know(self, gateways: tuple[str, ...]) -> None:
        """Let these gateways connect, and no others."""
        if gateways == self._gateways:
            return
        self._gateways = gateways
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(encode_gateways(KnownGateways(gateways)) + b"\n")

    def reload(self) -> None:
        """Have the node read its certificate again. One that is about to serve has just read it."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):  # The next one reads it anew.
                self._process.send_signal(signal.SIGHUP)

    async def run(self) -> None:
        """Keep a node until cancelled. A pause is between two starts: whoever speaks waits for no other."""
        backoff = Backoff(random.random)
        while True:
            began_s = time.monotonic()
            await self._run_once()
            lived_s = time.monotonic() - began_s
            if lived_s > _CALM_S:
                backoff.reset()
            await asyncio.sleep(backoff.next_s() - lived_s)

    async def _run_once(self) -> None:
        name = self._make_name()
        process = await self._start()
        try:
            self.pid = process.pid
            if await self._is_ready(process, name):
                self._process = process
                self._on_up(name)
                logger.info("the voice node serves", extra={"node": name, "node_pid": process.pid})
            status = await process.wait()
            logger.error("the voice node has ended", extra={"node": name, "exit_status": status})
        except asyncio.CancelledError:
            await self._end(process)
            raise
        finally:
            self._process = None
            self._on_down()
            await self._end(process)

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
                is_ready = await process.stdout.readline() == b"ready\n"
        except (TimeoutError, OSError):
            await self._end(process)
            return False
        # Others may have come or gone while it began.
        process.stdin.write(encode_gateways(KnownGateways(self._gateways)) + b"\n")
        return is_ready

    def _configure(self, name: str) -> NodeConfiguration:
        settings = self._settings.voice
        # A key beside another certificate is not its own.
        tls = settings if settings.certificate else self._settings.tls
        return NodeConfiguration(
            name=name,
            gateways=self._gateways,
            cluster=self._facts.cluster,
            secret=self._facts.secret,
            websocket_fd=self._ports.websocket.fileno(),
            media_fd=self._ports.media.fileno(),
            control_fd=self._ports.control.fileno(),
            public_address=settings.public_address,
            certificate=tls.certificate,
            certificate_key=tls.certificate_key,
            most_voices=settings.most_voices,
            dave=settings.dave,
            leave_s=self._facts.leave_s,
            logging=self._settings.logging,
            version=VERSION,
        )

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Close the node's input, at which it ends; kill it when it does not."""
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(1 + self._facts.leave_s):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _bind(setting: str, bind: Callable[[str, int], socket.socket], host: str, port: int) -> socket.socket:
    """Bind a socket, and name the setting when that cannot be: no flag has it, and a second server needs another."""
    try:
        return bind(host, port)
    except StartError as error:
        raise StartError(f"{error} ({setting})") from error


@contextlib.contextmanager
def open_ports(settings: VoiceSettings, *, control_host: str = "127.0.0.1") -> Iterator[NodePorts | None]:
    """Open the node's sockets; None where there is no voice. Raises StartError."""
    if not has_voice(settings):
        yield None
        return
    for path in filter(None, (settings.certificate, settings.certificate_key)):
        if not os.access(path, os.R_OK):
            raise StartError(f"voice.certificate: {path} cannot be read")
    with (
        _bind("voice.port", bind_socket, settings.host, settings.port) as websocket,
        _bind("voice.media_port", bind_datagram_socket, settings.host, settings.media_port) as media,
        bind_socket(control_host, 0) as control,
    ):
        yield NodePorts(websocket, media, control)
