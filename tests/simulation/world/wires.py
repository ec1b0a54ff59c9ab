"""Gateway connections without sockets: a wire with the server's end, and the listener that takes it in.

The connection is the product's own (`gateway.sessions.connection`), with its outlet, intake, track and heartbeat watch.
In place of a descriptor it has a `ServerSocket`, which is its `Link` and its `Ender`.
"""

from collections.abc import Callable
from random import Random
from typing import Protocol

from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from core.wire import close_codes
from gateway.scheduling.batch_timer import CallLater
from gateway.scheduling.sending import Sending
from gateway.sessions.connection import Connection, ConnectionHandler
from gateway.transport.admission import Admission
from gateway.transport.connection_options import parse_connection_options
from gateway.transport.surroundings import ALONE, Surroundings
from tests.simulation.world.network import Direction, is_alive, way_s
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.world import World


class FrameReceiver(Protocol):
    """A client, as its end of the wire sees it."""

    def on_bytes(self, data: bytes) -> None:
        """Take bytes of frames."""

    def on_end(self) -> None:
        """Take the end of the connection. Called once."""


class Wire:
    """One gateway connection: the client calls `send`, `leave` and `vanish`, its receiver gets bytes and the end."""

    def __init__(self, *, world: World, chance: Random, client: ProcessLoop, server: ProcessLoop) -> None:
        self.chance = chance
        self.server = server
        self.client = client
        self.to_client = Direction(loop=client, chance=chance, world=world)
        self.to_server = Direction(loop=server, chance=chance, world=world)
        self.socket: ServerSocket | None = None
        self._receiver: FrameReceiver | None = None

    def open(self, receiver: FrameReceiver) -> None:
        """Bind the client's end."""
        self._receiver = receiver

    def send(self, text: bytes) -> None:
        """Send a text message of the client."""
        self.to_server.send(len(text), lambda: self.socket and self.socket.on_text(text))

    def leave(self, code: int) -> None:
        """Send the client's close frame, and hear no more."""
        self._receiver = None
        self.to_client.is_cut = True
        self.to_server.send(2, lambda: self.socket and self.socket.on_client_close(code))

    def vanish(self) -> None:
        """Lose the network: neither end hears the other any more. The server notices late, or by its heartbeats."""
        self._receiver = None
        self.to_client.is_cut = True
        self.to_server.is_cut = True
        if self.chance.random() < 0.7:
            self.server.call_later(self.chance.random() * 8, lambda: self.socket and self.socket.lose())

    def deliver(self, data: bytes) -> None:
        """Hand bytes of the server to the client."""
        if self._receiver is not None:
            self._receiver.on_bytes(data)

    def end(self) -> None:
        """Tell the client that the connection is over."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.on_end()

    def break_off(self) -> None:
        """The server's process is gone: what is under way may still arrive, or not."""
        if self.chance.random() < 0.5:
            self.to_client.is_cut = True
        self.client.call_later(way_s(self.chance) * 3, self._end_broken)

    def _end_broken(self) -> None:
        self.to_client.is_cut = True
        self.end()


class ServerSocket:
    """The server's end of a wire."""

    def __init__(self, wire: Wire, admission: Admission, forget: Callable[["ServerSocket"], None]) -> None:
        self.connection: Connection
        self.wire = wire
        self._admission = admission
        self._forget = forget
        self._is_ending = False
        self._is_lost = False

    def write(self, data: bytes) -> None:
        """Take bytes, as a `Link`."""
        if not self._is_ending:
            data = bytes(data)
            self.wire.to_client.send(len(data), lambda: self.wire.deliver(data))

    def get_write_buffer_size(self) -> int:
        """Return 0: the kernel's buffers are large."""
        return 0

    def end(self, frame: bytes) -> None:
        """Send the close frame and end, as an `Ender`."""
        self.write(frame)
        self._is_ending = True
        self.wire.to_client.send(0, self.wire.end)
        self.wire.server.call_later(0.01, self.lose)

    def on_text(self, text: bytes) -> None:
        """Take a message of the client."""
        if not self._is_lost:
            self.connection.receive(text, is_text=True)

    def on_client_close(self, code: int) -> None:
        """Take the client's close frame."""
        if not self._is_lost and not self._is_ending:
            self.connection.on_client_close(code)
            self._is_ending = True
            self.lose()

    def lose(self) -> None:
        """The socket is gone."""
        if self._is_lost:
            return
        self._is_lost = True
        self._forget(self)
        self.connection.outlet.cut()
        self._admission.disconnect()
        self.connection.on_lost()


