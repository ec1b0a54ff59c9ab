"""Pictures inside JSON."""

import base64

import pytest

from api.services.images import MAX_IMAGE_BYTES, ImageService, find_image_type, is_moving, parse_data_address
from core.domain.errors import Invalid
from core.store.blob.objects import open_memory

PNG = b"\x89PNG\r\n\x1a\n" + b"rest"
JPEG = b"\xff\xd8\xff\xe0rest"
GIF = b"GIF89arest"
WEBP = b"RIFF\x00\x00\x00\x00WEBPrest"


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


async def test_stored_picture_is_found_with_its_true_type() -> None:
    images = ImageService(blobs=open_memory())
    name = await images.store(address(JPEG, "png"), folder="avatars/1", field="avatar")
    assert await images.find("avatars/1", f"{name}.png") == (JPEG, "image/jpeg")
    assert await images.find("avatars/1", name) == (JPEG, "image/jpeg")
    assert await images.find("avatars/2", name) is None


async def test_moving_picture_has_a_name_that_says_so() -> None:
    images = ImageService(blobs=open_memory())
    assert (await images.store(address(GIF + b"NETSCAPE2.0"), folder="x", field="icon")).startswith("a_")


@pytest.mark.parametrize("name", ["", "..", "../secret", "a_", "0" * 31, "g" * 32, "0" * 32 + "/x", "A" * 32])
async def test_name_that_is_no_hash_is_not_looked_up(name: str) -> None:
    assert await ImageService(blobs=open_memory()).find("avatars/1", name) is None


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


async def test_bytes_that_are_no_picture_are_refused() -> None:
    with pytest.raises(Invalid):
        await ImageService(blobs=open_memory()).store(address(b"<svg/>"), folder="x", field="icon")
