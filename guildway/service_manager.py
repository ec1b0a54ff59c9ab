"""The notifications to the service manager that started this process, by systemd's protocol (`man sd_notify`).

The manager names a datagram socket in `NOTIFY_SOCKET`. Without that variable there is no manager to notify.
"""

import socket
from collections.abc import Mapping
from typing import Final

SOCKET_NAME: Final = "NOTIFY_SOCKET"


def notify(state: str, environ: Mapping[str, str]) -> None:
    """Send `state`, such as `READY=1`.

    Raises:
        OSError: when the named socket does not take it.
    """
    address = environ.get(SOCKET_NAME)
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # Linux marks abstract names so.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect(address)
        manager.send(state.encode())
