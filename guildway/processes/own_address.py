"""The address by which other machines of the network reach this one, as far as the machine itself can know it."""

import socket
from typing import Final

_SOMEBODY_ELSE: Final = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses of documentation (RFC 5737, RFC 3849), which nobody has."""
_LOOPBACK: Final = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}

_EVERY_ADDRESS: Final = {"0.0.0.0": socket.AF_INET, "::": socket.AF_INET6}  # noqa: S104 - not to be bound


def find_reachable_host(host: str) -> str:
    """Return the host by which other machines reach a listener that is bound to this one."""
    return find_own_address(_EVERY_ADDRESS[host]) if host in _EVERY_ADDRESS else host


def find_own_address(family: socket.AddressFamily) -> str:
    """Return the machine's address on the way to other networks; that of loopback when there is no such way.

    Nothing is sent: the system only chooses the address from which it would.
    """
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as chosen:
            chosen.connect((_SOMEBODY_ELSE[family], 9))
            address: str = chosen.getsockname()[0]
    except OSError:
        return _LOOPBACK[family]
    return _LOOPBACK[family] if address in ("0.0.0.0", "::") else address  # noqa: S104 - compared, not bound
