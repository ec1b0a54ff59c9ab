"""A cluster's store as a whole: units on a real PostgreSQL, messages behind the doors, and logs in the Redis of twins."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from core.bus.interfaces import Delivery
from core.bus.relay import Relay
from core.domain.messages.message import Message
from core.domain.messages.reaction import Reaction, ReactionCount
from core.door.interfaces import Opening
from core.door.pending import Pending, PendingKind
from core.door.redis import RedisDoor
from core.door.redis_orphans import RedisOrphans
from core.store.cluster.door_sweep import DoorSweep
from core.store.cluster.messages import ClusterMessages
from core.store.cluster.reaction_sweep import ReactionSweep
from core.store.cluster.reactions import ClusterReactions
from core.store.cluster.store import ClusterStore
from core.store.sql.aggregates.messages.message_rows import SqlMessageRows
from core.store.sql.aggregates.messages.reactions import SqlReactions
from core.store.sql.engine.postgres import POSTGRES
from core.store.sql.postgres.store import PostgresStore
from core.store.sql.unread.mention_rows import SqlMentionRows
from core.wire.envelope import Envelope
from tests.contract.builders import add_guild, flake, new_channel, new_envelope, new_message
from tests.fakes.clock import FakeClock
from tests.fakes.reaction_events import FakeReactionEvents
from tests.fakes.redis.cluster import ClusterProcess, FakeCluster
from tests.fakes.redis.doors import build_door, build_openings
from tests.support.stores.postgres_databases import PostgresDatabases

NUM_SHARDS = 4
GUILD = flake(10)
CHANNEL = flake(30)


class Api:
    """One API process."""

    def __init__(self, *, process: ClusterProcess, relational: PostgresStore, node: int) -> None:
        self.process = process
        self.relational = relational
        self.openings = build_openings(process, f"api{node}")
        self.door: RedisDoor = build_door(process, node=node, openings=self.openings)
        self.rows = SqlMessageRows(
            reads=relational.reads, writer=relational.writer, dialect=POSTGRES, clock=process.clock
        )
        self.mentions = SqlMentionRows(writer=relational.writer, dialect=POSTGRES, clock=process.clock)
        self.messages = ClusterMessages(rows=self.rows, mentions=self.mentions, door=self.door, clock=process.clock)
        self.reaction_rows = SqlReactions(reads=relational.reads, writer=relational.writer, dialect=POSTGRES)
        self.reactions = ClusterReactions(rows=self.reaction_rows, door=self.door, clock=process.clock)
        self.store = ClusterStore(
            relational=relational, messages=self.messages, reactions=self.reactions, rows=self.rows
        )
        self.orphans = RedisOrphans(bus=process.bus, scripts=process.scripts, clock=process.clock)
        self.heard: list[Delivery] = []
        process.bus.subscribe(self.heard.append)

    async def send(self, nonce: str | None = None) -> int:
        """Send a message; return its id."""
        opening = Opening(
            channel_id=CHANNEL, guild_id=GUILD, author_id=flake(1), nonce=nonce, mark=self.door.mark(), is_limited=False
        )
        async with self.door.open(opening) as permit:
            if not permit.is_repeat:
                message = new_message(permit.id, CHANNEL, guild_id=GUILD)
                await self.store.messages.add(message, [new_envelope(permit.id, GUILD, channel_id=CHANNEL)])
        return permit.id

    def heard_ids(self) -> list[int]:
        return [delivery.envelope.id for delivery in self.heard]


class Events:
    """The events that the sweep makes."""

    async def created(self, message: Message) -> Sequence[Envelope]:
        return [new_envelope(message.id, GUILD, channel_id=CHANNEL)]

    async def updated(self, event_id: int, message: Message) -> Sequence[Envelope]:
        return [new_envelope(event_id, GUILD, channel_id=message.channel_id)]

    async def deleted(self, event_id: int, channel_id: int, message_ids: Sequence[int]) -> Sequence[Envelope]:
        return [new_envelope(event_id, GUILD, channel_id=channel_id)]


@pytest.fixture
async def apis(postgres_databases: PostgresDatabases) -> AsyncIterator[list[Api]]:
    """Two processes, whose logs a worker has opened."""
    clock = FakeClock()
    cluster = FakeCluster(clock, NUM_SHARDS)
    address = await postgres_databases.create()
    worker = cluster.worker()
    worker.start()
    await worker.open_logs()
    opened = []
    for node in (1, 2):
        process = cluster.process()
        process.start()
        assert await process.bus.wait_current(5.0)
        relational = await PostgresStore.open(
            address,
            num_shards=NUM_SHARDS,
            relay=Relay(bus=process.bus, scripts=process.scripts),
            tail=process.bus,
            is_open=lambda process=process: process.bus.is_current,  # type: ignore[misc]
            clock=clock,
        )
        opened.append(Api(process=process, relational=relational, node=node))
    yield opened
    for api in opened:
        await api.messages.close()
        await api.relational.close()
        await api.process.kill()
    await worker.kill()
    await postgres_databases.drop(address)


async def test_units_and_messages_are_heard_by_every_process_in_one_order(apis: list[Api]) -> None:
    one, other = apis
    await add_guild(one.store, 10)
    async with one.store.write(guilds=[GUILD]) as tx:
        await tx.channels.create(new_channel(30, GUILD))
        tx.announce(new_envelope(1, GUILD))
    assert one.heard_ids() == [1]
    sent = [await api.send() for api in (one, other, one, other)]
    assert sent == sorted(sent)
    async with other.store.write(guilds=[GUILD]) as tx:
        tx.announce(new_envelope(2, GUILD))
    assert await one.process.bus.wait_applied(all_=other.process.bus.tail.all.value, timeout_s=5)
    assert one.heard_ids() == other.heard_ids() == [1, *sent, 2]
    assert [delivery.revision for delivery in one.heard] == [1, 0, 0, 0, 0, 2]
    assert [message.id for message in await one.store.messages.list_page(CHANNEL)] == sent[::-1]


async def test_nonce_leads_to_the_first_message_at_the_other_process(apis: list[Api]) -> None:
    first, second = await asyncio.gather(*(api.send("n") for api in apis))
    assert first == second == await apis[1].send("n")
    assert len(await apis[0].store.messages.list_page(CHANNEL)) == 1


async def test_edit_and_deletion_are_told_behind_the_message(apis: list[Api]) -> None:
    one, other = apis
    sent = await one.send()
    edited = await other.store.messages.update(
        CHANNEL, sent, {"content": "edited"}, expected_version=0, envelopes=[new_envelope(5, GUILD)]
    )
    assert edited is not None
    assert await one.store.messages.delete(CHANNEL, [sent], [new_envelope(6, GUILD)]) == [sent]
    assert one.heard_ids() == [sent, 5, 6]
    assert await other.store.messages.list_page(CHANNEL) == []


def make_sweep(api: Api) -> DoorSweep:
    return DoorSweep(
        orphans=api.orphans,
        rows=api.rows,
        mentions=api.mentions,
        events=Events(),
        reactions=ReactionSweep(rows=api.reaction_rows, events=FakeReactionEvents(GUILD)),
        is_held=lambda: True,
    )


async def test_reaction_of_a_process_that_died_is_told_by_the_sweep(apis: list[Api]) -> None:
    dead, alive = apis
    sent = await alive.send()
    reaction = Reaction(channel_id=CHANNEL, message_id=sent, emoji="x", user_id=flake(1))
    assert await alive.store.reactions.add(reaction, [new_envelope(5, GUILD)], may_begin=True)
    other = msgspec.structs.replace(reaction, emoji="y")
    pending = Pending(PendingKind.REACTION, GUILD, (sent,), emoji="y", user_id=flake(1))
    opened_id = await dead.door.open_change(CHANNEL, pending)
    await dead.reaction_rows.add(msgspec.structs.replace(other, id=opened_id), may_begin=True)
    await dead.door.leave(opened_id)
    later = asyncio.ensure_future(alive.store.reactions.remove(reaction, [new_envelope(6, GUILD)]))
    assert await make_sweep(alive).look() == 1
    assert await later
    assert alive.heard_ids() == [sent, 5, opened_id, 6]
    assert await alive.store.reactions.count(CHANNEL, [sent]) == {sent: (ReactionCount("y", 1, 0),)}


async def test_message_of_a_process_that_died_is_told_by_the_sweep(apis: list[Api]) -> None:
    dead, alive = apis
    opening = Opening(channel_id=CHANNEL, guild_id=GUILD, author_id=flake(1), mark=dead.door.mark(), is_limited=False)
    permit = await dead.door.admit(opening)
    await dead.rows.insert(new_message(permit.id, CHANNEL, guild_id=GUILD))
    await dead.door.leave(permit.id)
    later = asyncio.ensure_future(alive.send())
    sweep = make_sweep(alive)
    assert await sweep.look() == 1
    sent = await later
    assert alive.heard_ids() == [permit.id, sent]


async def test_message_that_was_not_stored_holds_nobody_up_for_long(apis: list[Api]) -> None:
    dead, alive = apis
    opening = Opening(channel_id=CHANNEL, guild_id=GUILD, author_id=flake(1), mark=dead.door.mark(), is_limited=False)
    permit = await dead.door.admit(opening)
    await dead.door.leave(permit.id)
    sweep = make_sweep(alive)
    assert await sweep.look() == 1
    late = new_message(permit.id, CHANNEL, guild_id=GUILD)
    await dead.rows.insert(late)
    assert await alive.rows.find(CHANNEL, permit.id) is None, "a late insert is never seen"
    sent = await alive.send()
    assert alive.heard_ids() == [sent]


async def test_messages_that_are_deleted_without_an_event_hold_nobody_up(apis: list[Api]) -> None:
    """As the purge deletes those of channels that are gone."""
    one, other = apis
    sent = [await one.send() for _ in range(2)]
    assert await other.store.messages.list_channels(after=None, limit=5) == [CHANNEL]
    assert await other.store.messages.delete(CHANNEL, sent, []) == sent
    assert await other.store.messages.list_page(CHANNEL) == []
    after = await one.send()
    assert one.heard_ids() == [*sent, after]
