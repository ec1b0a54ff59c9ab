"""The finding of a host's addresses by the system's resolver."""

import asyncio
import socket
from collections.abc import Sequence


async def find_addresses(host: str, port: int) -> Sequence[str]:
    """Return the IP addresses of a name. An IPv6 address with a scope keeps it. Raises OSError."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [_show(info[4]) for info in infos]


def _show(address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> str:
    host = str(address[0])
    scope = address[3] if len(address) == 4 else 0
    return f"{host}%{scope}" if scope and "%" not in host else host
