"""Pairs of a dispatch's `d` that are the same for many sessions: a guild's fields, its roles, the channels of a view.

They are encoded once an encoding and compressed once a stream, and the bytes go into the spliced bodies (`gateway.spliced_body`)
of all sessions. Whoever knows when they change makes new ones then; these never change.
"""

from collections.abc import Callable

import msgspec

from gateway.compression import Compression
from gateway.encodings import Encoding, encode_pairs


class SharedPairs:
    """The pairs of a JSON object, to be put into another object in every form."""

    __slots__ = ("_encoded", "_json", "_segments", "size_bytes")

    def __init__(self, pairs: msgspec.Raw | bytes) -> None:
        """`pairs` is a JSON object. Its keys must not be in the objects that it is put into."""
        self._json = bytes(pairs)
        self._encoded: dict[Encoding, tuple[int, bytes]] = {}
        self._segments: dict[tuple[Encoding, Compression, int], bytes] = {}
        self.size_bytes = len(self._json)
        """The size as JSON."""

    @property
    def json(self) -> bytes:
        """The JSON object."""
        return self._json

    def count(self, encoding: Encoding) -> int:
        """How many pairs there are; JSON's is 0 for none, else 1."""
        return self._find(encoding)[0]

    def text(self, encoding: Encoding) -> bytes:
        """The pairs, to follow others: in JSON they begin with a comma, if there are any."""
        return self._find(encoding)[1]

    def segment(
        self, encoding: Encoding, compression: Compression, position: int, compress: Callable[[bytes, int], bytes]
    ) -> bytes:
        """What `compress` makes of the text and the position (0 for a body's first shared pairs): once for each."""
        key = (encoding, compression, position)
        segment = self._segments.get(key)
        if segment is None:
            segment = self._segments[key] = compress(self.text(encoding), position)
        return segment

    def _find(self, encoding: Encoding) -> tuple[int, bytes]:
        found = self._encoded.get(encoding)
        if found is None:
            count, text = encode_pairs(encoding, self._json)
            if encoding is Encoding.JSON and text:
                text = b"," + text
            found = self._encoded[encoding] = (count, text)
        return found
