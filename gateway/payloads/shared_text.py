"""A piece of JSON that is the same for many sessions, such as the list of a guild's members.

It is compressed once for each stream format, and its bytes go into the mosaics of all sessions
(`gateway.payloads.mosaic_body`). It begins and ends between two tokens of JSON.
"""

from collections.abc import Callable

from gateway.payloads.compression import Compression
from gateway.payloads.encodings import Encoding


class SharedText:
    """JSON alone: in other encodings a mosaic is encoded whole."""

    __slots__ = ("_segments", "json")

    def __init__(self, json: bytes) -> None:
        self.json = json
        self._segments: dict[Compression, bytes] = {}

    def text(self, _: Encoding) -> bytes:
        """Return the JSON."""
        return self.json

    def segment(
        self, _: Encoding, compression: Compression, position: int, compress: Callable[[bytes, int], bytes]
    ) -> bytes:
        """Return the result of `compress`, made once. The arguments are those of `SharedPairs.segment`."""
        segment = self._segments.get(compression)
        if segment is None:
            segment = self._segments[compression] = compress(self.json, position)
        return segment
