"""What a browser is answered: where the node is, and how to know it. The form is that of Discord's own servers.

It is a part of a description, without codecs and without streams: pages write those themselves as people come and go,
as they know everybody's SSRCs from Speaking and Video, and need no new answer for them.
"""

import msgspec

_PRIORITY = 2_130_706_431
"""Of the only candidate: a host's own address, first component (RFC 8445 section 5.1.2)."""


class Answer(msgspec.Struct, frozen=True):
    """The node's end of one connection."""

    ip: str
    port: int
    ufrag: str
    password: str
    fingerprint: str
    """The algorithm, a space, and the hash of the node's certificate."""

    def encode(self) -> str:
        """Write it."""
        family = "IP6" if ":" in self.ip else "IP4"
        lines = [
            f"m=audio {self.port} ICE/SDP",
            f"c=IN {family} {self.ip}",
            f"a=rtcp:{self.port}",
            "a=ice-lite",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:{self.fingerprint}",
            "a=setup:passive",
            f"a=candidate:1 1 UDP {_PRIORITY} {self.ip} {self.port} typ host",
        ]
        return "\n".join(lines) + "\n"
