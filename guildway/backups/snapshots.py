"""A snapshot: what a server's data was at one instant, as the names of the objects that hold it.

Its file is JSON. Its name has the time and the beginning of the file's own hash, so a damaged one is noticed.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final

import msgspec

from core.runtime.errors import StartError
from core.store.sql.engine.backup import Contents

FORM: Final = 1
"""The number of the shape below. A later version that changes it reads this one too."""

_HASH_DIGITS: Final = 16


class StoredFile(msgspec.Struct, frozen=True):
    """A file's content, by the SHA-256 that names its object, and its size."""

    sha256: str
    size_bytes: int


class Snapshot(msgspec.Struct, kw_only=True, frozen=True):
    """The data of one instant."""

    form: int = FORM
    taken_ms: int
    """Unix milliseconds at which the copy of the database was begun."""
    version: str
    """The version of Guildway that took it."""
    contents: Contents
    database: tuple[StoredFile, ...]
    """The database, cut into pieces, in their order."""
    files: dict[str, StoredFile]
    """People's files, by their paths in the folder of files."""


def encode_snapshot(snapshot: Snapshot) -> tuple[str, bytes]:
    """Return the name and the file of a snapshot."""
    data = msgspec.json.format(msgspec.json.encode(snapshot), indent=1) + b"\n"
    moment = datetime.fromtimestamp(snapshot.taken_ms // 1000, UTC).strftime("%Y%m%dT%H%M%S")
    return f"{moment}.{snapshot.taken_ms % 1000:03}Z-{_hash(data)}", data


def decode_snapshot(name: str, data: bytes) -> Snapshot:
    """Read the file of a snapshot. Raises StartError when it is damaged or of a newer version."""
    if not name.endswith(f"-{_hash(data)}"):
        raise StartError(f"the snapshot {name} is damaged")
    try:
        form = msgspec.json.decode(data, type=dict[str, msgspec.Raw])["form"]
        if int(bytes(form)) > FORM:
            raise StartError(f"the snapshot {name} was taken by a newer version: restore it with that one")
        snapshot = msgspec.json.decode(data, type=Snapshot)
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        raise StartError(f"the snapshot {name} cannot be read: {error}") from error
    for path in snapshot.files:
        check_path(path)
    return snapshot


def check_path(path: str) -> None:
    """Raise StartError for the path of a file that would leave the folder of files."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise StartError(f"the backup names a file outside its folder: {path!r}")


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_HASH_DIGITS]
