"""Tells the service manager that started this process what it does, by systemd's protocol (`man sd_notify`).

The manager names a datagram socket in `NOTIFY_SOCKET`. Without that variable nobody wants to know.
"""

import socket
from collections.abc import Mapping
from typing import Final

SOCKET_NAME: Final = "NOTIFY_SOCKET"


def notify(state: str, environ: Mapping[str, str]) -> None:
    """Send `state`, such as `READY=1`.

    Raises:
        OSError: when the socket that is named does not take it.
    """
    address = environ.get(SOCKET_NAME)
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # Linux's abstract names begin so
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect(address)
        manager.send(state.encode())
