"""An event of one session whose `d` has shared pieces deep inside, as READY of a person has whole guilds.

```
 {"user":…,"guilds":[{"joined_at":…  │ ,"id":…,"roles":[…] │ ,"channels":[…] │ },{"joined_at":… │ … │ }] │ ,"v":10,…
 own                                  shared pairs                             own                own  shared pairs
```

In JSON only the own pieces are encoded and compressed for the session; the others it refers to, down to the frame that
is sent. Pieces begin and end between two tokens. Own pieces behind the first one are small, so they are stored as they
are. The binary encodings count what is inside an object before it, so a mosaic is encoded whole for them.

The other body of one session, `gateway.payloads.spliced_body`, shares pairs of `d` itself, in every encoding.
"""

from collections.abc import Iterable

import msgspec

from core_ext.payloads import Template
from gateway.payloads.encodings import Encoding, encode_pairs, open_dispatch
from gateway.payloads.splicing import Piece, Splicer


class MosaicBody(msgspec.Struct, eq=False, gc=False):
    """An event's name, and `d` as JSON in pieces, without its last bracket. The first piece is an own one.

    The garbage collector skips it, as it skips spliced bodies.
    """

    event: str
    pieces: tuple[Piece, ...]

    @property
    def size_bytes(self) -> int:
        """The size that a replay ring counts: that of the own pieces as JSON."""
        return sum(len(piece) for piece in self.pieces if isinstance(piece, bytes))

    @property
    def payload(self) -> bytes:
        """`d` as JSON."""
        return b"".join((*(_text(piece) for piece in self.pieces), b"}"))

    def opening(self, encoding: Encoding, pad_pairs: int) -> bytes:
        """Return the bytes from after `s` to the end of the first piece; in binary encodings to the end of `d`."""
        if encoding is Encoding.JSON:
            return open_dispatch(encoding, self.event, 0) + _text(self.pieces[0])[1:]
        count, pairs = encode_pairs(encoding, self.payload)
        return open_dispatch(encoding, self.event, count + pad_pairs) + pairs

    def parts_for(self, encoding: Encoding) -> tuple[Piece, ...]:
        """Return the pieces that follow the opening."""
        return self.pieces[1:] if encoding is Encoding.JSON else ()

    def find_template(self, wire_format: Splicer) -> Template:
        """Make the template of the event in a format, anew each time."""
        return wire_format.splice(self)

    def chain(self, wire_format: object, previous: object) -> None:
        """Return None: an event of one session gains nothing by a chain."""


def join_own(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Return the pieces with own ones that touch made one, and without empty ones."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, bytes) and isinstance(last, bytes):
            joined[-1] = last + piece
        elif piece != b"":
            joined.append(piece)
    return tuple(joined)


def _text(piece: Piece) -> bytes:
    return piece if isinstance(piece, bytes) else piece.text(Encoding.JSON)
