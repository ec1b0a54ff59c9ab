"""Blobs: files by name, in a folder, in memory, and in a bucket of a server that speaks S3, where one is installed."""

import asyncio
import os
import secrets
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.errors import Unavailable
from core.store.blob.folder import open_folder
from core.store.blob.interfaces import BlobStore, OpenBlob
from core.store.blob.objects import ObjectBlobStore, S3Place, open_memory, open_s3
from deploy.services.definition import find_free_port
from deploy.services.s3_server import KEY_ID, SECRET, S3Server
from tests.support.services import serving

PIECE = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(folder=tmp_path_factory.mktemp("s3"), port=find_free_port())
    with serving(server, is_demanded=False):
        yield server


def place_in(server: S3Server, bucket: str, prefix: str = "") -> S3Place:
    return S3Place(
        bucket=bucket, prefix=prefix, endpoint=server.address, access_key_id=KEY_ID, secret_access_key=SECRET
    )


@pytest.fixture(params=["folder", "memory", "s3"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "folder":
        return await open_folder(tmp_path / "deep" / "blobs")
    if request.param == "memory":
        return open_memory(tmp_path / "staging")
    server: S3Server = request.getfixturevalue("s3")
    bucket = f"test-{secrets.token_hex(8)}"
    (server.data / bucket).mkdir()
    return await open_s3(place_in(server, bucket, "in/here"), tmp_path / "staging")


async def read(blob: OpenBlob, start: int, size_bytes: int) -> bytes:
    return b"".join([piece async for piece in blob.read(start, size_bytes)])


async def stage(blobs: BlobStore, *pieces: bytes) -> Path:
    staged = await blobs.staging.create()
    for piece in pieces:
        await staged.write(piece)
    await staged.finish()
    assert staged.size_bytes == sum(map(len, pieces))
    return staged.path


async def test_large_file_is_streamed_in_and_out_in_parts(blobs: BlobStore) -> None:
    await blobs.put_file("attachments/1/2", await stage(blobs, *[PIECE] * 20), "application/octet-stream")
    blob = await blobs.open("attachments/1/2")
    assert blob is not None
    try:
        assert blob.size_bytes == 20 * len(PIECE)
        assert await read(blob, 0, blob.size_bytes) == PIECE * 20
        assert await read(blob, 3, 5) == bytes([3, 4, 5, 6, 7])
        assert await read(blob, blob.size_bytes - 2, 2) == bytes([254, 255])
        assert await read(blob, 7, 0) == b""
    finally:
        blob.close()


@pytest.mark.parametrize("blobs", ["folder", "s3"], indirect=True)
async def test_streams_take_the_memory_of_a_few_pieces(blobs: BlobStore) -> None:
    """What obstore holds is not seen here; its share is bounded by its parts."""
    tracemalloc.start()
    try:
        path = await stage(blobs, *[PIECE] * 64)
        await blobs.put_file("large", path, "application/octet-stream")
        blob = await blobs.open("large")
        assert blob is not None
        async for _ in blob.read(0, blob.size_bytes):
            pass
        blob.close()
        assert tracemalloc.get_traced_memory()[1] < 8 * len(PIECE)
    finally:
        tracemalloc.stop()


async def test_open_file_outlives_its_replacement_and_removal(blobs: BlobStore) -> None:
    if isinstance(blobs, ObjectBlobStore):
        pytest.skip("an object store reads each part anew")
    await blobs.put("x", b"before", "text/plain")
    blob = await blobs.open("x")
    assert blob is not None
    await blobs.put("x", b"later", "text/plain")
    await blobs.delete("x")
    assert await read(blob, 0, blob.size_bytes) == b"before"
    blob.close()


async def test_missing_file_cannot_be_opened(blobs: BlobStore) -> None:
    await blobs.put("a/b", b"1", "text/plain")
    assert await blobs.open("a/c") is None
    assert await blobs.open("a") is None
    assert await blobs.open("a/b/c") is None


async def test_new_file_is_put_once(blobs: BlobStore) -> None:
    assert await blobs.put_new("x/y", b"first")
    assert not await blobs.put_new("x/y", b"second")
    assert await blobs.find("x/y") == b"first"


async def test_staged_file_that_is_discarded_leaves_nothing(blobs: BlobStore) -> None:
    staged = await blobs.staging.create()
    await staged.write(b"1")
    staged.discard()
    staged.discard()
    assert not staged.path.exists()


async def test_sweep_removes_what_nobody_has_written_to(blobs: BlobStore) -> None:
    old, new = await blobs.staging.create(), await blobs.staging.create()
    os.utime(old.path, (1, 1))
    assert await blobs.staging.sweep(older_than_s=60) == 1
    assert [old.path.exists(), new.path.exists()] == [False, True]
    old.discard()
    new.discard()


async def test_stored_file_is_found(blobs: BlobStore) -> None:
    data = bytes(range(256)) * 5000
    await blobs.put("avatars/1/a_b.png", data, "image/png")
    assert await blobs.find("avatars/1/a_b.png") == data


async def test_empty_file_is_found(blobs: BlobStore) -> None:
    await blobs.put("x", b"", "text/plain")
    assert await blobs.find("x") == b""


async def test_put_replaces(blobs: BlobStore) -> None:
    await blobs.put("x", b"long before", "text/plain")
    await blobs.put("x", b"new", "text/plain")
    assert await blobs.find("x") == b"new"


async def test_missing_file_is_none(blobs: BlobStore) -> None:
    await blobs.put("a/b", b"1", "text/plain")
    assert await blobs.find("a/c") is None
    assert await blobs.find("a") is None
    assert await blobs.find("b") is None


async def test_deleted_file_is_gone_and_may_be_deleted_again(blobs: BlobStore) -> None:
    await blobs.put("a/b", b"1", "text/plain")
    await blobs.delete("a/b")
    await blobs.delete("a/b")
    assert await blobs.find("a/b") is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "..",
        "../a",
        "a/../b",
        "a/..",
        ".",
        ".a",
        "a/.b",
        "a\\b",
        "a\n",
        "a b",
        "ü",
        "a\0",
        "a:b",
    ],
)
async def test_bad_name_is_refused_everywhere(blobs: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        await blobs.put(name, b"1", "text/plain")
    with pytest.raises(ValueError, match="name"):
        await blobs.find(name)
    with pytest.raises(ValueError, match="name"):
        await blobs.delete(name)


@pytest.mark.parametrize("name", ["a" * 513, "~", "%2e%2e/a", "a?b"])
async def test_name_with_odd_characters_or_length_is_refused(blobs: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        await blobs.put(name, b"1", "text/plain")


async def test_bucket_that_is_not_there_is_not_opened(tmp_path: Path, s3: S3Server) -> None:
    place = place_in(s3, "nobody-made-this")
    with pytest.raises(Unavailable):
        await open_s3(place, tmp_path)


async def test_copy_keeps_the_bytes_under_its_name_until_it_is_deleted(blobs: BlobStore) -> None:
    await blobs.put_file("attachments/1/2", await stage(blobs, PIECE), "application/octet-stream")
    await blobs.put("attachments/3/4", b"old", "text/plain")
    staged = set(blobs.staging.folder.glob("*"))
    for name in ("attachments/3/4", "deep/attachments/5/6"):
        assert await blobs.copy("attachments/1/2", name)
        assert await blobs.find(name) == PIECE
    await blobs.put("attachments/1/2", b"new", "text/plain")
    assert await blobs.find("attachments/3/4") == PIECE
    await blobs.delete("attachments/1/2")
    await blobs.delete("attachments/3/4")
    assert await blobs.find("deep/attachments/5/6") == PIECE
    assert not await blobs.copy("attachments/1/2", "attachments/7/8")
    assert await blobs.find("attachments/7/8") is None
    assert set(blobs.staging.folder.glob("*")) == staged


async def test_names_of_a_folder_are_listed(blobs: BlobStore) -> None:
    assert [name async for name in blobs.list_names("a")] == []
    for name in ("a/b", "a/c/d", "ab/c"):
        await blobs.put(name, b"1", "text/plain")
    (await blobs.staging.create()).discard()
    assert sorted([name async for name in blobs.list_names("a")]) == ["a/b", "a/c/d"]
    with pytest.raises(ValueError, match="name"):
        [name async for name in blobs.list_names("../a")]


async def test_store_that_is_there_answers(blobs: BlobStore) -> None:
    await blobs.ping()


async def test_folder_that_is_gone_does_not_answer(tmp_path: Path) -> None:
    blobs = await open_folder(tmp_path / "blobs")
    (tmp_path / "blobs").rmdir()
    with pytest.raises(Unavailable):
        await blobs.ping()


async def test_bucket_of_a_server_that_has_ended_does_not_answer(tmp_path: Path) -> None:
    server = S3Server(folder=tmp_path / "server", port=find_free_port(), buckets=["files"])
    with serving(server, is_demanded=False) as process:
        blobs = await open_s3(place_in(server, "files"), tmp_path / "staging")
        await blobs.ping()
        process.kill()
        with pytest.raises((Unavailable, TimeoutError)):
            async with asyncio.timeout(3):
                await blobs.ping()
