"""RTP as Discord's voice clients send it over UDP, in the modes whose names end in `rtpsize`.

```
 byte 0       1       2        4          8       12           (x: 12 + 4·CC)
  ┌───────┬───────┬────────┬──────────┬───────┬ … ┬─────────────┬────────────────────┬───────┐
  │V=2,P, │ M, PT │sequence│timestamp │ SSRC  │CC │ X: profile, │ ciphertext and tag │ nonce │
  │X, CC  │       │        │          │       │   │ length      │ (16 bytes)         │ 4     │
  └───────┴───────┴────────┴──────────┴───────┴ … ┴─────────────┴────────────────────┴───────┘
  └────────────── header, authenticated ──────────────────────┘
```

The header has the first four bytes of an extension (its "preamble"), and the extension's body is encrypted with the
payload. The last four bytes are the nonce; the cipher's own has zeros behind them. This module knows no keys.
"""

import enum
from typing import Final

from voice.packets import discovery

TAG_BYTES: Final = 16
NONCE_BYTES: Final = 4
_FIXED_BYTES: Final = 12
_WORD: Final = 4
_LEAST_BYTES: Final = _FIXED_BYTES + TAG_BYTES + NONCE_BYTES
_EXTENSION: Final = 0x10
_CONTRIBUTORS: Final = 0x0F
_RTCP_TYPES: Final = range(192, 224)
"""The second bytes of RTCP packets on a port that RTP uses too (RFC 5761 section 4)."""
_KEEPALIVE_BYTES: Final = 8


class Kind(enum.Enum):
    """What a datagram is by its first bytes and its length."""

    RTP = "rtp"
    RTCP = "rtcp"
    DISCOVERY = "discovery"
    KEEPALIVE = "keepalive"
    UNKNOWN = "unknown"


def classify(datagram: bytes) -> Kind:
    """Return what a datagram is. RTP of this kind has a whole header, a tag and a nonce."""
    size = len(datagram)
    if size >= _LEAST_BYTES and 0x80 <= datagram[0] < 0xC0:
        if datagram[1] in _RTCP_TYPES:
            return Kind.RTCP
        return Kind.RTP if measure_header(datagram) + TAG_BYTES + NONCE_BYTES <= size else Kind.UNKNOWN
    if size == discovery.SIZE_BYTES and datagram[:4] == discovery.REQUEST_HEAD:
        return Kind.DISCOVERY
    return Kind.KEEPALIVE if size == _KEEPALIVE_BYTES else Kind.UNKNOWN


def measure_header(datagram: bytes) -> int:
    """Return the size of the authenticated header, which may be more than the datagram has."""
    first = datagram[0]
    size = _FIXED_BYTES + _WORD * (first & _CONTRIBUTORS)
    return size + _WORD if first & _EXTENSION else size


def find_ssrc(datagram: bytes) -> int:
    """Return the SSRC, which names the sender's stream, of a datagram that is RTP."""
    return int.from_bytes(datagram[8:12], "big")
