"""The bounds of times and sizes for HTTP clients, as one value that tests make smaller.

A body has `body_grace_s` and then one second more for each `body_bytes_per_s` that have come, but `request_s` in all: a
slow line is served, a byte every two seconds is not. An answer that waits in the process must shrink within `unread_s`.
"""

from typing import Final

import msgspec

MAX_HEAD_BYTES: Final = 65_536
"""Several times the API's own bound, beyond which it answers 431, so that only floods are cut off here. Bytes that are
neither a head nor a body (extensions of chunks, trailers) have the same bound.
"""

MAX_WAITING_BYTES: Final = 65_536
"""The size of a body that nobody has asked for yet at which reading stops."""


class HttpBounds(msgspec.Struct, kw_only=True, frozen=True):
    """Seconds, bytes and connections."""

    head_s: float = 30.0
    keep_alive_s: float = 5.0
    """Clients' pools drop connections that were idle for some seconds; most servers grant 5. All times of a connection
    are checked this often."""
    body_grace_s: float = 20.0
    body_bytes_per_s: float = 512.0
    """The speed of a modem of forty years ago. Apache's mod_reqtimeout asks for as much."""
    request_s: float = 900.0
    """The longest time for a body, however fast it comes."""
    unread_s: float = 60.0
    """The kernel takes some hundred KB and reports room in large pieces, so a slow reader is seen to take nothing for a
    while.
    """
    linger_s: float = 2.0
    """The time for which a client may go on sending after the last answer, so that it sees the answer and no reset."""
    stop_s: float = 0.1
    """The time for which idle connections are served when the server stops. A request that is on its way needs it."""
    stop_linger_s: float = 0.25
    """`linger_s` of a server that stops. Clients' pools do not close connections whose other end has closed."""
    connections_per_address: int = 1_000_000_000
    connections: int = 1_000_000_000


DEFAULT_BOUNDS: Final = HttpBounds()
