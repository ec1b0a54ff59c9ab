"""What commands print, as JSON and as tables."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.domain.ids import shard_of
from core.shards.interfaces import Owned
from shardctl.operations import works
from shardctl.operations.works import Style
from shardctl.outcomes import WrongInput
from tests.unit.shardctl.operations.desks import NUM_SHARDS, Ground

GUILD = 1304839104321552384
SHARD = shard_of(GUILD, NUM_SHARDS)
JSON = Style(True)
TABLE = Style(False)


@pytest.fixture
async def ground() -> Ground:
    """Two workers with four shards each."""
    made = Ground()
    made.add_worker("a", "0-3")
    made.add_worker("b", "4-7")
    await made.go(4)
    return made


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[Awaitable[None]], Awaitable[Any]]:
    """A function that returns what a work has printed, read as JSON."""

    async def run(work: Awaitable[None]) -> Any:
        await work
        return json.loads(capsys.readouterr().out)

    return run


async def test_status_counts_shards_whose_owner_lives(ground: Ground, printed: Any) -> None:
    status = await printed(works.show_status(JSON, ground.desk))
    assert (status["shards"], status["owned"], status["workers"], status["controller"]) == (8, 8, 2, "c")
    ground.kill("b")
    await ground.live_without_controller(5)
    status = await printed(works.show_status(JSON, ground.desk))
    assert (status["owned"], status["workers"], status["controller"]) == (4, 1, None)
    rows = await printed(works.show_workers(JSON, ground.desk))
    assert [(row["name"], row["state"], row["shards"]) for row in rows] == [("a", "serving", 4), ("b", "dead", 4)]


async def test_shards_are_listed_with_owner_and_pin(ground: Ground, printed: Any) -> None:
    await ground.database.wishes.pin(5, "b")
    await ground.go(2)
    rows = await printed(works.show_shards(JSON, None, ground.desk))
    assert [row["worker"] for row in rows] == ["a"] * 4 + ["b"] * 4
    assert [row["pinned_to"] for row in rows] == [None] * 5 + ["b", None, None]
    assert len(await printed(works.show_shards(JSON, "b", ground.desk))) == 4
    with pytest.raises(WrongInput):
        await works.show_shards(JSON, "c", ground.desk)


async def test_guild_is_located_at_its_shard(ground: Ground, printed: Any) -> None:
    ground.database.owned[7] = Owned("channel", GUILD)
    found = await printed(works.show_location(JSON, 7, ground.desk))
    worker = "a" if SHARD < 4 else "b"
    assert (found["kind"], found["owner_id"], found["place"]["shard"]) == ("channel", str(GUILD), SHARD)
    assert (found["place"]["worker"], found["gateway"]) == (worker, f"ws://{worker}:8081")
    with pytest.raises(WrongInput, match="no guild, user or channel has the id 9"):
        await works.show_location(JSON, 9, ground.desk)


async def test_watch_shows_the_workers_as_often_as_it_is_told(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    await works.watch(JSON, 0.001, 3, ground.desk)
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert [len(json.loads(line)) for line in lines] == [2, 2, 2]


async def test_tables_say_the_same_to_people(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    ground.database.owned[GUILD] = Owned("guild", GUILD)
    await works.show_status(TABLE, ground.desk)
    await works.show_workers(TABLE, ground.desk)
    await works.show_shards(TABLE, "a", ground.desk)
    await works.show_location(TABLE, GUILD, ground.desk)
    await works.drain(TABLE, "a", True, 0, ground.desk)
    await works.show_plan(TABLE, False, ground.desk)
    await works.watch(TABLE, 0.001, 1, ground.desk)
    text = capsys.readouterr().out
    for words in ("8, all owned", "ws://a:8081", str(GUILD), "4: 0-3", "nothing is to be moved"):
        assert words in text, words


async def test_sentences_tell_what_was_done(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    await works.drain(TABLE, "a", False, 0, ground.desk)
    await works.undrain(TABLE, "a", True, ground.desk)
    await works.undrain(TABLE, "a", False, ground.desk)
    await works.undrain(TABLE, "a", False, ground.desk)
    await works.unpin(TABLE, 3, False, ground.desk)
    await works.rebalance(TABLE, False, 0, ground.desk)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a is to be drained"
    assert lines[1].startswith("a would have shards again")
    assert lines[2].startswith("a may have shards again")
    assert lines[3:5] == ["a is not drained", "shard 3 is not pinned"]
    assert lines[5].endswith("shards are to be moved")
