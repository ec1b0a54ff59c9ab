"""The size of a picture by its first bytes, as Pillow measures it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.media.picture_sizes import find_size
from core.media.pictures import PICTURES


def draw(kind: str, size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(("content_type", "kind"), PICTURES.items())
@pytest.mark.parametrize("size", [(40, 30), (1, 700)])
def test_size_is_that_of_the_picture(content_type: str, kind: str, size: tuple[int, int]) -> None:
    assert find_size(draw(kind, size), content_type) == size


def test_first_bytes_are_enough() -> None:
    assert find_size(draw("JPEG", (4000, 3000))[:700], "image/jpeg") == (4000, 3000)


def test_turned_picture_has_the_size_of_what_is_seen() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(out, "JPEG", exif=exif)
    assert find_size(out.getvalue(), "image/jpeg") == (30, 40)


def test_other_types_are_not_read() -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="20"/>'
    assert find_size(svg, "image/svg+xml") is None


@given(st.binary(max_size=200), st.sampled_from(sorted(PICTURES.values())), st.integers(0, 60))
def test_broken_picture_has_no_size_or_some(rest: bytes, kind: str, kept: int) -> None:
    content_type = next(each for each, name in PICTURES.items() if name == kind)
    size = find_size(draw(kind, (8, 8))[:kept] + rest, content_type)
    assert size is None or (size[0] > 0 and size[1] > 0)