class WireListener:
    """A gateway's listener for wires."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.sockets: dict[ServerSocket, None] = {}
        self.is_open = False

    @property
    def address(self) -> tuple[str, int]:
        """An address that nobody uses."""
        return "gateway", 443

    @property
    def connections(self) -> list[Connection]:
        """The open connections."""
        return [socket.connection for socket in self.sockets]

    async def start(self) -> None:
        """Let clients in."""
        self._admission.start(lambda: self.connections)
        self.is_open = True

    async def stop(self) -> None:
        """Let nobody in any more, and close all."""
        self.is_open = False
        for connection in self.connections:
            connection.close(close_codes.GOING_AWAY)
        self._admission.stop()

    def accept(self, wire: Wire, query: str) -> None:
        """Take a wire in, whose client asks with this query."""
        socket = ServerSocket(wire, self._admission, lambda gone: self.sockets.pop(gone, None))
        socket.connection = self._admission.connect(
            link=socket,
            ender=socket,
            options=parse_connection_options(query),
            address="203.0.113.1",
            host="gateway",
            fd=-1,
        )
        wire.socket = socket
        self.sockets[socket] = None
        self._admission.open(socket.connection)


def make_wire_listener(
    *,
    settings: GatewaySettings,
    clock: Clock,
    call_later: CallLater,
    handler: ConnectionHandler,
    metrics: Metrics,
    sending: Sending | None = None,
    surroundings: Surroundings = ALONE,
) -> WireListener:
    """Make a listener, as `gateway.transport.listener.make_listener` does."""
    assert sending is not None
    return WireListener(
        Admission(
            settings=settings,
            clock=clock,
            call_later=call_later,
            handler=handler,
            metrics=metrics,
            sending=sending,
            surroundings=surroundings,
        )
    )


class GatewayAddress(Protocol):
    """Where clients connect."""

    def connect(self, client: ProcessLoop, receiver: FrameReceiver, query: str) -> Wire | None:
        """Open a connection, None when there is no server."""


class GatewayPort:
    """A gateway's address. The process behind it comes and goes."""

    def __init__(self, *, world: World, chance: Random) -> None:
        self._world = world
        self._chance = chance
        self._listener: WireListener | None = None
        self._loop: ProcessLoop | None = None
        self._wires: list[Wire] = []
        """All wires of this process, those too that it has not accepted yet."""
        self._broken: list[Wire] = []

    @property
    def is_open(self) -> bool:
        """Whether there is a server, paused or not."""
        loop, listener = self._loop, self._listener
        return is_alive(loop) and listener is not None and listener.is_open

    def open(self, loop: ProcessLoop, listener: WireListener) -> None:
        """Let a process answer."""
        self._loop, self._listener = loop, listener

    def close(self) -> None:
        """The process is gone, and so are its sockets."""
        self._listener = self._loop = None
        wires, self._wires = self._wires, []
        for wire in wires:
            wire.break_off()
        self._broken += wires

    def bury(self) -> None:
        """Let go of all connections of dead processes: the collector does not see that an intake has an outlet."""
        for wire in self._broken:
            if wire.socket is not None:
                wire.socket.connection.outlet.cut()
                del wire.socket.connection.intake

    def connect(self, client: ProcessLoop, receiver: FrameReceiver, query: str) -> Wire | None:
        """Open a connection, None when there is no server."""
        loop, listener = self._loop, self._listener
        if loop is None or listener is None or not self.is_open:
            return None
        wire = Wire(world=self._world, chance=self._chance, client=client, server=loop)
        wire.open(receiver)
        self._wires.append(wire)
        wire.to_server.send(1, lambda: listener.accept(wire, query))
        return wire
