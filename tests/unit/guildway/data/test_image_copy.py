"""The copy of images: whole, compared, and never over another image."""

from pathlib import Path

import pytest

from core.runtime.errors import StartError
from core.store.blob.objects import open_memory
from guildway.data.data_files import DataFiles
from guildway.data.image_copy import CopiedImages, copy_images, upload_images


@pytest.fixture
def source(tmp_path: Path) -> DataFiles:
    """A data folder with two images, and one that was never finished."""
    files = DataFiles.in_folder(tmp_path / "old")
    (files.images / "avatars" / "1").mkdir(parents=True)
    (files.images / "avatars" / "1" / "a.png").write_bytes(b"picture")
    (files.images / "b.png").write_bytes(b"other")
    (files.images / "c.png#1").write_bytes(b"pict")
    return files


@pytest.fixture
def target(tmp_path: Path) -> DataFiles:
    """A data folder that is not there yet."""
    return DataFiles.in_folder(tmp_path / "deep" / "new")


def list_all(files: DataFiles) -> dict[str, bytes]:
    paths = (path for path in files.images.rglob("*") if path.is_file())
    return {str(path.relative_to(files.images)): path.read_bytes() for path in paths}


def test_whole_images_are_copied_for_their_owner_alone(source: DataFiles, target: DataFiles) -> None:
    assert copy_images(source, target) == CopiedImages(2, 12)
    assert list_all(target) == {"avatars/1/a.png": b"picture", "b.png": b"other"}
    assert all(not path.stat().st_mode & 0o077 for path in target.images.rglob("*.png"))


def test_copy_goes_on_where_it_was_interrupted(source: DataFiles, target: DataFiles) -> None:
    target.images.mkdir(parents=True)
    (target.images / "b.png").write_bytes(b"other")
    (target.images / "avatars" / "1").mkdir(parents=True)
    (target.images / "avatars" / "1" / "a.png#import").write_bytes(b"pic")
    assert copy_images(source, target) == CopiedImages(2, 12)
    assert copy_images(source, target) == CopiedImages(2, 12)
    assert list_all(target) == {"avatars/1/a.png": b"picture", "b.png": b"other"}


def test_folder_may_be_the_same(source: DataFiles) -> None:
    before = list_all(source)
    assert copy_images(source, source) == CopiedImages(2, 12)
    assert list_all(source) == before


def test_server_without_images_has_none_to_copy(tmp_path: Path, target: DataFiles) -> None:
    assert copy_images(DataFiles.in_folder(tmp_path / "none"), target) == CopiedImages(0, 0)


def test_other_image_of_one_name_is_left_alone(source: DataFiles, target: DataFiles) -> None:
    target.images.mkdir(parents=True)
    (target.images / "b.png").write_bytes(b"OTHER")
    with pytest.raises(StartError, match=r"b\.png is there already, and is not the same"):
        copy_images(source, target)
    assert (target.images / "b.png").read_bytes() == b"OTHER"


def test_entry_that_is_no_file_is_named(source: DataFiles, target: DataFiles) -> None:
    (source.images / "d.png").symlink_to("nowhere")
    with pytest.raises(StartError, match=r"the images cannot be copied: .*d\.png: No such file"):
        copy_images(source, target)


async def test_images_are_copied_into_a_bucket_and_compared(source: DataFiles) -> None:
    blobs = open_memory()
    names = [path.relative_to(source.images).as_posix() for path in source.list_images()]
    for _ in range(2):
        assert (await upload_images(source, blobs)).count == len(names) > 0
    for name in names:
        assert await blobs.find(name) == (source.images / name).read_bytes()
    await blobs.put(names[0], b"damaged", "image/png")
    assert (await upload_images(source, blobs)).count == len(names)
    assert await blobs.find(names[0]) == (source.images / names[0]).read_bytes()
