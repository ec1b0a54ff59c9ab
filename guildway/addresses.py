"""The addresses of a running server, and the line that tells them to machines."""

import msgspec

from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings
from core.runtime.sockets import format_authority
from core.runtime.unix_sockets import UNIX


class Addresses(msgspec.Struct, kw_only=True, frozen=True):
    """URLs of the listeners, as reached from this machine.

    That of a Unix socket is `unix:` with its path; "" stands for a listener that the process does not have.
    """

    api: str
    gateway: str
    metrics: str


def encode_ready_line(addresses: Addresses) -> str:
    """Write the first line of stdout, for tests and scripts: `ready api=http://… gateway=ws://… metrics=http://…`."""
    urls = msgspec.structs.asdict(addresses)
    return " ".join(["ready", *(f"{name}={url or '-'}" for name, url in urls.items())])


def find_api_url(settings: Settings) -> str:
    """Return the API's address of these settings, as seen from this machine. Raises StartError."""
    if settings.api.host.startswith(UNIX):
        return settings.api.host
    if not settings.api.port:
        raise StartError("the settings let the system choose the API's port; say it with --url")
    scheme = "https" if settings.tls.certificate else "http"
    return f"{scheme}://{format_authority(settings.api.host, settings.api.port)}"
