"""Pictures that cannot be read keep their length and lose their metadata."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.media.blanking import blank
from tests.unit.core.media.test_cleaning import FORMATS, SECRET, make_picture

MODEL = b"Telephone 7"


def photograph(content_type: str) -> bytes:
    """Make a picture with a place, a model and a comment."""
    exif = Image.Exif()
    exif[0x0110] = MODEL.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (53.0, 33.0, 4.36), 3: "E", 4: (9.0, 59.0, 37.3)})
    out = io.BytesIO()
    options = {"comment": SECRET} if content_type == "image/jpeg" else {}
    Image.effect_noise((64, 48), 60).convert("RGB").save(
        out, FORMATS[content_type], exif=exif, xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>", **options
    )
    return out.getvalue()


def gps_of(data: bytes) -> bytes:
    """Return the bytes of the latitude: three fractions of two numbers each, of which the first is 53."""
    return next(
        pair for pair in (b"\x00\x00\x00\x35\x00\x00\x00\x01", b"\x35\x00\x00\x00\x01\x00\x00\x00") if pair in data
    )


def blanked(path: Path, data: bytes, content_type: str) -> bytes:
    path.write_bytes(data)
    blank(path, content_type)
    return path.read_bytes()


def damage_head(data: bytes) -> bytes:
    return data[:10] + b"\xff" * 4 + data[14:]


@pytest.mark.parametrize("content_type", FORMATS)
@pytest.mark.parametrize("damage", [lambda data: data, lambda data: data[:-20], damage_head, lambda data: data[:12] + b"??" + data[12:]])  # fmt: skip
def test_place_model_and_comments_are_gone(tmp_path: Path, content_type: str, damage: object) -> None:
    before = photograph(content_type)
    place = gps_of(before)
    assert MODEL in before
    broken = damage(before)  # type: ignore[operator]
    after = blanked(tmp_path / "a", broken, content_type)
    assert len(after) == len(broken)
    for secret in (MODEL, SECRET, place):
        assert secret not in after


@pytest.mark.parametrize("content_type", FORMATS)
@given(cut=st.floats(0, 1))
def test_wherever_it_is_cut_nothing_of_the_metadata_is_left(
    tmp_path_factory: pytest.TempPathFactory, content_type: str, cut: float
) -> None:
    before = make_picture(content_type)
    broken = before[: int(len(before) * cut)]
    after = blanked(tmp_path_factory.mktemp("cut") / "a", broken, content_type)
    assert len(after) == len(broken)
    assert SECRET not in after


def test_pixels_of_a_whole_picture_stay(tmp_path: Path) -> None:
    after = blanked(tmp_path / "a.jpg", photograph("image/jpeg"), "image/jpeg")
    with Image.open(io.BytesIO(photograph("image/jpeg"))) as first, Image.open(io.BytesIO(after)) as second:
        assert first.size == second.size
        assert not second.getexif()
