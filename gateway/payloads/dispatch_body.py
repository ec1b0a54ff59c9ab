"""One event for many sessions, encoded lazily and once per format.

All sessions that get the event and all replay rings that remember it refer to the same object, and nothing in it is
about one recipient. Recipients that see less (no message content, no nonce) share a variant. An event for one session
alone is a `gateway.payloads.spliced_body`, which keeps only its payload.

The part that resolves the event's audience makes the body, which is immutable for all others. A format is made when a
connection first needs it, so an event that nobody gets costs nothing.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from core.wire.objects.messages.hidden_content import strip_content
from core_ext import payloads
from core_ext.payloads import Template
from gateway.payloads.compression import Compression
from gateway.payloads.encodings import Encoding, share_dispatch

TEMPLATES: Final = 9
"""The number of formats with templates: three encodings, each uncompressed and in two kinds of stream."""

_STREAMS: Final = 3
"""The number of compressions with templates, which are the first ones."""

_JSON_FRAME_BYTES: Final = len(payloads.share_json("X", b"")) - 1
"""The size of the JSON after `s` without the event's name and `d`. All of it but the last byte is before `d`."""


def compute_template_index(encoding: Encoding, compression: Compression) -> int:
    """Compute a format's `TemplateMaker.index`. `ZLIB_PAYLOAD` has none."""
    return encoding * _STREAMS + compression


class TemplateMaker(Protocol):
    """A format, as far as a body knows it. `index` is in 0..TEMPLATES-1 and differs between formats."""

    index: int

    def make_template(self, body: "DispatchBody") -> Template:
        """Make the template of a body, for all recipients."""

    def chain(self, body: "DispatchBody", previous: "DispatchBody") -> Template | None:
        """Make a template for recipients whose stream ends in another body; None when that is no shorter."""


class DispatchBody:
    """An event's name and `d`, in all formats that were needed so far."""

    __slots__ = ("_etf", "_json", "_msgpack", "_templates", "_without_content", "_without_nonce", "event")

    def __init__(self, event: str, payload: msgspec.Raw | bytes) -> None:
        self.event = event
        # The rest is made on first use, because replay rings hold bodies for long.
        self._json = payloads.share_json(event, bytes(payload))
        self._etf: bytes | None = None
        self._msgpack: bytes | None = None
        self._templates: list[Template | None] | None = None
        self._without_content: DispatchBody | None = None
        self._without_nonce: DispatchBody | None = None

    @property
    def size_bytes(self) -> int:
        """The size that a replay ring counts: that of `d` as JSON."""
        return len(self._json) - len(self.event) - _JSON_FRAME_BYTES

    @property
    def payload(self) -> bytes:
        """`d` as JSON."""
        return self._json[len(self.event) + _JSON_FRAME_BYTES - 1 : -1]

    def shared(self, encoding: Encoding) -> bytes:
        """Return the bytes that follow `s`, which are the same for all recipients."""
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
        """Return the template of the event in a format, made once."""
        templates = self._templates
        if templates is None:
            templates = self._templates = [None] * TEMPLATES
        template = templates[wire_format.index]
        if template is None:
            template = templates[wire_format.index] = wire_format.make_template(self)
        return template

    def chain(self, wire_format: TemplateMaker, previous: object) -> Template | None:
        """Return the template for connections whose stream ends in `previous`; None when that saves nothing."""
        return wire_format.chain(self, previous) if isinstance(previous, DispatchBody) else None

    def without_content(self) -> "DispatchBody":
        """Return the variant for sessions without the content intent."""
        if self._without_content is None:
            self._without_content = self._changed(strip_content)
        return self._without_content

    def without_nonce(self) -> "DispatchBody":
        """Return the variant for everybody but the author."""
        if self._without_nonce is None:
            self._without_nonce = self._changed(strip_nonce)
        return self._without_nonce

    def _changed(self, change: Callable[[dict[str, Any]], None]) -> "DispatchBody":
        d = msgspec.json.decode(self.payload)
        change(d)
        return DispatchBody(self.event, msgspec.json.encode(d))


def strip_nonce(message: dict[str, Any]) -> None:
    """Remove the nonce. Changes its argument."""
    message.pop("nonce", None)
