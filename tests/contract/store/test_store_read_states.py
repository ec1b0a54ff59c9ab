"""Read states and mentions: what counts for whom, and places that do not go back."""

from random import Random
from typing import Any, Protocol

import pytest

from core.domain.guilds.guild import Guild
from core.domain.ids import created_ms
from core.domain.messages.message import Message
from core.domain.messages.read_state import MOST_WAITING, Ack, Mention, ReadState
from core.domain.people.relationship import Relationship, RelationshipType
from core.store.interfaces import Store
from core.store.sql.engine.postgres import POSTGRES
from core.store.sql.store import SqlStore
from core.store.sql.unread.mention_rows import MENTION_LIFETIME_MS, SqlMentionRows
from tests.contract.backends import StoreBackend
from tests.contract.builders import (
    add_guild,
    add_users,
    flake,
    flake_at,
    new_account,
    new_channel,
    new_direct_channel,
    new_message,
    new_role,
)
from tests.contract.postgres_backend import PostgresBackend
from tests.fakes.clock import START_MS, FakeClock

ALICE, BOB, CAROL = flake(1), flake(2), flake(3)
GUILD, ROLE, CHANNEL, OTHER, DIRECT = flake(10), flake(20), flake(30), flake(31), flake(32)


class Mentioning(Protocol):
    """Where messages, or at least their mentions, are stored."""

    async def send(self, message: Message) -> None: ...

    async def edit(self, message: Message) -> None: ...

    async def delete(self, *message_ids: int) -> None: ...


class EmbeddedMessages:
    """The messages of an embedded store, which write their mentions."""

    def __init__(self, store: SqlStore) -> None:
        self._messages = store.messages

    async def send(self, message: Message) -> None:
        await self._messages.add(message, [])

    async def edit(self, message: Message) -> None:
        fields = ("mention_ids", "mention_role_ids", "mention_everyone")
        changes = {name: getattr(message, name) for name in fields}
        await self._messages.update(message.channel_id, message.id, changes, expected_version=0, envelopes=[])

    async def delete(self, *message_ids: int) -> None:
        for channel_id in (CHANNEL, OTHER, DIRECT):
            await self._messages.delete(channel_id, message_ids, [])


class ClusterMentions:
    """The mentions of a cluster, whose messages are elsewhere."""

    def __init__(self, rows: SqlMentionRows) -> None:
        self._rows = rows

    async def send(self, message: Message) -> None:
        await self._rows.put(message)
        await self._rows.put(message)

    async def edit(self, message: Message) -> None:
        await self._rows.replace(message)
        await self._rows.replace(message)

    async def delete(self, *message_ids: int) -> None:
        await self._rows.drop(message_ids)
        await self._rows.drop(message_ids)


@pytest.fixture
async def guild(store: Store) -> Guild:
    """A guild of Alice, with Bob, who has a role, and Carol; two channels; and a direct channel of Alice and Bob."""
    await add_users(store, 2, 3)
    guild = await add_guild(store, 10)
    async with store.write(users=[ALICE, BOB, CAROL], guilds=[GUILD]) as tx:
        await tx.roles.create(new_role(20, GUILD))
        await tx.channels.create(new_channel(30, GUILD))
        await tx.channels.create(new_channel(31, GUILD))
        await tx.channels.create(new_direct_channel(32, ALICE, BOB))
        await tx.members.add(GUILD, BOB, joined_ms=START_MS, role_ids=[ROLE])
        await tx.members.add(GUILD, CAROL, joined_ms=START_MS + 5000)
    return guild


@pytest.fixture
def messages(backend: StoreBackend, guild: Guild, clock: FakeClock) -> Mentioning:
    """The messages of the store with the guild."""
    if isinstance(backend, PostgresBackend):
        return ClusterMentions(SqlMentionRows(writer=backend.store.writer, dialect=POSTGRES, clock=clock))
    assert isinstance(backend.store, SqlStore)
    return EmbeddedMessages(backend.store)


def said(number: int, channel_id: int = CHANNEL, **fields: object) -> Message:
    """Make a message of Alice's, a second after the one before."""
    guild_id = 0 if channel_id == DIRECT else GUILD
    return new_message(flake_at(number), channel_id, guild_id=guild_id, **fields)


