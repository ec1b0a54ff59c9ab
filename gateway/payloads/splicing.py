"""What bodies of one session and the formats that splice them know of each other."""

from typing import Protocol, TypeAlias

from core_ext.payloads import Template
from gateway.payloads.encodings import Encoding
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.shared_text import SharedText

Piece: TypeAlias = bytes | SharedPairs | SharedText
"""A session's own bytes, or bytes that it shares with others."""


class Splicable(Protocol):
    """A body whose bytes are an opening of its own and pieces behind it."""

    def opening(self, encoding: Encoding, pad_pairs: int) -> bytes:
        """Return the bytes from after `s` to the first piece. `pad_pairs` more pairs will be added to `d`."""

    def parts_for(self, encoding: Encoding) -> tuple[Piece, ...]:
        """Return the pieces that follow the opening in an encoding. Only those in JSON may be bytes."""


class Splicer(Protocol):
    """A format that can make the template of a spliced body."""

    def splice(self, body: Splicable) -> Template:
        """Make the template of a body."""
