"""What is exported of a person and of a guild, and that each table and column was thought of."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, LargeBinary, create_engine, insert
from sqlalchemy.pool import NullPool

from core.domain.messages.message import Message
from core.domain.people.user import Account, User
from core.store.aggregates.pictures import Picture
from core.store.sql.aggregates.messages.message_batch import MESSAGE
from core.store.sql.moving.exported import HIDDEN, LEFT, OF_GUILD, OF_USER, Choices, show
from core.store.sql.schema.all_tables import metadata
from core.store.sql.schema.columns import JsonTuple, RawJson
from core.store.sql.schema.tables.messages import messages
from core.store.sql.store import SqlStore
from guildway.cli import main
from guildway.data.data_files import DataFiles
from tests.fakes.clock import FakeClock

ADA, BOB, CHANNEL, GUILD = (1 << 60) + 1, (1 << 60) + 2, (1 << 60) + 3, (1 << 60) + 4
NUMBERS = (
    "flags",
    "notification_flags",
    "size",
    "member_count",
    "vanity_uses",
    "version",
    "last_viewed",
    "bytes_sent",
    "bytes_received",
)


@pytest.fixture
def data(tmp_path: Path) -> DataFiles:
    """A folder with two people, a message of each, and a picture of one."""
    files = DataFiles.in_folder(tmp_path / "data")
    (files.images / "avatars" / str(ADA)).mkdir(parents=True)
    (files.images / "avatars" / str(ADA) / "a.png").write_bytes(b"picture")

    async def fill() -> None:
        store = await SqlStore.open(files.database, clock=FakeClock(), num_shards=4)
        async with store.write() as tx:
            for number, name in ((ADA, "ada"), (BOB, "bob")):
                user = User(id=number, username=name)
                await tx.users.create(Account(user=user, email=f"{name}@example.org", password_hash="secret-hash"))
            picture = Picture(folder=f"avatars/{ADA}", name="a.png", user_id=ADA, guild_id=0, size=7, unused_since_ms=0)
            await tx.pictures.begin(picture)
        await store.close()

    asyncio.run(fill())
    engine = create_engine(f"sqlite:///{files.database}", poolclass=NullPool)
    with engine.begin() as connection:
        for number, name in ((ADA, "ada"), (BOB, "bob")):
            message = Message(
                id=number + 10, channel_id=CHANNEL, guild_id=GUILD, author_id=number, content=f"of {name}"
            )
            connection.execute(insert(messages).values(bucket=0, **MESSAGE.values(message)))
    engine.dispose()
    return files


def export(data: DataFiles, *words: object) -> int:
    return main(["export", *map(str, words), "--data", str(data.database.parent)])


def rows_of(folder: Path, table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{table}.jsonl").read_text().splitlines()]


def test_person_gets_what_is_theirs_and_no_secret(data: DataFiles, tmp_path: Path) -> None:
    target = tmp_path / "of-ada"
    assert export(data, "user", ADA, target) == 0
    (user,) = rows_of(target, "users")
    assert (user["id"], user["username"], user["email"]) == (str(ADA), "ada", "ada@example.org")
    assert [row["content"] for row in rows_of(target, "messages")] == ["of ada"]
    assert (target / "files" / "avatars" / str(ADA) / "a.png").read_bytes() == b"picture"
    told = "".join(path.read_text() for path in target.glob("*.json*"))
    assert "secret" not in told
    assert "hash" not in told
    assert "bob" not in told
    manifest = json.loads((target / "manifest.json").read_text())
    assert (manifest["rows"]["messages"], manifest["files"]) == (1, 1)
    assert set(manifest["rows"]) == {path.stem for path in target.glob("*.jsonl")}


def test_what_is_not_there_or_in_the_way_is_told_in_one_line(
    data: DataFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, reason in (
        (("guild", GUILD, tmp_path / "new"), "there is no guild"),
        (("user", ADA, data.database.parent), "is there already"),
        (("user", ADA, data.images / "new"), "the server's own"),
        (("user", ADA, tmp_path / "nowhere" / "new"), "cannot be written"),
        (("channel", ADA, tmp_path / "new"), "channel"),
    ):
        assert export(data, *words) == 2
        assert reason in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_each_table_is_somebodys_or_left_out_with_a_reason() -> None:
    taken = {table.name for table in (*OF_USER, *OF_GUILD)}
    assert taken | LEFT == set(metadata.tables)
    assert not taken & LEFT


@pytest.mark.parametrize(("cell", "tables"), [(2, OF_USER), (3, OF_GUILD)], ids=["user", "guild"])
def test_page_lists_the_tables_of_each(cell: int, tables: Choices) -> None:
    page = (Path(__file__).parents[4] / "docs" / "export.md").read_text()
    rows = [line.split("|") for line in page.splitlines() if re.match(r"\| (who|with whom|where|what) \|", line)]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row[cell])} == {table.name for table in tables}


@pytest.mark.parametrize("table", sorted({*OF_USER, *OF_GUILD}, key=str), ids=str)
def test_each_column_shows_its_values_well(table: Any) -> None:
    for column in table.columns:
        if column.name in HIDDEN:
            continue
        assert not any(word in column.name for word in ("hash", "token", "secret", "_fold")), column
        if isinstance(column.type, BigInteger) and not column.name.endswith("_ms") and column.name not in NUMBERS:
            assert show(column.name, 1 << 60) == str(1 << 60), column
        if isinstance(column.type, JsonTuple) and column.type.item_type is int:
            assert show(column.name, (1 << 60,)) == [str(1 << 60)], column
        if isinstance(column.type, LargeBinary):
            assert column.name.endswith("_proto") or isinstance(column.type, RawJson), column