async def ack(store: Store, user_id: int, *acks: Ack, now_ms: int = START_MS) -> list[ReadState]:
    async with store.write(users=[user_id]) as tx:
        return await tx.read_states.ack(user_id, acks, now_ms=now_ms)


async def read(store: Store, user_id: int, number: int, channel_id: int = CHANNEL) -> list[ReadState]:
    return await ack(store, user_id, Ack(channel_id=channel_id, message_id=flake_at(number)))


async def counts(store: Store, user_id: int) -> dict[int, int]:
    states = await store.read_states.list_of_user(user_id)
    own = [state.channel_id for state in states]
    # Many that are not there, so that one statement is not enough.
    assert await store.read_states.list_in(user_id, [*range(1, 120), *own]) == states
    for state in states:
        assert await store.read_states.list_in(user_id, [state.channel_id]) == [state]
    return {state.channel_id: state.mention_count for state in states if state.mention_count}


async def test_who_has_read_nothing_has_no_read_states(store: Store, guild: Guild) -> None:
    assert await store.read_states.list_of_user(BOB) == []
    assert await store.read_states.list_in(BOB, [CHANNEL]) == await store.read_states.list_in(BOB, []) == []


async def test_ack_is_found_with_every_field(store: Store, guild: Guild) -> None:
    given = Ack(channel_id=CHANNEL, message_id=flake_at(1), flags=1, last_viewed=4000)
    state = ReadState(channel_id=CHANNEL, last_read_id=flake_at(1), flags=1, last_viewed=4000, version=START_MS)
    assert await ack(store, BOB, given) == [state]
    assert await store.read_states.list_of_user(BOB) == [state]
    assert await store.read_states.list_of_user(CAROL) == []


async def test_place_never_goes_back_unless_the_ack_is_manual(store: Store, guild: Guild) -> None:
    await read(store, BOB, 5)
    assert await read(store, BOB, 4) == []
    assert await read(store, BOB, 5) == []
    (back,) = await ack(store, BOB, Ack(channel_id=CHANNEL, message_id=flake_at(3), is_manual=True))
    assert back.last_read_id == flake_at(3)
    assert back.version > START_MS


async def test_version_grows_with_each_change_also_when_the_clock_does_not(store: Store, guild: Guild) -> None:
    versions = [(await read(store, BOB, number))[0].version for number in range(1, 4)]
    (later,) = await ack(store, BOB, Ack(channel_id=CHANNEL, message_id=flake_at(9)), now_ms=START_MS + 1000)
    assert versions == [START_MS, START_MS + 1, START_MS + 2]
    assert later.version == START_MS + 1000


async def test_message_counts_once_for_each_whom_it_concerns(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10, mention_ids=(BOB,), mention_role_ids=(ROLE,), mention_everyone=True))
    await messages.send(said(11, mention_role_ids=(ROLE,)))
    await messages.send(said(12, mention_everyone=True))
    await messages.send(said(13, mention_ids=(CAROL,)))
    await messages.send(said(14, OTHER, mention_ids=(BOB,)))
    await messages.send(said(15))
    assert await counts(store, BOB) == {CHANNEL: 3, OTHER: 1}
    assert await counts(store, CAROL) == {CHANNEL: 3}
    assert await counts(store, ALICE) == {}, "what one writes oneself calls for others"


async def test_mentions_after_the_place_count(store: Store, messages: Mentioning) -> None:
    for number in range(10, 15):
        await messages.send(said(number, mention_everyone=True))
    (state,) = await read(store, BOB, 12)
    assert state.mention_count == 2
    assert await counts(store, BOB) == {CHANNEL: 2}
    await read(store, BOB, 14)
    assert await counts(store, BOB) == {}


async def test_nothing_counts_from_before_the_member_joined(store: Store, messages: Mentioning) -> None:
    await messages.send(said(1, mention_everyone=True, mention_ids=(CAROL,)))
    await messages.send(said(6, mention_everyone=True))
    assert await counts(store, CAROL) == {CHANNEL: 1}
    assert [each.message_id for each in await list_mentions(store, CAROL)] == [flake_at(6)]


