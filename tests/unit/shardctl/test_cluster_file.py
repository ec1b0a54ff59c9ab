"""The file that names a cluster's processes."""

import json
from pathlib import Path

from shardctl.cluster_file import FILE_NAME, ClusterFile, Entry


def make_entry(name: str, pid: int | None = 1) -> Entry:
    return Entry(role="api", name=name, pid=pid, state="ready", addresses={"api": "http://127.0.0.1:1"})


def test_file_has_the_newest_entry_of_each_name_in_the_order_of_the_first(tmp_path: Path) -> None:
    file = ClusterFile(tmp_path)
    file.put(make_entry("api-1", 1), make_entry("api-2", 2))
    file.put(make_entry("api-1", 3))
    read = json.loads((tmp_path / FILE_NAME).read_text())["cluster"]
    assert [(entry["name"], entry["pid"]) for entry in read] == [("api-1", 3), ("api-2", 2)]
    assert read[0]["addresses"] == {"api": "http://127.0.0.1:1"}


def test_unchanged_entries_are_not_written_again(tmp_path: Path) -> None:
    file = ClusterFile(tmp_path)
    file.put(make_entry("api-1"))
    before = (tmp_path / FILE_NAME).stat().st_ino
    file.put(make_entry("api-1"))
    assert (tmp_path / FILE_NAME).stat().st_ino == before
    file.put(make_entry("api-1", None))
    assert (tmp_path / FILE_NAME).stat().st_ino != before


def test_removed_file_leaves_nothing(tmp_path: Path) -> None:
    file = ClusterFile(tmp_path)
    file.put(make_entry("api-1"))
    file.remove()
    file.remove()
    assert list(tmp_path.iterdir()) == []
