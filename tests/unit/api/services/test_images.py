"""Pictures inside JSON."""

import base64
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from api.services.files.thumbnails import Thumbnails
from api.services.images import MAX_IMAGE_BYTES, ImageService, find_image_type, is_moving, parse_data_address
from core.domain.errors import Invalid, NotFound
from core.media.workers import PictureWorkers
from core.store.blob.interfaces import BlobStore
from core.store.blob.objects import open_memory


def draw(kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 3), "navy").save(out, kind, **options)
    return out.getvalue()


PNG, JPEG, GIF, WEBP = map(draw, ("PNG", "JPEG", "GIF", "WEBP"))


class Kept:
    """Pictures without rows."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def put(self, folder: str, name: str, data: bytes, content_type: str, *, user_id: int, guild_id: int) -> None:
        await self._blobs.put(f"{folder}/{name}", data, content_type)


@pytest.fixture
async def images(tmp_path: Path) -> AsyncIterator[ImageService]:
    workers = PictureWorkers(processes=1, max_pixels=10_000)
    blobs = open_memory(tmp_path)
    yield ImageService(
        pictures=cast("Any", Kept(blobs)),
        blobs=blobs,
        workers=workers,
        thumbnails=Thumbnails(blobs=blobs, workers=workers),
    )
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - an async function may not walk paths
    await workers.close()


def address(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (GIF, "image/gif"),
        (WEBP, "image/webp"),
        (b"<svg/>", None),
        (b"", None),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
    ],
)
def test_type_is_read_from_the_first_bytes(data: bytes, expected: str | None) -> None:
    assert find_image_type(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (GIF, False),
        (GIF + b"NETSCAPE2.0", True),
        (WEBP + b"ANIM", True),
        (PNG + b"acTL", True),
        (JPEG + b"ANIM", False),
    ],
)
def test_moving_pictures_are_recognized(data: bytes, *, expected: bool) -> None:
    assert is_moving(data) is expected


async def test_stored_picture_is_found_with_its_true_type(images: ImageService) -> None:
    name = await images.store(address(JPEG, "png"), folder="avatars/1", field="avatar", user_id=1)
    assert await images.find("avatars/1", f"{name}.png") == (JPEG, "image/jpeg")
    assert await images.find("avatars/1", name) == (JPEG, "image/jpeg")
    assert await images.find("avatars/2", name) is None


async def test_moving_picture_has_a_name_that_says_so(images: ImageService) -> None:
    assert (await images.store(address(GIF + b"NETSCAPE2.0"), folder="x", field="icon", user_id=1)).startswith("a_")


@pytest.mark.parametrize("name", ["", "..", "../secret", "a_", "0" * 31, "g" * 32, "0" * 32 + "/x", "A" * 32])
async def test_name_that_is_no_hash_is_not_looked_up(images: ImageService, name: str) -> None:
    assert await images.find("avatars/1", name) is None


@pytest.mark.parametrize(
    "data",
    [
        "",
        "x",
        "data:text/plain;base64,AAAA",
        "data:image/png,AAAA",
        "data:image/png;base64,A",
        "data:image/png;base64,ä===",
        "data:image/png;base64," + "A" * (MAX_IMAGE_BYTES * 4 // 3 + 8),
    ],
)
def test_bad_address_names_the_field(data: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_data_address(data, "avatar")
    assert caught.value.fields[0].path == ("avatar",)


@pytest.mark.parametrize("data", [b"<svg/>", b"\x89PNG\r\n\x1a\nrest", JPEG[:40]])
async def test_bytes_that_are_no_picture_are_refused(images: ImageService, data: bytes) -> None:
    with pytest.raises(Invalid):
        await images.store(address(data), folder="x", field="icon", user_id=1)


async def test_picture_of_too_many_pixels_is_refused(images: ImageService) -> None:
    out = io.BytesIO()
    Image.new("RGB", (101, 100)).save(out, "PNG")
    with pytest.raises(Invalid):
        await images.store(address(out.getvalue()), folder="x", field="icon", user_id=1)


async def test_metadata_goes_and_the_picture_is_upright(images: ImageService) -> None:
    exif = Image.Exif()
    exif[0x010E] = "at home"
    exif[0x0112] = 6
    name = await images.store(address(draw("JPEG", exif=exif)), folder="avatars/1", field="avatar", user_id=1)
    found = await images.find("avatars/1", name)
    assert found is not None
    assert b"at home" not in found[0]
    with Image.open(io.BytesIO(found[0])) as picture:
        assert picture.size == (3, 4)


@pytest.mark.parametrize(
    ("name", "kind", "is_moving", "expected"),
    [
        ("", "PNG", False, ("PNG", (2, 2))),
        (".webp", "PNG", False, ("WEBP", (2, 2))),
        (".png", "GIF", True, ("PNG", (2, 2))),
        (".gif", "GIF", True, ("GIF", (4, 3))),
        (".webp", "GIF", True, ("GIF", (4, 3))),
    ],
)
async def test_picture_is_fitted_into_the_size(
    images: ImageService, name: str, kind: str, *, is_moving: bool, expected: tuple[str, tuple[int, int]]
) -> None:
    data = draw(kind) + (b"NETSCAPE2.0" if is_moving else b"")
    hash_ = await images.store(address(data), folder="avatars/1", field="avatar", user_id=1)
    found = await images.find("avatars/1", hash_ + name, 2)
    assert found is not None
    with Image.open(io.BytesIO(found[0])) as picture:
        assert (picture.format, picture.size) == expected


async def test_picture_that_is_not_there_has_no_smaller_one(images: ImageService) -> None:
    with pytest.raises(NotFound):
        await images.find("avatars/1", "0" * 32, 16)
