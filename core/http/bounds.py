"""How long and how much an HTTP client may take, as one value that tests make shorter.

A body has `body_grace_s` and then one second more for each `body_bytes_per_s` that have come, but `request_s` in all: a
slow line is served, a byte every two seconds is not. An answer that waits in the process must shrink within `unread_s`,
and be gone after `request_s`.
"""

from typing import Final

import msgspec

MAX_HEAD_BYTES: Final = 65_536
"""Several times what the API itself accepts (it answers 431), so that only floods are cut off here. Also bounds what is
neither a head nor a body: the extensions of chunks, and what follows the last of them.
"""

MAX_WAITING_BYTES: Final = 65_536
"""Of a body that nobody has asked for yet, before reading stops."""


class HttpBounds(msgspec.Struct, kw_only=True, frozen=True):
    """Seconds, bytes and connections."""

    head_s: float = 30.0
    keep_alive_s: float = 5.0
    """Clients' pools throw connections away that were idle for some seconds; 5 is what most servers grant. All of a
    connection's times are looked at this often."""
    body_grace_s: float = 20.0
    body_bytes_per_s: float = 512.0
    """A modem of forty years ago. Apache's mod_reqtimeout asks for as much."""
    request_s: float = 900.0
    unread_s: float = 60.0
    """The kernel takes some hundred KB and reports room in large pieces, so a slow reader is seen to take nothing for a
    while.
    """
    linger_s: float = 2.0
    """How long a client that is refused while it sends may go on, so that it sees the answer and no reset."""
    connections_per_address: int = 1_000_000_000
    connections: int = 1_000_000_000


DEFAULT_BOUNDS: Final = HttpBounds()
