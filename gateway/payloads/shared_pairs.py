"""Pairs of a dispatch's `d` that are the same for many sessions: a guild's fields, its roles, the channels of a view.

They are encoded once for each encoding and compressed once for each stream format. The bytes go into the spliced bodies
(`gateway.payloads.spliced_body`) of all sessions. Shared pairs never change: their owner replaces them when they are
old.
"""

from collections.abc import Callable

import msgspec

from gateway.payloads.compression import Compression
from gateway.payloads.encodings import Encoding, encode_pairs


class SharedPairs:
    """The pairs of a JSON object, to be put into another object in every format."""

    __slots__ = ("_binary", "_segments", "_text")

    def __init__(self, pairs: msgspec.Raw | bytes) -> None:
        """`pairs` is a JSON object. Its keys must not be in the objects that it is put into."""
        count, text = encode_pairs(Encoding.JSON, bytes(pairs))
        self._text = b"," + text if count else b""
        self._binary: dict[Encoding, tuple[int, bytes]] = {}
        self._segments: dict[tuple[Encoding, Compression, int], bytes] = {}

    def count(self, encoding: Encoding) -> int:
        """Return the number of pairs. It is 0 in JSON, where nobody needs it."""
        return 0 if encoding is Encoding.JSON else self._find(encoding)[0]

    def text(self, encoding: Encoding) -> bytes:
        """Return the pairs to follow others: in JSON they begin with a comma, if there are any."""
        return self._text if encoding is Encoding.JSON else self._find(encoding)[1]

    def segment(
        self, encoding: Encoding, compression: Compression, position: int, compress: Callable[[bytes, int], bytes]
    ) -> bytes:
        """Return the result of `compress` for the text and a position (0 for a body's first pairs), made once."""
        key = (encoding, compression, position)
        segment = self._segments.get(key)
        if segment is None:
            segment = self._segments[key] = compress(self.text(encoding), position)
        return segment

    def _find(self, encoding: Encoding) -> tuple[int, bytes]:
        found = self._binary.get(encoding)
        if found is None:
            found = self._binary[encoding] = encode_pairs(encoding, b"{" + self._text[1:] + b"}")
        return found
