"""An event of one session: its `d` has pairs of its own and pairs that it shares with other sessions.

A GUILD_CREATE has a few of its own (`joined_at`, oneself) and many that are the same for
everybody with the same view of the same version of the guild:

    shared = (SharedPairs(guild_json), SharedPairs(channels_json))      # once for each version and view
    session.dispatch(SplicedBody("GUILD_CREATE", b'{"joined_at":"…"}', shared))

goes to each session as `{"joined_at":"…", <pairs of the guild>, <pairs of the channels>}`. Only the own pairs are
encoded and compressed for it. It refers to the others, down to the frame that is sent. Pairs are counted because maps
of the binary encodings begin with their size.

A replay ring keeps one of these for each session and guild, so it holds only the own pairs. Templates are made for each
send and not kept.
"""

import msgspec

from core_ext.payloads import Template
from gateway.payloads.encodings import Encoding, encode_pairs, open_dispatch
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.splicing import Splicer


class SplicedBody(msgspec.Struct, eq=False, gc=False):
    """An event's name, its own pairs as a JSON object, and shared pairs. All keys differ.

    The garbage collector skips it: nothing in it refers to bodies, and there are very many.

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
        """The size that a replay ring counts: that of the own pairs as JSON. The shared ones are held anyway."""
        return len(self.own)

    @property
    def payload(self) -> bytes:
        """`d` as JSON."""
        return b"".join((self.own[:-1], *(part.text(Encoding.JSON) for part in self.parts), b"}"))

    def opening(self, encoding: Encoding, pad_pairs: int) -> bytes:
        """Return the bytes from after `s` to the end of the own pairs. `pad_pairs` more pairs will be added to `d`."""
        count, pairs = encode_pairs(encoding, self.own)
        count += pad_pairs + sum(part.count(encoding) for part in self.parts)
        return open_dispatch(encoding, self.event, count) + pairs

    def parts_for(self, _: Encoding) -> tuple[SharedPairs, ...]:
        """Return the shared pairs, which follow the opening in every encoding."""
        return self.parts

    def find_template(self, wire_format: Splicer) -> Template:
        """Make the template of the event in a format, anew each time."""
        return wire_format.splice(self)

    def chain(self, wire_format: object, previous: object) -> None:
        """Return None: an event of one session gains nothing by a chain."""
