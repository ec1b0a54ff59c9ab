"""What is done to pictures, in a process of its own (`core.media.worker`): Pillow decodes what strangers have sent.

The size of a picture is read from its head, and a picture of too many pixels is not decoded, as few bytes can be very
many pixels. A picture that is turned by its metadata is turned for good, which is the one case in which an upload is
encoded anew.
"""

import mmap
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image, ImageOps

from core.media.blanking import blank
from core.media.broken_picture import BrokenPicture
from core.media.cleaning import clean

PICTURES: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/avif": "AVIF",
}
"""The types that are measured and scaled, with Pillow's names."""
UNREAD: Final = frozenset(("image/heic",))
"""The types that are only cleaned, as nothing here decodes them."""

_TURNED: Final = frozenset(("JPEG", "PNG", "WEBP"))
_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = 1
_ON_THEIR_SIDE: Final = frozenset(range(5, 9))
_TURNED_QUALITY: Final = 95
"""The quality of a picture that was turned: no loss that anybody sees."""
_WITHOUT_ALPHA: Final = frozenset(("RGB", "L", "CMYK", "YCbCr"))

Image.MAX_IMAGE_PIXELS = None  # the bound here is checked before anything is decoded


class CleanJob(msgspec.Struct, kw_only=True, frozen=True, tag="clean"):
    """Measure a picture, and write it to `target` without metadata and upright."""

    source: str
    target: str
    content_type: str
    max_pixels: int


class BlankJob(msgspec.Struct, kw_only=True, frozen=True, tag="blank"):
    """Empty what is written like metadata in a file that could not be read as a picture."""

    path: str
    content_type: str


class ScaleJob(msgspec.Struct, kw_only=True, frozen=True, tag="scale"):
    """Write a picture to `target`, fitted into a box; 0 leaves a side open. It is never made larger.

    `format` is Pillow's name; "" keeps the picture's own. `quality` is 1 to 100, and 0 means without loss.
    """

    source: str
    target: str
    width: int
    height: int
    format: str
    quality: int
    max_pixels: int


class Outcome(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What came of a job. `error` says why nothing did; then there is no `target`."""

    width: int = 0
    height: int = 0
    format: str = ""
    error: str = ""


Job = CleanJob | BlankJob | ScaleJob


def do(job: Job) -> Outcome:
    """Do a job. A picture that cannot be read is an outcome, and not an error."""
    if isinstance(job, BlankJob):
        return _blank(job)
    try:
        return _clean(job) if isinstance(job, CleanJob) else _scale(job)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:  # what Pillow raises for broken files
        Path(job.target).unlink(missing_ok=True)
        return Outcome(error=f"{type(error).__name__}: {error}"[:200])


def _clean(job: CleanJob) -> Outcome:
    if job.content_type in UNREAD:
        _copy_cleaned(job)
        return Outcome()
    with Image.open(job.source, formats=[PICTURES[job.content_type]]) as picture:
        _check_pixels(picture, job.max_pixels)
        is_turned = picture.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT
        if is_turned and picture.format in _TURNED and not getattr(picture, "is_animated", False):
            return _turn(picture, job.target)
        size = picture.size
    _copy_cleaned(job)
    if job.content_type == "image/avif":
        size = _measure_upright(job)
    return Outcome(width=size[0], height=size[1])


def _measure_upright(job: CleanJob) -> tuple[int, int]:
    """Return the size of a cleaned AVIF, whose turn is no metadata. Raises what Pillow does when it is broken now."""
    with Image.open(job.target, formats=[PICTURES[job.content_type]]) as picture:
        width, height = picture.size
        return (height, width) if picture.getexif().get(_ORIENTATION, _UPRIGHT) in _ON_THEIR_SIDE else (width, height)


def _copy_cleaned(job: CleanJob) -> None:
    with Path(job.source).open("rb") as file, Path(job.target).open("wb") as target:
        # Not closed by name: the pieces are views of it.
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        target.writelines(clean(memoryview(mapped), job.content_type))


def _blank(job: BlankJob) -> Outcome:
    try:
        blank(Path(job.path), job.content_type)
    except OSError as error:
        return Outcome(error=f"{type(error).__name__}: {error}"[:200])
    return Outcome()


def _turn(picture: Image.Image, target: str) -> Outcome:
    format_ = picture.format or ""
    profile = picture.info.get("icc_profile")
    turned = ImageOps.exif_transpose(picture)
    turned.info.clear()
    turned.save(target, format_, quality=_TURNED_QUALITY, icc_profile=profile, exif=b"")
    return Outcome(width=turned.size[0], height=turned.size[1])


def _scale(job: ScaleJob) -> Outcome:
    with Image.open(job.source, formats=list(PICTURES.values())) as picture:
        _check_pixels(picture, job.max_pixels)
        box = (job.width or picture.size[0], job.height or picture.size[1])
        format_ = job.format or picture.format or ""
        if format_ == "GIF":
            format_ = "PNG"  # one picture of a moving one
        picture.draft("RGB", box)
        scaled = ImageOps.exif_transpose(picture)
        if scaled.mode not in ("RGB", "RGBA", "L"):
            scaled = scaled.convert("RGB" if scaled.mode in _WITHOUT_ALPHA else "RGBA")
        scaled.thumbnail(box, Image.Resampling.LANCZOS, reducing_gap=2.0)
        if format_ == "JPEG" and scaled.mode == "RGBA":
            scaled = scaled.convert("RGB")
        is_lossless = job.quality == 0
        scaled.info.clear()
        scaled.save(job.target, format_, quality=job.quality or 100, **({"lossless": True} if is_lossless else {}))
        return Outcome(width=scaled.size[0], height=scaled.size[1], format=format_)


def _check_pixels(picture: Image.Image, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels or not width or not height:
        raise BrokenPicture(f"{width}x{height} pixels")