async def test_nothing_counts_in_a_guild_that_was_left(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10, mention_ids=(BOB,)))
    await read(store, BOB, 9)
    async with store.write(users=[BOB], guilds=[GUILD]) as tx:
        await tx.members.remove(GUILD, BOB)
    assert await counts(store, BOB) == {}
    assert await list_mentions(store, BOB) == []


async def test_each_message_of_a_direct_channel_counts_for_the_other(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10, DIRECT))
    await messages.send(said(11, DIRECT, mention_ids=(BOB,)))
    assert await counts(store, BOB) == {DIRECT: 2}
    assert await counts(store, ALICE) == {}
    assert await counts(store, CAROL) == {}
    (state,) = await read(store, BOB, 10, DIRECT)
    assert state.mention_count == 1


async def test_nothing_counts_from_somebody_who_is_blocked(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10, mention_ids=(BOB,), mention_everyone=True))
    await messages.send(said(11, DIRECT))
    await relate(store, RelationshipType.FRIEND)
    assert await counts(store, BOB) == {CHANNEL: 1, DIRECT: 1}
    await relate(store, RelationshipType.BLOCKED)
    assert await counts(store, BOB) == {}
    assert await list_mentions(store, BOB) == []
    assert await counts(store, CAROL) == {CHANNEL: 1}


async def relate(store: Store, kind: RelationshipType) -> None:
    """Let Bob befriend or block Alice."""
    async with store.write(users=[ALICE, BOB]) as tx:
        await tx.relationships.put(Relationship(user_id=BOB, other_id=ALICE, type=kind))


async def test_deleted_message_does_not_count(store: Store, messages: Mentioning) -> None:
    for number in (10, 11, 12):
        await messages.send(said(number, mention_ids=(BOB,)))
    await messages.delete(flake_at(10), flake_at(12))
    assert await counts(store, BOB) == {CHANNEL: 1}
    assert [each.message_id for each in await list_mentions(store, BOB)] == [flake_at(11)]


async def test_edit_that_adds_a_mention_lists_it_and_counts_nothing(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10))
    await messages.edit(said(10, mention_ids=(BOB,)))
    assert await counts(store, BOB) == {}
    assert await list_mentions(store, BOB) == [Mention(CHANNEL, flake_at(10))]


async def test_edit_that_removes_a_mention_takes_it_back(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10, mention_ids=(BOB, CAROL)))
    await messages.edit(said(10, mention_ids=(CAROL,)))
    assert await counts(store, BOB) == {}
    assert await list_mentions(store, BOB) == []
    assert await counts(store, CAROL) == {CHANNEL: 1}


async def test_given_count_stands_for_the_messages_up_to_then(store: Store, messages: Mentioning) -> None:
    for number in (10, 11, 12):
        await messages.send(said(number, mention_ids=(BOB,)))
    given = Ack(
        channel_id=CHANNEL, message_id=flake_at(9), is_manual=True, mention_count=7, counted_id=flake_at(12)
    )  # fmt: skip
    (state,) = await ack(store, BOB, given)
    assert (state.last_read_id, state.mention_count) == (flake_at(9), 7)
    await messages.send(said(13, mention_ids=(BOB,)))
    assert await counts(store, BOB) == {CHANNEL: 8}
    await read(store, BOB, 13)
    assert await counts(store, BOB) == {}


async def test_count_goes_up_to_a_bound_and_is_exact_below(store: Store, messages: Mentioning) -> None:
    """Acks and logins agree on it, whoever has sent the newest mentions."""
    await read(store, BOB, 9)
    sent = range(10, 10 + MOST_WAITING + 3)
    for number in sent:
        await messages.send(said(number, mention_everyone=True, mention_ids=(BOB,)))
    assert await counts(store, BOB) == {CHANNEL: MOST_WAITING}
    (back,) = await ack(store, BOB, Ack(channel_id=CHANNEL, message_id=flake_at(10), is_manual=True))
    assert back.mention_count == MOST_WAITING
    await messages.delete(*(flake_at(number) for number in sent[-5:]))
    (back,) = await ack(store, BOB, Ack(channel_id=CHANNEL, message_id=flake_at(11), is_manual=True))
    assert back.mention_count == MOST_WAITING - 4
    assert await counts(store, BOB) == {CHANNEL: MOST_WAITING - 4}


