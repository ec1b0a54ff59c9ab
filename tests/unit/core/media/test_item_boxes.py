"""Metadata of AVIF and HEIC goes, nothing moves, and every pixel stays."""

import contextlib
import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.media.broken_picture import BrokenPicture
from core.media.cleaning import clean
from core.media.pictures import CleanJob, do
from tests.unit.core.media.test_cleaning import SECRET

HEIC = (Path(__file__).parents[4] / "tests" / "golden" / "picture.heic").read_bytes()
"""A picture that libheif has written, with a place in its Exif and in its XMP."""
HEIC_PLACE = b"53.5511N"


def draw_avif(*, frames: int = 1, orientation: int = 1) -> bytes:
    pictures = [Image.effect_noise((61, 47), 30 + 20 * number).convert("RGB") for number in range(frames)]
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x0112] = orientation
    out = io.BytesIO()
    more = {"save_all": True, "append_images": pictures[1:]} if frames > 1 else {}
    pictures[0].save(out, "AVIF", exif=exif, xmp=b"<x>" + SECRET + b"</x>", icc_profile=b"colours", **more)
    return out.getvalue()


def cleaned(data: bytes, content_type: str = "image/avif") -> bytes:
    return b"".join(clean(memoryview(data), content_type))


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


@pytest.mark.parametrize("frames", [1, 3])
def test_metadata_of_avif_goes_and_pixels_and_colours_stay(frames: int) -> None:
    before = draw_avif(frames=frames)
    assert SECRET in before
    after = cleaned(before)
    assert len(after) == len(before)
    assert SECRET not in after
    with Image.open(io.BytesIO(before)) as first, Image.open(io.BytesIO(after)) as second:
        for frame in range(frames):
            first.seek(frame)
            second.seek(frame)
            assert first.tobytes() == second.tobytes()
        assert 0x010E not in second.getexif()
        assert second.info["icc_profile"] == b"colours"


def test_metadata_of_heic_goes_and_its_picture_stays_where_it_was() -> None:
    assert HEIC.count(HEIC_PLACE) == 2
    after = cleaned(HEIC, "image/heic")
    assert len(after) == len(HEIC)
    assert HEIC_PLACE not in after
    changed = [place for place, (one, other) in enumerate(zip(HEIC, after, strict=True)) if one != other]
    places = (HEIC.index(HEIC_PLACE), HEIC.rindex(HEIC_PLACE))
    assert all(min(abs(each - place) for place in places) < 80 for each in changed)


def test_boxes_that_no_decoder_needs_are_emptied_and_what_follows_the_last_one_is_left_out() -> None:
    picture = draw_avif()
    hidden = box(b"uuid", SECRET * 3) + box(b"mpvd", SECRET)
    wide = struct.pack(">I4sQ", 1, b"skip", 16 + len(SECRET)) + SECRET
    after = cleaned(picture + hidden + wide + SECRET)
    assert SECRET not in after
    assert len(after) == len(picture) + len(hidden) + len(wide)
    assert after[: len(picture)] == cleaned(picture)
    with Image.open(io.BytesIO(after)) as read:
        read.load()


def test_cleaning_twice_changes_nothing() -> None:
    once = cleaned(draw_avif())
    assert cleaned(once) == once


def test_movie_loses_what_stands_beside_its_frames() -> None:
    track = box(b"trak", box(b"tkhd", b"kept") + box(b"udta", SECRET) + box(b"meta", SECRET))
    movie = box(b"ftyp", b"avis") + box(b"moov", box(b"mvhd", b"kept") + track + box(b"udta", SECRET))
    after = cleaned(movie)
    assert SECRET not in after
    assert after.count(b"kept") == 2
    assert len(after) == len(movie)


@pytest.mark.parametrize(("orientation", "size"), [(1, (61, 47)), (6, (47, 61)), (3, (61, 47))])
def test_avif_is_measured_as_it_is_shown(tmp_path: Path, orientation: int, size: tuple[int, int]) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(draw_avif(orientation=orientation))
    outcome = do(CleanJob(source=str(source), target=str(target), content_type="image/avif", max_pixels=10_000))
    assert (outcome.width, outcome.height, outcome.error) == (*size, "")
    assert SECRET not in target.read_bytes()


def test_cut_picture_is_broken() -> None:
    for data in (draw_avif(), HEIC):
        for end in (9, 40, data.index(b"mdat")):
            with pytest.raises(BrokenPicture):
                cleaned(data[:end])


@given(st.data())
def test_damaged_picture_is_cleaned_or_broken(data: st.DataObject) -> None:
    picture = bytearray(HEIC)
    for _ in range(data.draw(st.integers(1, 8))):
        picture[data.draw(st.integers(0, 600))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BrokenPicture):
        assert len(cleaned(bytes(picture), "image/heic")) <= len(picture)
