"""The settings of a cluster on the servers that run: `guildway.toml` beside their data.

Redis, PostgreSQL and Cassandra are always named, as in the file of the same name beside this one. S3 and OpenSearch
are named when they run.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from deploy.services.definition import Service
from deploy.services.s3_server import KEY_ID, SECRET

BUCKET: Final = "guildway-files"
_NEEDED: Final = Path(__file__).parent / "guildway.toml"


def write_settings(folder: Path, running: Iterable[Service]) -> Path:
    """Write the file of the services that run, and return its path. Raises OSError."""
    addresses = {service.name: service.address for service in running}
    sections = [_NEEDED.read_text(encoding="utf-8")]
    if "s3" in addresses:
        sections.append(
            f'[files]\ns3_bucket = "{BUCKET}"\ns3_endpoint = "{addresses["s3"]}"\n'
            f's3_access_key_id = "{KEY_ID}"\ns3_secret_access_key = "{SECRET}"\n'
        )
    if "opensearch" in addresses:
        sections.append(f'[search]\nurl = "{addresses["opensearch"]}"\n')
    file = folder / "guildway.toml"
    file.write_text("\n".join(sections), encoding="utf-8")
    return file