async def test_more_channels_than_one_query_takes_are_acked(store: Store, messages: Mentioning) -> None:
    channel_ids = [flake(number) for number in range(100, 203)]
    async with store.write(users=[ALICE], guilds=[GUILD]) as tx:
        for number in range(100, 203):
            await tx.channels.create(new_channel(number, GUILD))
    for channel_id in channel_ids:
        await messages.send(said(10, channel_id, mention_ids=(BOB,)))
        await messages.send(said(11, channel_id, mention_everyone=True))
    moved = await ack(store, BOB, *(Ack(channel_id=each, message_id=flake_at(10)) for each in channel_ids))
    assert [(each.channel_id, each.mention_count) for each in moved] == [(each, 1) for each in channel_ids]
    assert await counts(store, BOB) == dict.fromkeys(channel_ids, 1)


async def test_manual_ack_without_a_count_is_counted(store: Store, messages: Mentioning) -> None:
    for number in (10, 11):
        await messages.send(said(number, mention_ids=(BOB,)))
    await read(store, BOB, 11)
    (state,) = await ack(store, BOB, Ack(channel_id=CHANNEL, message_id=flake_at(9), is_manual=True))
    assert state.mention_count == 2


async def test_many_channels_are_acked_in_one_unit(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10, mention_ids=(BOB,)))
    await messages.send(said(11, OTHER, mention_ids=(BOB,)))
    await read(store, BOB, 12, DIRECT)
    acks = [Ack(channel_id=channel_id, message_id=flake_at(11)) for channel_id in (DIRECT, OTHER, CHANNEL)]
    assert [state.channel_id for state in await ack(store, BOB, *acks)] == [OTHER, CHANNEL]
    assert await counts(store, BOB) == {}


async def test_pins_are_seen_once(store: Store, guild: Guild) -> None:
    await read(store, BOB, 5)
    async with store.write(users=[BOB]) as tx:
        version = await tx.read_states.ack_pins(BOB, CHANNEL, START_MS, now_ms=START_MS)
        assert version == START_MS + 1
        assert await tx.read_states.ack_pins(BOB, CHANNEL, START_MS - 1, now_ms=START_MS) is None
    (state,) = await store.read_states.list_of_user(BOB)
    assert (state.last_read_id, state.last_pin_ms) == (flake_at(5), START_MS)


async def test_forgotten_state_is_as_if_nothing_was_read(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10, mention_ids=(BOB,)))
    await read(store, BOB, 10)
    async with store.write(users=[BOB]) as tx:
        left = await tx.read_states.forget(BOB, CHANNEL, now_ms=START_MS)
        assert left == ReadState(channel_id=CHANNEL, mention_count=1, version=START_MS + 1)
        assert await tx.read_states.forget(BOB, CHANNEL, now_ms=START_MS) is None
    assert await store.read_states.list_of_user(BOB) == [ReadState(channel_id=CHANNEL, mention_count=1)]
    assert await counts(store, BOB) == {CHANNEL: 1}


async def test_user_whose_states_are_all_forgotten_has_read_and_missed_nothing(
    store: Store, messages: Mentioning
) -> None:
    for user_id in (BOB, CAROL):
        await read(store, user_id, 5)
    await messages.send(said(6, mention_ids=(BOB, CAROL)))
    async with store.write(users=[BOB]) as tx:
        assert await tx.read_states.dismiss(BOB, flake_at(6))
        await tx.read_states.forget_all(BOB)
    assert await store.read_states.list_of_user(BOB) == []
    assert await list_mentions(store, BOB) == []
    assert await counts(store, CAROL) == {CHANNEL: 1}


async def test_state_of_a_deleted_channel_is_not_listed(store: Store, guild: Guild) -> None:
    await read(store, BOB, 5)
    async with store.write(guilds=[GUILD]) as tx:
        await tx.channels.delete(CHANNEL)
    assert await store.read_states.list_of_user(BOB) == []


async def list_mentions(store: Store, user_id: int, **fields: object) -> list[Mention]:
    """Return the mentions before an id, or all, page by page."""
    wanted: dict[str, Any] = {"before": flake_at(1000), "limit": 25, **fields}
    found: list[Mention] = []
    while wanted["before"] and len(found) < wanted["limit"]:
        page = await store.read_states.list_mentions(user_id, **wanted)
        assert len(page.mentions) <= wanted["limit"]
        assert page.next_before < wanted["before"]
        found += page.mentions
        wanted["before"] = page.next_before
    return found[: wanted["limit"]]


