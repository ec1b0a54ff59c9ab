"""The direct carrier: a TCP connection, on which each message has its length (four bytes, little-endian) before it.

What one turn of the loop sends is one write already (`core.links.link`), so nothing waits for more (TCP_NODELAY). A
path that is dead is noticed by the silence of the other end, not by TCP.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Final, cast

from typing_extensions import override

from core.links.interfaces import PeerAddress
from core.links.wires import SHORT_BYTES, Carrier, Wire, WireReceiver

TCP: Final = "tcp"

_LENGTH_BYTES: Final = 4
_LONGEST_BYTES: Final = 2**30
"""More than any budget, and less than a broken length."""
_WINDOW_BYTES: Final = 16 * 1024 * 1024
"""What a fast network has under way between two acknowledgements, many times over."""
_BUFFER_BYTES: Final = 1024 * 1024
"""What is given to the transport beyond what the kernel takes. The rest waits in the outbox, which has it anyway."""


class TcpWire(asyncio.Protocol, Wire):
    """One end of a connection."""

    __slots__ = ("_accept", "_is_gone", "_is_paused", "_longest_bytes", "_missing", "_parts", "_receiver", "_transport")

    def __init__(self, accept: Callable[[Wire], WireReceiver]) -> None:
        """`accept` is called when the connection is made, and returns the receiver."""
        self._accept = accept
        self._receiver: WireReceiver
        self._transport: asyncio.Transport
        self._is_gone = False
        self._is_paused = False
        self._longest_bytes = SHORT_BYTES
        self._parts: list[bytes] = []
        """The pieces of a message that has not come whole."""
        self._missing = 0
        """The bytes that must come before there is something to do with the parts."""

    @property
    @override
    def carrier(self) -> str:
        return TCP

    @property
    @override
    def window_bytes(self) -> int:
        return _WINDOW_BYTES

    @property
    @override
    def is_ready(self) -> bool:
        return not self._is_paused

    @override
    def send(self, message: bytes) -> None:
        if not self._is_gone:
            self._transport.write(len(message).to_bytes(_LENGTH_BYTES, "little") + message)

    @override
    def hand_over(self, receiver: WireReceiver) -> None:
        self._receiver = receiver
        self._longest_bytes = _LONGEST_BYTES

    @override
    def close(self) -> None:
        if self._is_gone:
            return
        self._is_gone = True
        if self._transport.get_write_buffer_size():
            self._transport.abort()  # nobody takes it
        else:
            self._transport.close()  # the kernel still sends what it has

    # ---- what asyncio calls

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_BUFFER_BYTES)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._receiver = self._accept(self)

    @override
    def data_received(self, data: bytes) -> None:
        if len(data) < self._missing:
            self._parts.append(data)
            self._missing -= len(data)
            return
        if self._parts:
            data = b"".join((*self._parts, data))
            self._parts.clear()
        begin = self._read(data)
        if self._is_gone or begin == len(data):
            self._missing = 0
        else:
            self._parts.append(data[begin:] if begin else data)

    def _read(self, data: bytes) -> int:
        """Hand over the messages that are whole; return where the rest begins, and note how much of it is missing."""
        begin, size = 0, len(data)
        while not self._is_gone and begin < size:
            body = begin + _LENGTH_BYTES
            if body > size:
                self._missing = body - size
                return begin
            length = int.from_bytes(data[begin:body], "little")
            if length > self._longest_bytes:
                self._lose()
                return begin
            end = body + length
            if end > size:
                self._missing = end - size
                return begin
            self._receiver.on_message(data[body:end])
            begin = end
        return begin

    @override
    def pause_writing(self) -> None:
        self._is_paused = True

    @override
    def resume_writing(self) -> None:
        self._is_paused = False
        if not self._is_gone:
            self._receiver.on_ready()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self._is_gone:
            self._is_gone = True
            self._receiver.on_lost()

    def _lose(self) -> None:
        """End a connection whose other end does not keep to the rules."""
        self._transport.abort()
        self.connection_lost(None)


class TcpCarrier(Carrier):
    """Connections to other workers, and theirs to this one."""

    __slots__ = ("_sock",)

    def __init__(self, sock: socket.socket | None) -> None:
        """`sock` listens already, and `serve` closes it; None for a side that only dials."""
        self._sock = sock

    @property
    @override
    def name(self) -> str:
        return TCP

    @override
    async def dial(self, peer: str, address: PeerAddress, receiver: WireReceiver) -> Wire:
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: TcpWire(lambda _: receiver), address.host, address.port)
        return wire

    @override
    async def serve(self, accept: Callable[[Wire], WireReceiver]) -> None:
        server = None
        if self._sock is not None:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: TcpWire(accept), sock=self._sock)
        try:
            await asyncio.Event().wait()
        finally:
            if server is not None:
                server.close()
