"""`guildway admin` on the data of an embedded server that does not run, from the command line to the database."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from core.runtime.clock import SystemClock
from core.runtime.data_dir import DataDir
from core.store.sql.store import SqlStore
from guildway.cli import main
from tests.support.stores.databases import MigratedDatabase


@pytest.fixture
def folder(tmp_path: Path, migrated_database: MigratedDatabase) -> Path:
    """A data folder with an empty database."""
    migrated_database.copy_to(tmp_path / "guildway.db")
    return tmp_path


def test_account_is_made_found_suspended_and_all_of_it_is_in_the_log(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(*words: str) -> Any:
        assert main(["admin", "--data", str(folder), "--json", *words]) == 0
        out = capsys.readouterr().out
        return json.loads(out) if out else None

    made = ask("users", "create", "zoe", "--email", "zoe@example.org", "--birth-date", "1990-01-01")
    ask("staff", "set", "zoe", "owner", "--reason", "the first")
    ask("users", "suspend", "ZOE@example.org")
    [shown] = ask("users", "list", "--search", "z")
    assert (shown["id"], shown["suspension"]["by"]) == (made["user_id"], None)
    log = [(entry["action"], entry["target"], entry["reason"]) for entry in ask("log")]
    assert log == [
        ("user.suspend", made["user_id"], None),
        ("staff.set", made["user_id"], "the first"),
        ("user.create", made["user_id"], None),
    ]


def test_limits_are_set_and_stay_and_announcements_go_to_all_people(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*words: str) -> Any:
        assert main(["admin", "--data", str(folder), "--json", *words]) == 0
        return json.loads(capsys.readouterr().out)

    monkeypatch.setattr("guildway.administration.announcing.AT_ONCE", 2)
    ask("limits", "set", "channel_messages=5", "enabled=false", "typing_interval_s=0.5")
    ask("limits", "set", "typing_interval_s=default")
    shown = ask("limits", "show")
    assert (shown["changed"], shown["rates"]["channel_messages"]) == (["channel_messages", "enabled"], 5)
    people = [
        ask("users", "create", name, "--email", f"{name}@example.org", "--birth-date", "1990-01-01")["user_id"]
        for name in ("zoe", "yan", "xia")
    ]
    assert ask("announce", "hello", "--user", "zoe") == {"sent": 1, "passed_over": [], "last": people[0]}
    assert ask("announce", "hello", "--all") == {"sent": 3, "passed_over": [], "last": people[2]}
    assert ask("announce", "hello", "--all", "--after", people[0])["sent"] == 2
    assert ask("reports", "list") == []


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (("users", "show", "nobody"), 5, "nobody is called 'nobody'"),
        (("users", "create", "x", "--email", "x", "--birth-date", "1990"), 2, "email: Must be between 3 and 320"),
        (("users", "suspend"), 2, "Missing argument 'USER'"),
        (("staff", "set", "1", "king"), 2, "'king' is not one of"),
        (("registration", "set", "ajar"), 2, "'ajar' is not one of"),
        (("users",), 2, "Missing command"),
        (("limits", "set", "channel_messages"), 2, "'channel_messages' is not NAME=VALUE"),
        (("limits", "set", "channel_messages=many"), 2, "'channel_messages=many' is not NAME=VALUE"),
        (("limits", "set", "port=1"), 2, "limits.port: there is no such limit"),
        (("announce", "hello"), 2, "name people by --user, or all by --all"),
        (("reports", "resolve", "7"), 5, "Unknown report"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    folder: Path, words: tuple[str, ...], status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["admin", "--data", str(folder), *words]) == status
    told = capsys.readouterr()
    assert told.out == ""
    assert text in told.err
    assert told.err.count("\n") == 1


def test_folder_without_data_is_refused_and_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["admin", "--data", str(tmp_path), "users", "list"]) == 2
    assert "there is no database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_in_use_is_asked_for_at_the_server(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["admin", "--data", str(folder), "--url", "http://127.0.0.1:9", "users", "list"]
    held = DataDir(folder)
    try:
        assert main(words) == 2
        assert "no operator's key yet" in capsys.readouterr().err
        asyncio.run(_put_key(folder))
        assert main(words) == 2
        assert "no server answers at http://127.0.0.1:9" in capsys.readouterr().err
    finally:
        held.close()


async def _put_key(folder: Path) -> None:
    store = await SqlStore.open(str(folder / "guildway.db"), clock=SystemClock(), num_shards=256)
    await store.secrets.ensure("operator-key", b"k" * 32)
    await store.close()
