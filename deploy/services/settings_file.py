"""The settings of a cluster on the servers that run: `guildway.toml` beside their data.

It names the servers that run at the ports that they have, so a cluster does without the others.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from deploy.services.definition import Service
from deploy.services.s3_server import KEY_ID, SECRET

BUCKET: Final = "guildway-files"
_HEAD: Final = "# The settings of a cluster on the servers that `make services` has started.\n"


def write_settings(folder: Path, running: Iterable[Service]) -> Path:
    """Write the file of the services that run, and return its path. Raises OSError."""
    addresses = {service.name: service.address for service in running}
    sections = [write(addresses[name]) for name, write in _SECTIONS.items() if name in addresses]
    file = folder / "guildway.toml"
    file.write_text("\n".join([_HEAD, *sections]), encoding="utf-8")
    return file


def _write_cassandra(address: str) -> str:
    place = urlsplit(address)
    return f'[cassandra]\ncontact_points = ["{place.hostname}"]\nport = {place.port}\nreplication = 1\n'


def _write_files(address: str) -> str:
    return (
        f'[files]\ns3_bucket = "{BUCKET}"\ns3_endpoint = "{address}"\n'
        f's3_access_key_id = "{KEY_ID}"\ns3_secret_access_key = "{SECRET}"\n'
    )


_SECTIONS: Final[dict[str, Callable[[str], str]]] = {
    "redis": '[redis]\nurl = "{}"\n'.format,
    "postgres": '[postgres]\nurl = "{}"\n'.format,
    "cassandra": _write_cassandra,
    "s3": _write_files,
    "opensearch": '[search]\nurl = "{}"\n'.format,
}
"""The section of each server, by its name."""
