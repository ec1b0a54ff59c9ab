"""A file as an answer: whole, in part, or not at all because the client has it.

The module speaks plain ASGI. Where the server has the extension `http.response.zerocopysend`, the file goes from the
kernel's cache to the socket; elsewhere it is read and sent in pieces, and so is what is no file of this machine but can
be read in parts (`ByteSource`). A `FileAnswer` closes a file that it has opened, and leaves one that was open.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol
from urllib.parse import quote

import msgspec

from core.http.ranges import File, Outcome, Selection, encode_date, select

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_ZERO_COPY: Final = "http.response.zerocopysend"
_PIECE_BYTES: Final = 65_536


class ByteSource(Protocol):
    """Bytes that are elsewhere, and whose size is known."""

    @property
    def size_bytes(self) -> int:
        """The size of the whole."""

    def read(self, start: int, size_bytes: int) -> AsyncIterator[bytes]:
        """Yield a part in pieces."""


class FileAnswer(msgspec.Struct, kw_only=True, frozen=True):
    """The description of a file besides its bytes."""

    content_type: str
    etag: str | None = None
    """The entity tag without quotes. It must change with the bytes, because broken downloads are resumed by it."""
    modified_s: int | None = None
    filename: str | None = None
    """The name under which a browser saves it."""
    is_attachment: bool = False
    """Whether a browser saves it and does not show it."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Further headers, above all Cache-Control, which every answer has."""

    async def send(self, scope: Mapping[str, Any], send: Send, file: BinaryIO | Path) -> None:
        """Answer a GET or a HEAD. A path is open during the call.

        Raises:
            OSError: when the path cannot be opened, or the client goes before it has all.
        """
        if not isinstance(file, Path):
            await self._send_open(scope, send, file)
            return
        opened = await asyncio.to_thread(file.open, "rb")
        try:
            await self._send_open(scope, send, opened)
        finally:
            opened.close()

    async def send_source(self, scope: Mapping[str, Any], send: Send, source: ByteSource) -> None:
        """Answer a GET or a HEAD. What the source raises in the middle ends the connection."""
        selection = await self._begin(scope, send, source.size_bytes)
        left_bytes = 0 if scope["method"] == "HEAD" else selection.size_bytes
        if left_bytes:
            async for piece in source.read(selection.start, left_bytes):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    async def _send_open(self, scope: Mapping[str, Any], send: Send, file: BinaryIO) -> None:
        selection = await self._begin(scope, send, os.fstat(file.fileno()).st_size)
        if scope["method"] == "HEAD" or not selection.size_bytes:
            await send({"type": "http.response.body"})
        elif _ZERO_COPY in (scope.get("extensions") or ()):
            await send({"type": _ZERO_COPY, "file": file, "offset": selection.start, "count": selection.size_bytes})
        else:
            await _send_pieces(send, file, selection)

    async def _begin(self, scope: Mapping[str, Any], send: Send, size_bytes: int) -> Selection:
        """Send the head, and return which part is to follow."""
        etag = None if self.etag is None else f'"{self.etag}"'.encode()
        selection = select(File(size_bytes, etag, self.modified_s), scope["headers"])
        headers = [*self._describe(etag), *self.headers, *_measure(selection, size_bytes)]
        if selection.outcome in (Outcome.WHOLE, Outcome.PART):
            headers += self._describe_body()
        await send({"type": "http.response.start", "status": selection.outcome.value, "headers": headers})
        return selection

    def _describe(self, etag: bytes | None) -> list[tuple[bytes, bytes]]:
        headers = [(b"accept-ranges", b"bytes")]
        if etag is not None:
            headers.append((b"etag", etag))
        if self.modified_s is not None:
            headers.append((b"last-modified", encode_date(self.modified_s)))
        return headers

    def _describe_body(self) -> list[tuple[bytes, bytes]]:
        headers = [(b"content-type", self.content_type.encode())]
        if self.filename is not None or self.is_attachment:
            headers.append(
                (b"content-disposition", encode_disposition(self.filename, is_attachment=self.is_attachment))
            )
        return headers


def encode_disposition(filename: str | None, *, is_attachment: bool) -> bytes:
    """Encode Content-Disposition (RFC 6266): the name in plain letters for old clients, and once as it is."""
    kind = "attachment" if is_attachment else "inline"
    if filename is None:
        return kind.encode()
    plain = "".join(each if 32 <= ord(each) < 127 and each not in '"\\%' else "_" for each in filename)
    value = f'{kind}; filename="{plain}"'
    if plain != filename:
        value += f"; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"
    return value.encode("ascii")


def _measure(selection: Selection, size_bytes: int) -> list[tuple[bytes, bytes]]:
    match selection.outcome:
        case Outcome.NOT_MODIFIED:
            return []
        case Outcome.UNSATISFIABLE:
            return [(b"content-range", b"bytes */%d" % size_bytes), (b"content-length", b"0")]
        case Outcome.PART:
            last = selection.start + selection.size_bytes - 1
            part = b"bytes %d-%d/%d" % (selection.start, last, size_bytes)
            return [(b"content-range", part), (b"content-length", b"%d" % selection.size_bytes)]
        case _:
            return [(b"content-length", b"%d" % selection.size_bytes)]


async def _send_pieces(send: Send, file: BinaryIO, selection: Selection) -> None:
    place, left_bytes = selection.start, selection.size_bytes
    while left_bytes:
        piece = await asyncio.to_thread(os.pread, file.fileno(), min(left_bytes, _PIECE_BYTES), place)
        if not piece:
            raise EOFError("the file has become shorter")
        place += len(piece)
        left_bytes -= len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": bool(left_bytes)})
