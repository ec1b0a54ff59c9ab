"""Blobs: files by name."""

from pathlib import Path

import pytest

from core.store.blob.interfaces import BlobStore
from core.store.blob.store import open_folder, open_memory


@pytest.fixture(params=["folder", "memory"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return open_memory() if request.param == "memory" else await open_folder(tmp_path / "deep" / "blobs")


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
