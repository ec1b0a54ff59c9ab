"""The shares of the process's file descriptors, so that no kind of connection takes the last of them.

    limit = files and database ─ API connections ─ gateway sockets
             112                  an eighth         the rest

The API gets a quarter of a small limit, up to 512. Health checks come to the API or the metrics port, and must be
answered when the gateway is full.
"""

import resource
from typing import Final

import msgspec

_OWN: Final = 112
"""Database, log, epolls, listening sockets and threads' pipes need about 40. The metrics port, and the connections past
each bound for health checks, need 56."""
_API_SHARE: Final = 8
_SMALL_SHARE: Final = 4
_ENOUGH: Final = 512
_LEAST: Final = 16


class DescriptorShares(msgspec.Struct, kw_only=True, frozen=True):
    """The most connections of each kind."""

    api: int
    gateway: int


def share_descriptors(limit: int) -> DescriptorShares:
    """Share out so many descriptors."""
    api = max(limit // _API_SHARE, min(limit // _SMALL_SHARE, _ENOUGH), _LEAST)
    return DescriptorShares(api=api, gateway=max(limit - api - _OWN, _LEAST))


def read_limit() -> int:
    """Return the number of descriptors that the process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1_000_000_000 if soft == resource.RLIM_INFINITY else soft
