"""The place that a backup names: a folder, or `s3://BUCKET/PREFIX`.

A folder is locked while it is used, so that no backup removes what another one is about to name. A bucket has no lock:
one command at a time may use a prefix.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from core.domain.errors import Unavailable
from core.runtime.errors import StartError
from core.runtime.settings.settings import FileSettings
from core.store.blob.folder import open_folder
from core.store.blob.interfaces import BlobStore
from guildway.backups.shelf import OBJECTS, SNAPSHOTS, Shelf
from guildway.data.data_files import DataFiles

_BUCKET: Final = "s3://"
_LOCK: Final = ".lock"
_OWN: Final = frozenset({OBJECTS, SNAPSHOTS, _LOCK, ".incoming"})


def is_shelf(place: str) -> bool:
    """Tell whether a place holds snapshots: a bucket, a folder, or a name that ends as folders' names may."""
    return place.startswith(_BUCKET) or place.endswith("/") or os.path.isdir(place)  # noqa: PTH112 - names that are too long are none


@contextlib.asynccontextmanager
async def open_shelf(
    place: str, settings: FileSettings, *, is_made: bool, data: DataFiles | None = None
) -> AsyncIterator[Shelf]:
    """Open the snapshots of a place. `is_made` makes a folder that is missing; `data` is the server's, where it may
    not be.

    Raises:
        StartError: when the place cannot be used, holds other things, or is used by another backup.
    """
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_explained(place))
        if place.startswith(_BUCKET):
            blobs = await _open_bucket(place, settings, stack)
        else:
            folder = Path(place)
            _check_folder(folder, is_made=is_made, data=data)
            stack.enter_context(_locked(folder))
            blobs = await open_folder(folder)
        await blobs.staging.sweep(older_than_s=0)  # of a backup that was killed
        yield await Shelf.open(blobs, place=place)


@contextlib.contextmanager
def _explained(place: str) -> Iterator[None]:
    """Raise StartError for what the disk or the bucket refuses."""
    try:
        yield
    except Unavailable as error:
        raise StartError(f"{place} cannot be used: {str(error.__cause__).partition(chr(10))[0]}") from error
    except OSError as error:
        raise StartError(f"{error.filename or place} cannot be used: {error.strerror}") from error


def _check_folder(folder: Path, *, is_made: bool, data: DataFiles | None) -> None:
    if not folder.is_dir():
        if not is_made:
            raise StartError(f"there is no folder {folder}")
        if folder.exists():
            raise StartError(f"{folder} is no folder")
        folder.mkdir(mode=0o700)
    if data is not None and (data.is_own(folder / SNAPSHOTS) or data.is_own(folder)):
        raise StartError(f"{folder} is the server's own; name a folder outside the data folder")
    others = {path.name for path in folder.iterdir()} - _OWN
    if others:
        raise StartError(f"{folder} holds other things than backups ({min(others)}); name an empty folder")


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartError(f"another backup or restore uses {folder}") from error
        yield
    finally:
        os.close(descriptor)


async def _open_bucket(place: str, settings: FileSettings, stack: contextlib.AsyncExitStack) -> BlobStore:
    from core.store.blob.objects import S3Place, open_s3  # noqa: PLC0415 - a folder needs no driver

    address = urlsplit(place)
    staging = stack.enter_context(tempfile.TemporaryDirectory(prefix="guildway-backup-"))
    return await open_s3(
        S3Place(
            bucket=address.netloc,
            prefix=address.path.strip("/"),
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            access_key_id=settings.s3_access_key_id,
            secret_access_key=settings.s3_secret_access_key,
        ),
        Path(staging),
    )
