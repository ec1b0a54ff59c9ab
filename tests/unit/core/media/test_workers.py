"""Pictures in processes of their own: measured, turned, scaled; bombs and killed processes."""

import asyncio
import os
import signal
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from core.domain.errors import Unavailable
from core.media.pictures import Outcome
from core.media.workers import PictureWorkers


@pytest.fixture
async def workers() -> AsyncIterator[PictureWorkers]:
    made = PictureWorkers(processes=1, max_pixels=2_000_000)
    yield made
    await made.close()


def draw(path: Path, size: tuple[int, int] = (300, 200), **options: object) -> Path:
    picture = Image.new("RGB", size, "navy")
    picture.paste("gold", (0, 0, size[0] // 2, size[1] // 2))
    picture.save(path, **options)  # type: ignore[arg-type]
    return path


def test_worker_of_one_picture_serves_the_next(tmp_path: Path) -> None:
    async def run() -> list[Outcome]:
        workers = PictureWorkers(processes=1, max_pixels=2_000_000)
        source = draw(tmp_path / "a.png")
        try:
            return await asyncio.gather(
                *(workers.clean(source, tmp_path / f"{number}", "image/png") for number in range(3))
            )
        finally:
            await workers.close()

    assert asyncio.run(run()) == [Outcome(width=300, height=200)] * 3


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
async def test_turned_picture_becomes_upright(workers: PictureWorkers, tmp_path: Path, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010E] = "secret"
    source = draw(tmp_path / f"a.{kind}", exif=exif)
    outcome = await workers.clean(source, tmp_path / "out", f"image/{kind}")
    assert outcome == Outcome(width=200, height=300)
    with Image.open(tmp_path / "out") as picture:
        assert picture.size == (200, 300)
        assert not picture.getexif()
        corner = picture.convert("RGB").getpixel((190, 5))
        assert isinstance(corner, tuple)
        assert corner[0] > 150
    assert b"secret" not in (tmp_path / "out").read_bytes()


@pytest.mark.parametrize(
    ("box", "expected"),
    [((150, 0), (150, 100)), ((0, 50), (75, 50)), ((150, 150), (150, 100)), ((900, 900), (300, 200)), ((1, 1), (1, 1))],
)
async def test_picture_is_fitted_into_the_box(
    workers: PictureWorkers, tmp_path: Path, box: tuple[int, int], expected: tuple[int, int]
) -> None:
    source = draw(tmp_path / "a.png")
    outcome = await workers.scale(source, tmp_path / "out", width=box[0], height=box[1], format_="WEBP", quality=80)
    assert outcome == Outcome(width=expected[0], height=expected[1], format="WEBP")
    with Image.open(tmp_path / "out") as picture:
        assert (picture.format, picture.size) == ("WEBP", expected)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "gif"])
@pytest.mark.parametrize("wanted", ["", "JPEG", "PNG", "WEBP"])
async def test_every_format_becomes_every_other(
    workers: PictureWorkers, tmp_path: Path, kind: str, wanted: str
) -> None:
    source = draw(tmp_path / f"a.{kind}")
    outcome = await workers.scale(source, tmp_path / "out", width=30, height=30, format_=wanted, quality=0)
    assert outcome.format == (wanted or {"gif": "PNG"}.get(kind, kind.upper()))


def make_bomb(path: Path, side: int) -> Path:
    """A picture of very many pixels in very few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes((side + 1) * side), 9)
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


async def test_bomb_is_refused_before_it_is_decoded(workers: PictureWorkers, tmp_path: Path) -> None:
    bomb = make_bomb(tmp_path / "bomb.png", 5000)
    assert bomb.stat().st_size < 50_000
    for outcome in (
        await workers.clean(bomb, tmp_path / "out", "image/png"),
        await workers.scale(bomb, tmp_path / "out", width=9, height=9, format_="", quality=9),
    ):
        assert "5000x5000" in outcome.error
        assert not (tmp_path / "out").exists()


async def test_broken_picture_is_an_outcome(workers: PictureWorkers, tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    assert (await workers.clean(source, tmp_path / "out", "image/png")).error
    source = draw(tmp_path / "b.jpg")
    assert (await workers.clean(source, tmp_path / "out", "image/png")).error
    assert (await workers.clean(source, tmp_path / "out", "image/jpeg")).width == 300


async def test_killed_process_is_replaced(workers: PictureWorkers, tmp_path: Path) -> None:
    source = draw(tmp_path / "a.png")
    assert (await workers.clean(source, tmp_path / "1", "image/png")).width == 300
    (process,) = workers._idle
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    assert "process failed" in (await workers.clean(source, tmp_path / "2", "image/png")).error
    assert (await workers.clean(source, tmp_path / "3", "image/png")).width == 300


async def test_crowd_is_refused(workers: PictureWorkers, tmp_path: Path) -> None:
    source = draw(tmp_path / "a.png")
    jobs = [workers.clean(source, tmp_path / f"{number}", "image/png") for number in range(70)]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert sum(isinstance(result, Unavailable) for result in results) == 6
    assert sum(isinstance(result, Outcome) and result.width == 300 for result in results) == 64
