"""Metadata goes, and every pixel stays."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.media.broken_picture import BrokenPicture
from core.media.cleaning import clean

SECRET = b"53.5511N 9.9937E"
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


def make_picture(content_type: str, *, with_metadata: bool = True, **options: object) -> bytes:
    picture = Image.effect_noise((61, 47), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"
    if with_metadata:
        options |= {"exif": exif, "comment": SECRET}
        if content_type == "image/png":
            options["pnginfo"] = PngInfo()
            options["pnginfo"].add_text("Comment", SECRET.decode())  # type: ignore[attr-defined]
            options["pnginfo"].add_itxt("XML:com.adobe.xmp", SECRET.decode(), zip=True)  # type: ignore[attr-defined]
        else:
            options["xmp"] = b"<x>" + SECRET + b"</x>"
    out = io.BytesIO()
    picture.save(out, FORMATS[content_type], icc_profile=b"colours", **options)
    return out.getvalue()


def cleaned(data: bytes, content_type: str) -> bytes:
    return b"".join(clean(memoryview(data), content_type))


@pytest.mark.parametrize("content_type", FORMATS)
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_metadata_goes_and_pixels_and_colours_stay(content_type: str, options: dict[str, object]) -> None:
    before = make_picture(content_type, **options)
    after = cleaned(before + b"a film" + SECRET, content_type)
    assert SECRET not in after
    with Image.open(io.BytesIO(before)) as first, Image.open(io.BytesIO(after)) as second:
        assert first.tobytes() == second.tobytes()
        assert not second.getexif()
        assert {"exif", "xmp", "comment"}.isdisjoint(second.info)
        assert second.info["icc_profile"] == b"colours"


@pytest.mark.parametrize("content_type", FORMATS)
def test_cleaning_twice_changes_nothing(content_type: str) -> None:
    once = cleaned(make_picture(content_type), content_type)
    assert cleaned(once, content_type) == once


def test_moving_picture_keeps_all_its_frames() -> None:
    frames = [Image.effect_noise((20, 20), number * 20).convert("RGB") for number in (1, 2, 3)]
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    for content_type, format_ in (("image/webp", "WEBP"), ("image/png", "PNG")):
        out = io.BytesIO()
        frames[0].save(out, format_, save_all=True, append_images=frames[1:], exif=exif)
        after = cleaned(out.getvalue(), content_type)
        assert SECRET not in after
        with Image.open(io.BytesIO(after)) as picture:
            assert picture.n_frames == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("content_type", FORMATS)
def test_cut_picture_is_broken(content_type: str) -> None:
    data = make_picture(content_type)
    for end in (9, 30, len(data) // 2, len(data) - 3):
        with pytest.raises(BrokenPicture):
            cleaned(data[:end], content_type)


@given(content_type=st.sampled_from(list(FORMATS)), data=st.data())
def test_damaged_picture_is_cleaned_or_broken(content_type: str, data: st.DataObject) -> None:
    picture = bytearray(make_picture(content_type))
    for _ in range(data.draw(st.integers(1, 8))):
        picture[data.draw(st.integers(0, min(len(picture), 400) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BrokenPicture):
        assert len(cleaned(bytes(picture), content_type)) <= len(picture) + 12
