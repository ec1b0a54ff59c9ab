"""An event of one session, whose `d` is made of its own pairs and of pairs that it shares with other sessions.

READY has only own pairs; a GUILD_CREATE has a few of its own (`joined_at`, oneself) and many that are the same for everybody
with the same view of the same version of the guild:

    shared = (SharedPairs(guild_json), SharedPairs(channels_json))      # once a version and view; the tuple is shared too
    session.dispatch(SplicedBody("GUILD_CREATE", b'{"joined_at":"…"}', shared))

goes to each session as `{"joined_at":"…", <pairs of the guild>, <pairs of the channels>}`. Only the own pairs are encoded and
compressed for it; of the others it holds references, down to the frame that is sent. Maps of the binary encodings say their
size at the front, which is why pairs are counted.

A replay ring keeps one of these a session and guild, so there is nothing in it but the own pairs: templates are made when it
is sent and not kept.
"""

from typing import Protocol, TypeAlias

import msgspec

from core_ext.payloads import Template
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import Encoding, encode_pairs, open_dispatch
from gateway.payloads.shared_pairs import SharedPairs


class Splicer(Protocol):
    """A format, as far as a spliced body knows it."""

    def splice(self, body: "SplicedBody") -> Template:
        """The body in that format."""


class SplicedBody(msgspec.Struct, eq=False, gc=False):
    """An event's name, its own pairs as a JSON object, and shared ones: keys differ between all of them.

    The garbage collector does not look into it: nothing in it knows of bodies, and there are very many.

    Raises:
        ValueError: when there are shared parts and no own pairs to put them behind.
    """

    event: str
    own: bytes
    parts: tuple[SharedPairs, ...] = ()

    def __post_init__(self) -> None:
        if self.parts and self.own == b"{}":
            raise ValueError("shared pairs need own ones before them")

    @property
    def size_bytes(self) -> int:
        """What a replay ring counts: the size of the own pairs as JSON. The shared ones are not held for this session."""
        return len(self.own)

    @property
    def payload(self) -> bytes:
        """`d` as JSON."""
        return b"".join((self.own[:-1], *(part.text(Encoding.JSON) for part in self.parts), b"}"))

    def opening(self, encoding: Encoding, pad_pairs: int) -> bytes:
        """What follows `s` up to the end of the own pairs. `d` is to get `pad_pairs` pairs more than it is made of."""
        count, pairs = encode_pairs(encoding, self.own)
        count += pad_pairs + sum(part.count(encoding) for part in self.parts)
        return open_dispatch(encoding, self.event, count) + pairs

    def find_template(self, wire_format: Splicer) -> Template:
        """The event in a format. Made anew each time."""
        return wire_format.splice(self)

    def chain(self, wire_format: object, previous: object) -> None:
        """Nothing: it is for one session, so nothing is gained."""


Body: TypeAlias = DispatchBody | SplicedBody
"""What tracks number, remember and send."""