async def test_mentions_are_listed_newest_first_in_pages_whether_read_or_not(
    store: Store, messages: Mentioning
) -> None:
    for number in (10, 11, 12, 13):
        await messages.send(said(number, mention_ids=(BOB,), mention_role_ids=(ROLE,)))
    await read(store, BOB, 13)
    first = await list_mentions(store, BOB, limit=3)
    assert first == [Mention(CHANNEL, flake_at(number)) for number in (13, 12, 11)]
    assert await list_mentions(store, BOB, before=flake_at(11)) == [Mention(CHANNEL, flake_at(10))]


async def test_mentions_of_roles_and_everyone_are_left_out_on_demand(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10, mention_ids=(BOB,)))
    await messages.send(said(11, mention_role_ids=(ROLE,)))
    await messages.send(said(12, mention_everyone=True))
    await messages.send(said(13, DIRECT))
    await messages.send(said(14, DIRECT, mention_ids=(BOB,)))

    async def seconds(**fields: object) -> list[int]:
        return [(each.message_id - flake_at(0)) // (1000 << 22) for each in await list_mentions(store, BOB, **fields)]

    assert await seconds() == [14, 12, 11, 10]
    assert await seconds(roles=False) == [14, 12, 10]
    assert await seconds(everyone=False) == [14, 11, 10]
    assert await seconds(roles=False, everyone=False) == [14, 10]
    assert await seconds(guild_id=GUILD) == [12, 11, 10]
    assert await seconds(guild_id=flake(11)) == []


async def test_pages_have_each_mention_once_however_they_lie_in_channels(store: Store, messages: Mentioning) -> None:
    others = [flake(70 + number) for number in range(5)]
    async with store.write(guilds=[GUILD]) as tx:
        for other in others:
            await tx.channels.create(new_channel(70 + others.index(other), GUILD))
    rng = Random(7)
    named: list[dict[str, Any]] = [
        {"mention_ids": (BOB,)},
        {"mention_role_ids": (ROLE,)},
        {"mention_everyone": True},
        {"mention_everyone": True, "mention_ids": (BOB,), "mention_role_ids": (ROLE,)},
    ]
    sent: list[int] = []
    for number in range(10, 60):
        # Bob's own messages are mentions of his as well, and are not listed: here and there nothing else is for long.
        author_id = BOB if number % 25 > 15 else ALICE
        channel_id = rng.choice(others[: 1 + number // 12])
        await messages.send(said(number, channel_id, author_id=author_id, **rng.choice(named)))
        if author_id != BOB:
            sent.insert(0, flake_at(number))
    for limit in (1, 3, 25):
        found: list[int] = []
        before = flake_at(1000)
        while before:
            page = await store.read_states.list_mentions(BOB, before=before, limit=limit)
            assert page.next_before < before
            assert len(page.mentions) <= limit
            found += [each.message_id for each in page.mentions]
            before = page.next_before
        assert found == sent, limit


async def test_dismissed_mention_is_not_listed_and_still_counts(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10, mention_everyone=True))
    async with store.write(users=[BOB]) as tx:
        assert await tx.read_states.dismiss(BOB, flake_at(10))
        assert not await tx.read_states.dismiss(BOB, flake_at(10))
    assert await list_mentions(store, BOB) == []
    assert await counts(store, BOB) == {CHANNEL: 1}
    assert await list_mentions(store, CAROL) != []


async def test_own_messages_move_places_and_never_back(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10, mention_ids=(BOB,)))
    await move_own(store, {(BOB, CHANNEL): flake_at(11), (CAROL, OTHER): flake_at(11)})
    assert await counts(store, BOB) == {}
    (state,) = await store.read_states.list_of_user(BOB)
    assert state.last_read_id == flake_at(11)
    await read(store, BOB, 20)
    await move_own(store, {(BOB, CHANNEL): flake_at(12)})
    (state,) = await store.read_states.list_of_user(BOB)
    assert state.last_read_id == flake_at(20)


async def test_own_message_that_was_marked_as_unread_moves_nothing(store: Store, messages: Mentioning) -> None:
    await messages.send(said(10))
    ack = Ack(channel_id=CHANNEL, message_id=flake_at(5), is_manual=True, mention_count=2, counted_id=flake_at(11))
    async with store.write(users=[BOB]) as tx:
        await tx.read_states.ack(BOB, [ack], now_ms=START_MS)
    await move_own(store, {(BOB, CHANNEL): flake_at(11)})
    (state,) = await store.read_states.list_of_user(BOB)
    assert (state.last_read_id, state.mention_count) == (flake_at(5), 2)
    await move_own(store, {(BOB, CHANNEL): flake_at(12)})
    (state,) = await store.read_states.list_of_user(BOB)
    assert (state.last_read_id, state.mention_count) == (flake_at(12), 0)


async def test_own_messages_leave_a_manual_ack_that_is_younger(store: Store, guild: Guild) -> None:
    marked_ms = created_ms(flake_at(12))
    back = Ack(channel_id=CHANNEL, message_id=flake_at(9), is_manual=True)
    await ack(store, BOB, back, now_ms=marked_ms)
    await move_own(store, {(BOB, CHANNEL): flake_at(11)})
    (state,) = await store.read_states.list_of_user(BOB)
    assert state.last_read_id == flake_at(9)
    await move_own(store, {(BOB, CHANNEL): flake_at(13)})
    (state,) = await store.read_states.list_of_user(BOB)
    assert state.last_read_id == flake_at(13)


async def test_own_messages_leave_what_was_forgotten_since(store: Store, messages: Mentioning) -> None:
    await messages.send(said(8, mention_ids=(BOB,)))
    await read(store, BOB, 10)
    async with store.write(users=[BOB]) as tx:
        assert await tx.read_states.forget(BOB, CHANNEL, now_ms=created_ms(flake_at(12)))
    await move_own(store, {(BOB, CHANNEL): flake_at(11)})
    assert await store.read_states.list_of_user(BOB) == [ReadState(channel_id=CHANNEL, mention_count=1)]
    await move_own(store, {(BOB, CHANNEL): flake_at(13)})
    (state,) = await store.read_states.list_of_user(BOB)
    assert (state.last_read_id, state.mention_count) == (flake_at(13), 0)


async def test_own_messages_of_bots_move_nothing(store: Store, guild: Guild) -> None:
    bot_id = flake(9)
    async with store.write(users=[bot_id]) as tx:
        await tx.users.create(new_account(9, bot=True))
    await move_own(store, {(bot_id, CHANNEL): flake_at(11), (CAROL, CHANNEL): flake_at(12)})
    assert await store.read_states.list_of_user(bot_id) == []
    assert [state.channel_id for state in await store.read_states.list_of_user(CAROL)] == [CHANNEL]


async def test_positions_of_followed_logs_are_those_of_the_last_unit(store: Store, guild: Guild) -> None:
    assert await store.read_states.fetch_followed() == {}
    await move_own(store, {(BOB, CHANNEL): flake_at(11)}, followed={0: 5, 3: 8 << 40})
    await move_own(store, {}, followed={0: 7})
    assert await store.read_states.fetch_followed() == {0: 7, 3: 8 << 40}


async def move_own(store: Store, places: dict[tuple[int, int], int], *, followed: dict[int, int] | None = None) -> None:
    async with store.write() as tx:
        await tx.read_states.move_own(places, followed=followed or {}, now_ms=START_MS)


async def test_mentions_are_purged_after_a_year(backend: StoreBackend, messages: Mentioning, clock: FakeClock) -> None:
    store = backend.store
    await messages.send(said(10, mention_ids=(BOB,)))
    clock.advance(MENTION_LIFETIME_MS / 1000 + 5)
    if isinstance(store, SqlStore):
        await store.purge_mentions()
        assert await counts(store, BOB) == {CHANNEL: 1}, "it is a little too young"
    clock.advance(10)
    if isinstance(store, SqlStore):
        await store.purge_mentions()
    else:
        await messages.send(said(40_000_000, OTHER, mention_ids=(CAROL,)))
    assert await counts(store, BOB) == {}
