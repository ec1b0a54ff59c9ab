"""One event, encoded lazily and once per form.

Every session that gets the event, every replay ring that remembers it, holds a reference to the same object; nothing in it
is about one recipient. Recipients that see less (no message content, no nonce) share a twin of their own.

Owner: whoever resolved the event's audience makes it; it is immutable for all others. Forms are made when a connection
first asks for them, so an event that nobody gets costs nothing.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from core_ext import Template
from gateway.compression import Compression
from gateway.encodings import Encoding, share_dispatch

_EMPTIED: dict[str, Any] = {"content": "", "embeds": [], "attachments": [], "components": []}
"""What a message shows without the content intent; `poll` goes away altogether."""


TEMPLATES: Final = 9
"""How many forms have templates: three encodings, each uncompressed and in two kinds of stream."""


class DispatchBody:
    """An event's name and `d`, in every form that was asked for."""

    __slots__ = (
        "_payload",
        "_segments",
        "_shared",
        "_without_content",
        "_without_nonce",
        "event",
        "size_bytes",
        "templates",
    )

    def __init__(self, event: str, payload: msgspec.Raw | bytes) -> None:
        self.event = event
        # Kept until the JSON form is there, which contains it: rings hold bodies for long.
        self._payload: bytes | None = bytes(payload)
        self.size_bytes: Final = len(self._payload)
        """What a replay ring counts: the size of `d` as JSON."""
        self.templates: list[Template | None] = [None] * TEMPLATES
        """By the forms' `index`; each is put here by the first who needs it."""
        self._shared: list[bytes | None] = [None, None, None]
        self._segments: dict[tuple[Encoding, Compression], bytes] = {}
        self._without_content: DispatchBody | None = None
        self._without_nonce: DispatchBody | None = None

    @property
    def payload(self) -> bytes:
        """`d` as JSON."""
        if self._payload is not None:
            return self._payload
        shared = self.shared(Encoding.JSON)
        return shared[-1 - self.size_bytes : -1]

    def shared(self, encoding: Encoding) -> bytes:
        """The part of the dispatch that all recipients share, as `core_ext.frame_*` and `splice_*` take it."""
        shared = self._shared[encoding]
        if shared is None:
            shared = self._shared[encoding] = share_dispatch(encoding, self.event, self.payload)
            if encoding is Encoding.JSON:
                self._payload = None
        return shared

    def segment(
        self, encoding: Encoding, compression: Compression, compress: Callable[[bytes], bytes], start: int
    ) -> bytes:
        """What `compress` makes of the shared part from `start` on: once for each encoding and compression."""
        key = (encoding, compression)
        segment = self._segments.get(key)
        if segment is None:
            segment = self._segments[key] = compress(self.shared(encoding)[start:])
        return segment

    def without_content(self) -> "DispatchBody":
        """The same message as sessions without the content intent see it."""
        if self._without_content is None:
            self._without_content = self._changed(strip_content)
        return self._without_content

    def without_nonce(self) -> "DispatchBody":
        """The same message for everybody but its author."""
        if self._without_nonce is None:
            self._without_nonce = self._changed(strip_nonce)
        return self._without_nonce

    def _changed(self, change: Callable[[dict[str, Any]], None]) -> "DispatchBody":
        d = msgspec.json.decode(self.payload)
        change(d)
        return DispatchBody(self.event, msgspec.json.encode(d))


def strip_content(message: dict[str, Any]) -> None:
    """Empties what the content intent guards, in a message and in the messages that it quotes. Changes its argument."""
    for field, empty in _EMPTIED.items():
        if field in message:
            message[field] = empty
    message.pop("poll", None)
    if isinstance(message.get("referenced_message"), dict):
        strip_content(message["referenced_message"])
    for snapshot in message.get("message_snapshots") or ():
        strip_content(snapshot.get("message") or {})


def strip_nonce(message: dict[str, Any]) -> None:
    """Takes the nonce away. Changes its argument."""
    message.pop("nonce", None)
