"""How the process's file descriptors are shared out, so that no crowd of one kind takes the last of them.

    limit = files and database ─ API connections ─ gateway sockets
             112                  an eighth         the rest

Of a small limit the API gets a quarter, up to 512.

Whoever asks how the process is comes to the API or the metrics port, and is to be answered when the gateway is full.
"""

import resource
from typing import Final

import msgspec

_OWN: Final = 112
"""Database, log, epolls, listening sockets, threads' pipes: about 40. The metrics port, and what is kept past each
bound for those who ask how the process is: 56."""
_API_SHARE: Final = 8
_SMALL_SHARE: Final = 4
_ENOUGH: Final = 512
_LEAST: Final = 16


class DescriptorShares(msgspec.Struct, kw_only=True, frozen=True):
    """How many connections there may be of each kind."""

    api: int
    gateway: int


def share_descriptors(limit: int) -> DescriptorShares:
    """Shares of a process that may have so many descriptors."""
    api = max(limit // _API_SHARE, min(limit // _SMALL_SHARE, _ENOUGH), _LEAST)
    return DescriptorShares(api=api, gateway=max(limit - api - _OWN, _LEAST))


def read_limit() -> int:
    """What the process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1_000_000_000 if soft == resource.RLIM_INFINITY else soft
