"""Processes of a cluster notice that they have not the same files."""

from pathlib import Path

import pytest

from core.runtime.errors import StartError
from core.store.blob.folder import open_folder
from core.store.blob.identity import check_shared


class DictSecrets:
    """Secrets in a dict."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    async def ensure(self, name: str, candidate: bytes) -> bytes:
        return self._values.setdefault(name, candidate)


async def test_processes_with_one_folder_start_again_and_again(tmp_path: Path) -> None:
    secrets = DictSecrets()
    for _ in range(3):
        await check_shared(await open_folder(tmp_path), secrets)


async def test_process_with_another_folder_is_refused_and_the_first_one_stays(tmp_path: Path) -> None:
    secrets = DictSecrets()
    await check_shared(await open_folder(tmp_path / "a"), secrets)
    for _ in range(2):
        with pytest.raises(StartError, match=r"files\.s3_bucket"):
            await check_shared(await open_folder(tmp_path / "b"), secrets)
    await check_shared(await open_folder(tmp_path / "a"), secrets)
