"""The way to the client: bytes and files, as fast as it takes them.

    Exchange ── write, send_file ──→ Writer ── transport's buffer ──→ kernel
                                       └────── sendfile(2), past it ──↗

A write waits while the transport's buffer is full. A file goes from the kernel's cache to its socket without a copy in
the process, once all bytes before it are with the kernel; where the kernel cannot do that, the file is read and written
in pieces. The loop's own `sendfile` is not used, because uvloop has none.

A writer also knows whether the client takes nothing for too long. During a file it owns a duplicate of the socket's
descriptor, and no other.
"""

import asyncio
import errno
import os
import socket
import struct
from typing import Final

_PIECE_BYTES: Final = 262_144
"""The part of a file that is sent in one turn of the loop: well under a millisecond from the cache."""

_NO_SENDFILE: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
"""The errors of kernels for files or sockets that sendfile(2) does not support."""


_NO_LINGER: Final = struct.pack("ii", 1, 0)


class ClientGoneError(ConnectionError):
    """Nobody is there to take the rest of the answer."""


class Writer:
    """The writer of one connection, which tells it when the buffer fills and empties, and when the client is lost."""

    __slots__ = ("_file_bytes", "_is_lost", "_may_send", "_taken_bytes", "_transport", "_unread_since_s",
                 "_written_bytes", "room")  # fmt: skip

    def __init__(self, transport: asyncio.Transport, *, now_s: float) -> None:
        self._transport = transport
        self.room: asyncio.Future[None] | None = None
        """Pending while the transport's buffer is full; None while it has room."""
        self._written_bytes = 0
        self._taken_bytes = 0
        """The number of written bytes that the client had taken at the last check."""
        self._unread_since_s = now_s
        self._file_bytes = 0
        """The rest of the file that is being sent."""
        self._may_send: asyncio.Future[None] | None = None
        """Pending while the kernel takes nothing of a file."""
        self._is_lost = False

    def pause(self) -> None:
        """Let writes wait: the transport's buffer is full."""
        self.room = asyncio.get_running_loop().create_future()

    def resume(self) -> None:
        """Wake writes: the transport's buffer has room."""
        if self.room is not None:
            _settle(self.room)
            self.room = None

    def lose(self) -> None:
        """Wake everything that waits: the client has gone."""
        self._is_lost = True
        self.resume()
        if self._may_send is not None:
            _settle(self._may_send)

    async def write(self, data: bytes) -> None:
        """Write when there is room. Do nothing when the client has gone."""
        await self.wait_for_room()
        self.write_now(data)

    async def wait_for_room(self) -> None:
        """Wait until the transport's buffer has room, or the client has gone."""
        while self.room is not None:
            await asyncio.shield(self.room)

    def write_now(self, data: bytes) -> None:
        """Write without waiting for room. Do nothing when the client has gone."""
        if not self._transport.is_closing():
            self._written_bytes += len(data)
            self._transport.write(data)

    async def send_file(self, file: int, offset: int, size_bytes: int) -> None:
        """Send a part of an open file, behind all that was written before.

        Raises:
            ClientGoneError: when the client goes before it has taken all.
            EOFError: when the file ends before.
        """
        is_plain = self._transport.get_extra_info("sslcontext") is None
        if is_plain:  # with TLS everything goes through the transport, in its order
            await self._drain()
        out = self._duplicate_socket() if is_plain else None
        self._file_bytes = size_bytes
        self._written_bytes += size_bytes
        try:
            while self._file_bytes:
                if self._is_lost or self._transport.is_closing():
                    raise ClientGoneError
                sent = await (self._copy(file, offset) if out is None else self._send(out, file, offset))
                offset += sent
                self._file_bytes -= sent
                await asyncio.sleep(0)
        finally:
            self._file_bytes = 0
            if out is not None:
                os.close(out)

    def reset_when_closed(self) -> None:
        """Have the kernel reset the connection, because a plain close can look like the end of the answer."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None and not self._transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)

    @property
    def has_waiting(self) -> bool:
        """Whether written bytes wait in the process."""
        return self._transport.get_write_buffer_size() > 0

    def is_unread_for(self, limit_s: float, now_s: float) -> bool:
        """Return whether the client has taken nothing for so long although bytes wait for it."""
        waiting_bytes = self._transport.get_write_buffer_size() + self._file_bytes
        taken_bytes = self._written_bytes - waiting_bytes
        if not waiting_bytes or taken_bytes > self._taken_bytes:
            self._taken_bytes = taken_bytes
            self._unread_since_s = now_s
        return now_s - self._unread_since_s >= limit_s

    async def _drain(self) -> None:
        """Wait until all written bytes are with the kernel."""
        if not self._transport.is_closing():
            self._transport.set_write_buffer_limits(high=0)
        await self.wait_for_room()
        if not self._transport.is_closing():
            self._transport.set_write_buffer_limits()

    def _duplicate_socket(self) -> int | None:
        """Duplicate the descriptor, since the loop lets nobody wait for a transport's own. None without a socket."""
        sock = self._transport.get_extra_info("socket")
        return None if sock is None or self._transport.is_closing() else os.dup(sock.fileno())

    async def _send(self, out: int, file: int, offset: int) -> int:
        """Send a piece; return the number of bytes that the kernel has taken, which may be 0."""
        try:
            sent = os.sendfile(out, file, offset, min(self._file_bytes, _PIECE_BYTES))
        except BlockingIOError:
            await self._wait_until_writable(out)
            return 0
        except OSError as error:
            if error.errno in _NO_SENDFILE:
                return await self._copy(file, offset)
            raise ClientGoneError from error
        if not sent:
            raise EOFError("the file is shorter than was announced")
        return sent

    async def _copy(self, file: int, offset: int) -> int:
        piece = await asyncio.to_thread(os.pread, file, min(self._file_bytes, _PIECE_BYTES), offset)
        if not piece:
            raise EOFError("the file is shorter than was announced")
        self._written_bytes -= len(piece)  # the whole file is counted already
        await self.write(piece)
        return len(piece)

    async def _wait_until_writable(self, out: int) -> None:
        loop = asyncio.get_running_loop()
        self._may_send = loop.create_future()
        loop.add_writer(out, _settle, self._may_send)
        try:
            await self._may_send
        finally:
            self._may_send = None
            loop.remove_writer(out)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
