"""The rows of reactions: none is lost or counted twice, pages of users, and the end with the message."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.errors import Forbidden, TooManyReactions, UnknownMessage
from core.domain.messages.reaction import MAX_EMOJIS, Reaction, ReactionCount
from core.store.aggregates.messages.message_rows import MessageRows
from core.store.aggregates.messages.reaction_rows import ReactionRows
from tests.contract.builders import flake, new_message
from tests.contract.message_rows import new_place, open_cassandra, open_postgres, open_sqlite
from tests.fakes.clock import FakeClock
from tests.fakes.message_rows import FakeMessageRows
from tests.fakes.reaction_rows import FakeReactionRows
from tests.support.stores.databases import MigratedDatabase

MESSAGE_ID = flake(40)
CHANGE_IDS = itertools.count(flake(1000))
EMOJIS = [chr(0x1F600 + number) for number in range(MAX_EMOJIS + 1)]


class Rows(NamedTuple):
    """Messages, and the reactions to them."""

    messages: MessageRows
    reactions: ReactionRows
    channel_id: int

    def make(self, emoji: str = EMOJIS[0], user_id: int = 1, **fields: Any) -> Reaction:
        """Make a reaction to the message."""
        values = {"channel_id": self.channel_id, "message_id": MESSAGE_ID, "id": next(CHANGE_IDS), **fields}
        return Reaction(emoji=emoji, user_id=user_id, **values)

    async def add(self, *reactions: Reaction, may_begin: bool = True) -> list[bool]:
        """Add reactions at once."""
        return await asyncio.gather(*(self.reactions.add(each, may_begin=may_begin) for each in reactions))

    async def counts(self) -> tuple[ReactionCount, ...]:
        """Return what the message shows."""
        return (await self.reactions.count(self.channel_id, [MESSAGE_ID])).get(MESSAGE_ID, ())

    async def users(self, emoji: str = EMOJIS[0], *, is_burst: bool = False, after: int = 0, limit: int = 100) -> Any:
        """Return a page of users."""
        return await self.reactions.list_user_ids(
            self.channel_id, MESSAGE_ID, emoji, is_burst=is_burst, after=after, limit=limit
        )


class FakeMessages(FakeMessageRows):
    """Messages that take their reactions with them."""

    reactions: FakeReactionRows

    async def delete(self, channel_id: int, message_ids: Any) -> list[int]:
        """Delete messages."""
        gone = await super().delete(channel_id, message_ids)
        for message_id in message_ids:
            self.reactions.forget(channel_id, message_id)
        return gone


def make_fakes() -> tuple[MessageRows, ReactionRows]:
    messages = FakeMessages(clock=FakeClock())

    async def has_message(channel_id: int, message_id: int) -> bool:
        return await messages.find(channel_id, message_id) is not None

    messages.reactions = FakeReactionRows(has_message=has_message)
    return messages, messages.reactions


@pytest.fixture(params=["fake", "sqlite", "postgres", "cassandra"])
def opening(
    request: pytest.FixtureRequest, tmp_path: Path, migrated_database: MigratedDatabase
) -> AbstractAsyncContextManager[tuple[MessageRows, ReactionRows]]:
    """The rows of one backend, to be opened. A server is only started for the tests that use it."""
    clock = FakeClock()
    match request.param:
        case "fake":
            return contextlib.nullcontext(make_fakes())
        case "sqlite":
            return open_sqlite(tmp_path / "rows.db", migrated_database, clock)
        case "postgres":
            return open_postgres(request.getfixturevalue("postgres_databases"), clock)
        case _:
            return open_cassandra(request.getfixturevalue("cassandra_settings"), clock)


@pytest.fixture
async def rows(opening: AbstractAsyncContextManager[tuple[MessageRows, ReactionRows]]) -> AsyncIterator[Rows]:
    """The open rows, and a message."""
    async with opening as (messages, reactions):
        channel_id = new_place().channel_id
        await messages.insert(new_message(MESSAGE_ID, channel_id))
        yield Rows(messages, reactions, channel_id)


async def test_added_reaction_is_counted_and_found(rows: Rows) -> None:
    reaction = rows.make()
    assert await rows.add(reaction) == [True]
    assert await rows.counts() == (ReactionCount(EMOJIS[0], 1, 0),)
    assert await rows.reactions.find(rows.make(id=0)) == reaction
    assert await rows.users() == [1]
    assert await rows.reactions.find(rows.make(user_id=2)) is None
    assert await rows.reactions.find(rows.make(is_burst=True)) is None


async def test_repeated_reaction_changes_nothing_and_keeps_its_id(rows: Rows) -> None:
    first = rows.make()
    await rows.add(first)
    assert await rows.add(rows.make()) == [False]
    assert await rows.counts() == (ReactionCount(EMOJIS[0], 1, 0),)
    assert await rows.reactions.find(rows.make()) == first
    assert await rows.add(first) == [True], "the same change, made again as its outcome was not known"
    assert await rows.counts() == (ReactionCount(EMOJIS[0], 1, 0),)


async def test_emoji_with_and_without_its_selector_is_the_same_and_shows_the_first_form(rows: Rows) -> None:
    await rows.add(rows.make("\u2764\ufe0f"))
    await rows.add(rows.make("\u2764", user_id=2))
    assert await rows.counts() == (ReactionCount("\u2764\ufe0f", 2, 0),)
    assert await rows.users("\u2764") == [1, 2]


async def test_bursts_are_counted_apart(rows: Rows) -> None:
    await rows.add(rows.make())
    await rows.add(rows.make(is_burst=True))
    await rows.add(rows.make(is_burst=True, user_id=2))
    assert await rows.counts() == (ReactionCount(EMOJIS[0], 1, 2),)
    assert (await rows.users(), await rows.users(is_burst=True)) == ([1], [1, 2])
    assert await rows.reactions.remove(rows.make())
    assert await rows.counts() == (ReactionCount(EMOJIS[0], 0, 2),)


async def test_emojis_stand_in_the_order_in_which_they_came(rows: Rows) -> None:
    for emoji in EMOJIS[3::-1]:
        await rows.add(rows.make(emoji))
    await rows.add(rows.make(EMOJIS[2], user_id=2))
    assert [count.emoji for count in await rows.counts()] == EMOJIS[3::-1]


async def test_reaction_to_a_message_that_is_not_there_is_refused(rows: Rows) -> None:
    with pytest.raises(UnknownMessage):
        await rows.add(rows.make(message_id=flake(41)))
    with pytest.raises(UnknownMessage):
        await rows.add(rows.make(channel_id=rows.channel_id + 1))
    assert await rows.reactions.count(rows.channel_id, [flake(41)]) == {}


async def test_first_of_an_emoji_is_refused_to_whom_may_only_join(rows: Rows) -> None:
    with pytest.raises(Forbidden):
        await rows.add(rows.make(), may_begin=False)
    await rows.add(rows.make())
    assert await rows.add(rows.make(user_id=2), may_begin=False) == [True]
    assert await rows.counts() == (ReactionCount(EMOJIS[0], 2, 0),)


async def test_message_takes_twenty_emojis_and_no_more(rows: Rows) -> None:
    for emoji in EMOJIS[:MAX_EMOJIS]:
        await rows.add(rows.make(emoji))
    with pytest.raises(TooManyReactions):
        await rows.add(rows.make(EMOJIS[MAX_EMOJIS]))
    assert await rows.add(rows.make(EMOJIS[0], user_id=2)) == [True]
    await rows.reactions.remove(rows.make(EMOJIS[5]))
    assert await rows.add(rows.make(EMOJIS[MAX_EMOJIS])) == [True]


async def test_removed_reaction_is_gone_and_its_emoji_with_the_last(rows: Rows) -> None:
    await rows.add(rows.make())
    assert not await rows.reactions.remove(rows.make(user_id=2))
    assert await rows.reactions.remove(rows.make())
    assert not await rows.reactions.remove(rows.make())
    assert (await rows.counts(), await rows.users()) == ((), [])


async def test_one_emoji_or_all_are_removed(rows: Rows) -> None:
    for emoji in EMOJIS[:3]:
        await rows.add(rows.make(emoji))
        await rows.add(rows.make(emoji, user_id=2, is_burst=True))
    assert await rows.reactions.remove_all(rows.channel_id, MESSAGE_ID, EMOJIS[1])
    assert not await rows.reactions.remove_all(rows.channel_id, MESSAGE_ID, EMOJIS[1])
    assert await rows.counts() == (ReactionCount(EMOJIS[0], 1, 1), ReactionCount(EMOJIS[2], 1, 1))
    assert (await rows.users(EMOJIS[1]), await rows.users(EMOJIS[2])) == ([], [1])
    assert await rows.reactions.remove_all(rows.channel_id, MESSAGE_ID, None)
    assert not await rows.reactions.remove_all(rows.channel_id, MESSAGE_ID, None)
    assert (await rows.counts(), await rows.users(EMOJIS[0]), await rows.users(EMOJIS[2], is_burst=True)) == (
        (),
        [],
        [],
    )


async def test_users_come_in_pages(rows: Rows) -> None:
    user_ids = [3, 5, 8, 13, 21]
    for user_id in reversed(user_ids):
        await rows.add(rows.make(user_id=user_id))
    assert await rows.users(limit=2) == [3, 5]
    assert await rows.users(after=5, limit=2) == [8, 13]
    assert await rows.users(after=21) == []


async def test_own_reactions_are_found_over_many_messages(rows: Rows) -> None:
    ids = [flake(100 + number) for number in range(120)]
    for message_id in ids[:3]:
        await rows.messages.insert(new_message(message_id, rows.channel_id))
    await rows.add(rows.make(message_id=ids[0]), rows.make(EMOJIS[1], message_id=ids[1], user_id=2))
    await rows.add(rows.make(EMOJIS[1], message_id=ids[2], is_burst=True))
    counts = await rows.reactions.count(rows.channel_id, ids)
    assert sorted(counts) == ids[:3]
    own = await rows.reactions.find_own(rows.channel_id, counts, 1)
    assert {key: set(value) for key, value in own.items()} == {
        ids[0]: {(EMOJIS[0], False)},
        ids[2]: {(EMOJIS[1], True)},
    }
    assert await rows.reactions.find_own(rows.channel_id, {}, 1) == {}


async def test_concurrent_reactions_are_all_counted(rows: Rows) -> None:
    user_ids = range(1, 21)
    await rows.add(*(rows.make(EMOJIS[user_id % 2], user_id=user_id) for user_id in user_ids))
    counts = {count.emoji: count.normal for count in await rows.counts()}
    assert counts == {EMOJIS[0]: 10, EMOJIS[1]: 10}
    removed = await asyncio.gather(*(rows.reactions.remove(rows.make(EMOJIS[0], user_id=each)) for each in user_ids))
    assert sum(removed) == 10
    assert await rows.counts() == (ReactionCount(EMOJIS[1], 10, 0),)


async def test_one_reaction_that_is_added_many_times_at_once_is_new_once(rows: Rows) -> None:
    added = await rows.add(*(rows.make(id=flake(number)) for number in range(8)))
    assert sum(added) == 1
    found = await rows.reactions.find(rows.make())
    assert found is not None
    assert found.id == flake(added.index(True))


async def test_reactions_go_with_their_message(rows: Rows) -> None:
    await rows.messages.insert(new_message(flake(41), rows.channel_id))
    await rows.add(rows.make(), rows.make(message_id=flake(41)))
    await rows.messages.delete(rows.channel_id, [MESSAGE_ID])
    assert (await rows.counts(), await rows.users()) == ((), [])
    assert await rows.reactions.find(rows.make()) is None
    assert list(await rows.reactions.count(rows.channel_id, [MESSAGE_ID, flake(41)])) == [flake(41)]
    with pytest.raises(UnknownMessage):
        await rows.add(rows.make(user_id=2))
    assert not await rows.reactions.remove(rows.make())


async def test_reactions_that_meet_the_deletion_of_their_message_leave_nothing(rows: Rows) -> None:
    results = await asyncio.gather(
        *(rows.reactions.add(rows.make(user_id=each), may_begin=True) for each in range(1, 9)),
        rows.messages.delete(rows.channel_id, [MESSAGE_ID]),
        *(rows.reactions.add(rows.make(user_id=each), may_begin=True) for each in range(9, 17)),
        return_exceptions=True,
    )
    assert all(each is True or isinstance(each, UnknownMessage | list) for each in results)
    assert (await rows.counts(), await rows.users()) == ((), [])


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "emoji", "all"]), st.integers(0, 2), st.integers(1, 3), st.booleans()),
    max_size=12,
)


@given(steps=STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_steps_end_as_with_a_set(rows: Rows, steps: list[tuple[str, int, int, bool]]) -> None:
    await rows.reactions.remove_all(rows.channel_id, MESSAGE_ID, None)
    model: list[tuple[str, int, bool]] = []
    for step, number, user_id, is_burst in steps:
        reaction = rows.make(EMOJIS[number], user_id=user_id, is_burst=is_burst)
        one = (reaction.emoji, user_id, is_burst)
        match step:
            case "add":
                assert await rows.add(reaction) == [one not in model]
                model += [] if one in model else [one]
            case "remove":
                assert await rows.reactions.remove(reaction) == (one in model)
                model = [each for each in model if each != one]
            case _:
                key = reaction.key if step == "emoji" else None
                gone = [each for each in model if key is None or each[0] == key]
                assert await rows.reactions.remove_all(rows.channel_id, MESSAGE_ID, key) == bool(gone)
                model = [each for each in model if each not in gone]
    shown = {count.emoji: (count.normal, count.burst) for count in await rows.counts()}
    expected = {
        emoji: tuple(sum((emoji, burst) == (each[0], each[2]) for each in model) for burst in (False, True))
        for emoji, _, _ in model
    }
    assert shown == expected
    for emoji in EMOJIS[:3]:
        for is_burst in (False, True):
            assert await rows.users(emoji, is_burst=is_burst) == sorted(
                each[1] for each in model if (each[0], each[2]) == (emoji, is_burst)
            )
