"""HTTP connections whose request heads are bounded in bytes and in time.

uvicorn's protocol collects a request's line and headers for as long as they come, before any application sees them: a client
that never ends its headers would cost memory without end, one that sends nothing a connection for ever. Bodies are the
application's to bound.
"""

import asyncio
from typing import Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES: Final = 65_536
"""Several times what the API itself accepts (it answers 431), so that only floods are cut off here."""

HEAD_TIMEOUT_S: Final = 30.0

_REFUSAL: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn offers no setting for either bound, so its callbacks are overridden."""

    _head_since_s: float | None = None
    """Since when a head has been on its way, by the loop's clock; None between heads."""
    _head_bytes = 0
    _watch: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_since_s = self.loop.time()
        self._watch = self.loop.call_later(HEAD_TIMEOUT_S, self._check_time)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        was_in_head = self._head_since_s is not None
        super().data_received(data)
        # What came before the head's first chunk ended belongs to another request, so only whole chunks are counted.
        if was_in_head and self._head_since_s is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(_REFUSAL)
                self.transport.close()

    @override
    def on_message_begin(self) -> None:
        self._head_since_s = self.loop.time()
        self._head_bytes = 0
        super().on_message_begin()

    @override
    def on_headers_complete(self) -> None:
        self._head_since_s = None
        super().on_headers_complete()

    def _check_time(self) -> None:
        if self._head_since_s is not None and self.loop.time() - self._head_since_s >= HEAD_TIMEOUT_S:
            self.transport.close()
            return
        self._watch = self.loop.call_later(HEAD_TIMEOUT_S, self._check_time)
