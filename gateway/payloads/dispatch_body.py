"""One event for many sessions, encoded lazily and once per format.

Every session that gets the event, every replay ring that remembers it, holds a reference to the same object; nothing in it
is about one recipient. Recipients that see less (no message content, no nonce) share a twin of their own. What is for one
session alone is a `gateway.payloads.spliced_body`, which keeps nothing beside its payload.

Owner: whoever resolved the event's audience makes it; it is immutable for all others. Formats are made when a connection
first asks for them, so an event that nobody gets costs nothing.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from core_ext import payloads
from core_ext.payloads import Template
from gateway.payloads.compression import Compression
from gateway.payloads.encodings import Encoding, share_dispatch

_EMPTIED: dict[str, Any] = {"content": "", "embeds": [], "attachments": [], "components": []}
"""What a message shows without the content intent; `poll` goes away altogether."""

TEMPLATES: Final = 9
"""How many formats have templates: three encodings, each uncompressed and in two kinds of stream."""

_STREAMS: Final = 3
"""The compressions that have templates are the first ones."""

_JSON_FRAME_BYTES: Final = len(payloads.share_json("X", b"")) - 1
"""What JSON has after `s` besides the event's name and `d`; all of it but the last byte is before `d`."""


def compute_template_index(encoding: Encoding, compression: Compression) -> int:
    """A format's, see `TemplateMaker`. Not for `ZLIB_PAYLOAD`."""
    return encoding * _STREAMS + compression


class TemplateMaker(Protocol):
    """A format, as far as a body knows it. `index` is in 0..TEMPLATES-1, another one for each format."""

    index: int

    def make_template(self, body: "DispatchBody") -> Template:
        """The body in that format, for every recipient."""

    def chain(self, body: "DispatchBody", previous: "DispatchBody") -> Template | None:
        """The body for recipients whose stream ends in another one; None when that is no shorter."""


class DispatchBody:
    """An event's name and `d`, in every format that was asked for."""

    __slots__ = ("_etf", "_json", "_msgpack", "_templates", "_without_content", "_without_nonce", "event")

    def __init__(self, event: str, payload: msgspec.Raw | bytes) -> None:
        self.event = event
        # All the rest is filled in by the first who needs it: rings hold bodies for long.
        self._json = payloads.share_json(event, bytes(payload))
        self._etf: bytes | None = None
        self._msgpack: bytes | None = None
        self._templates: list[Template | None] | None = None
        self._without_content: DispatchBody | None = None
        self._without_nonce: DispatchBody | None = None

    @property
    def size_bytes(self) -> int:
        """What a replay ring counts: the size of `d` as JSON."""
        return len(self._json) - len(self.event) - _JSON_FRAME_BYTES

    @property
    def payload(self) -> bytes:
        """`d` as JSON."""
        return self._json[len(self.event) + _JSON_FRAME_BYTES - 1 : -1]

    def shared(self, encoding: Encoding) -> bytes:
        """What follows `s`, the same for all recipients."""
        if encoding is Encoding.JSON:
            return self._json
        shared = self._etf if encoding is Encoding.ETF else self._msgpack
        if shared is None:
            shared = share_dispatch(encoding, self.event, self.payload)
            if encoding is Encoding.ETF:
                self._etf = shared
            else:
                self._msgpack = shared
        return shared

    def find_template(self, wire_format: TemplateMaker) -> Template:
        """The event in a format, made once."""
        templates = self._templates
        if templates is None:
            templates = self._templates = [None] * TEMPLATES
        template = templates[wire_format.index]
        if template is None:
            template = templates[wire_format.index] = wire_format.make_template(self)
        return template

    def chain(self, wire_format: TemplateMaker, previous: object) -> Template | None:
        """The event in a format, right for connections whose stream ends in `previous`; None when that saves nothing."""
        return wire_format.chain(self, previous) if isinstance(previous, DispatchBody) else None

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
