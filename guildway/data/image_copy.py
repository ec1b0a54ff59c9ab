"""The copy of people's images and other files from one data folder to another, or into a bucket, each compared byte by
byte.

A file gets its name when it is whole. A copy that was cut off is done again. Files that are there already stay: their
names tell their contents. Nobody else copies into the folder at the same time.
"""

import contextlib
import filecmp
import shutil
from pathlib import Path
from typing import Final

import msgspec

from core.domain.errors import Unavailable
from core.runtime.errors import StartError
from core.runtime.private_files import create_private, sync_file
from core.store.blob.interfaces import BlobStore
from guildway.data.data_files import BEING_WRITTEN, DataFiles

_TYPE: Final = "application/octet-stream"
"""The server finds a file's type elsewhere."""
_PART: Final = f"{BEING_WRITTEN}import"


class CopiedImages(msgspec.Struct, frozen=True):
    """The number of images that are the same in both folders, and what they take."""

    count: int
    size_bytes: int


def copy_images(source: DataFiles, target: DataFiles) -> CopiedImages:
    """Copy all images. The folders may be the same one. Raises StartError."""
    count = size_bytes = 0
    try:
        target.images.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.prepare_images()
        for path in source.list_images():
            copy = target.images / path.relative_to(source.images)
            if not copy.exists():
                _copy(path, copy)
            if not filecmp.cmp(path, copy, shallow=False):
                raise StartError(f"the image {copy} is there already, and is not the same as {path}")
            count += 1
            size_bytes += copy.stat().st_size
    except OSError as error:
        raise StartError(f"the images cannot be copied: {error.filename}: {error.strerror}") from error
    return CopiedImages(count, size_bytes)


def _copy(path: Path, copy: Path) -> None:
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = copy.with_name(f"{copy.name}{_PART}")
    part.unlink(missing_ok=True)  # of an import that was killed
    create_private(part)
    try:
        shutil.copyfile(path, part)
        sync_file(part)
        part.replace(copy)
    finally:
        part.unlink(missing_ok=True)
    sync_file(copy.parent)


async def upload_images(source: DataFiles, blobs: BlobStore) -> CopiedImages:
    """Copy all images into a bucket. Raises StartError."""
    count = size_bytes = 0
    try:
        for path in source.list_images():
            name = path.relative_to(source.images).as_posix()
            if not await _is_stored(blobs, name, path):
                await blobs.put_file(name, path, _TYPE)
                if not await _is_stored(blobs, name, path):
                    raise StartError(f"the file {name} of the bucket is not the same as {path}")
            count += 1
            size_bytes += path.stat().st_size
    except OSError as error:
        raise StartError(f"the images cannot be read: {error.filename}: {error.strerror}") from error
    except Unavailable as error:
        raise StartError(f"the images cannot be copied into the bucket: {error.__cause__}") from error
    return CopiedImages(count, size_bytes)


async def _is_stored(blobs: BlobStore, name: str, path: Path) -> bool:
    """Tell whether the bucket has the file, byte by byte."""
    blob = await blobs.open(name)
    if blob is None:
        return False
    with contextlib.closing(blob), path.open("rb") as file:
        if blob.size_bytes != path.stat().st_size:  # noqa: ASYNC240 - a command has nothing else to do
            return False
        async for piece in blob.read(0, blob.size_bytes):
            if file.read(len(piece)) != piece:
                return False
        return not file.read(1)
