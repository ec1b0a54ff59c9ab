"""The addresses of a running server, and the line that tells them to machines."""

import msgspec


class Addresses(msgspec.Struct, kw_only=True, frozen=True):
    """URLs of the listeners, as reached from this machine, "" for a listener that the process does not have."""

    api: str
    gateway: str
    metrics: str


def encode_ready_line(addresses: Addresses) -> str:
    """Write the first line of stdout, for tests and scripts: `ready api=http://… gateway=ws://… metrics=http://…`."""
    urls = msgspec.structs.asdict(addresses)
    return " ".join(["ready", *(f"{name}={url or '-'}" for name, url in urls.items())])
