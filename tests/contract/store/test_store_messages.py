"""Messages: adding in order, pages, edits, deletions."""

import asyncio
import itertools

import msgspec
import pytest

from core.bus.interfaces import Bus, Delivery
from core.domain.errors import Conflict, Invalid, UnknownMessage
from core.domain.ids import BUCKET_MS, MAX_SNOWFLAKE
from core.domain.messages.attachment import Attachment
from core.domain.messages.message import Message
from core.store.interfaces import Store
from tests.contract.backends import EMBEDDED, StoreBackend
from tests.contract.builders import (
    FULL_ATTACHMENT,
    FULL_CALL,
    FULL_FORWARD,
    FULL_POLL,
    FULL_SOURCE,
    FULL_WEBHOOK,
    add_guild,
    flake,
    flake_at,
    message_created,
    new_channel,
    new_envelope,
    new_message,
)
from tests.fakes.clock import START_MS

pytestmark = EMBEDDED

CHANNEL = flake(30)
FULL = Message(
    id=flake(40),
    channel_id=CHANNEL,
    guild_id=flake(10),
    author_id=flake(1),
    type=19,
    content="Ünï 🐙\n\0 'quoted' \"double\"",
    tts=True,
    mention_everyone=True,
    mention_ids=(flake(2), flake(3)),
    mention_role_ids=(flake(20),),
    embeds=msgspec.Raw(b'[{"title":"x","color":1}]'),
    flags=4,
    pinned=True,
    edited_ms=START_MS,
    version=0,
    nonce="n",
    nonce_is_int=True,
    reference_id=flake(39),
    attachments=(FULL_ATTACHMENT, Attachment(id=flake(38), filename="b", size=0)),
    forward=FULL_FORWARD,
    webhook=FULL_WEBHOOK,
    source=FULL_SOURCE,
    poll=FULL_POLL,
    call=FULL_CALL,
)


async def add(store: Store, *message_ids: int, channel_id: int = CHANNEL) -> None:
    for message_id in message_ids:
        await store.messages.add(new_message(message_id, channel_id), [])


async def page(store: Store, **bounds: int) -> list[int]:
    return [message.id for message in await store.messages.list_page(CHANNEL, **bounds)]


async def test_added_message_is_found_with_every_field(store: Store) -> None:
    added = await store.messages.add(FULL, [])
    assert added.is_new
    assert added.message == FULL
    assert await store.messages.find(CHANNEL, FULL.id) == FULL
    assert await store.messages.list_page(CHANNEL) == [FULL]


async def test_message_is_found_in_its_own_channel_only(store: Store) -> None:
    await add(store, flake(40))
    assert await store.messages.find(flake(31), flake(40)) is None
    assert await store.messages.find(CHANNEL, flake(41)) is None


async def test_concurrent_adds_are_committed_in_the_order_of_the_ids(store: Store, bus: Bus) -> None:
    """The dispatches of 50 senders, which make their ids and add at once, are in the order of ids."""
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    ids = itertools.count(flake(1000))
    answered: list[int] = []

    async def sender(rounds: int) -> None:
        for turn in range(rounds):
            message = new_message(next(ids), CHANNEL, nonce=None if turn % 2 else str(next(ids)))
            added = await store.messages.add(message, [message_created(message)])
            assert heard[-1].envelope.id >= message.id
            answered.append(added.message.id)

    await asyncio.gather(*(sender(10 + number % 5) for number in range(50)))
    dispatched = [delivery.envelope.id for delivery in heard]
    assert dispatched == sorted(answered)
    positions = [delivery.position for delivery in heard]
    assert positions == sorted(set(positions))
    shard = heard[0].shard
    logged = [delivery.envelope.id for delivery in await bus.read(shard, 0, 10_000)]
    assert logged == dispatched
    stored = [message.id for message in await store.messages.list_page(CHANNEL, limit=10_000)]
    assert stored == dispatched[::-1]


async def test_several_envelopes_of_a_message_stay_together(store: Store, bus: Bus) -> None:
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    adds = [
        store.messages.add(
            new_message(flake(number), CHANNEL), [new_envelope(number, flake(1)), new_envelope(1000 + number, flake(1))]
        )
        for number in range(20)
    ]
    await asyncio.gather(*adds)
    assert [delivery.envelope.id for delivery in heard] == [i for n in range(20) for i in (n, 1000 + n)]


async def test_message_id_that_exists_is_refused_and_spares_the_others(store: Store) -> None:
    await add(store, flake(40))
    answers = await asyncio.gather(
        *(store.messages.add(new_message(flake(number), CHANNEL, content="new"), []) for number in (39, 40, 41)),
        return_exceptions=True,
    )
    assert [isinstance(answer, Conflict) for answer in answers] == [False, True, False]
    found = await store.messages.find(CHANNEL, flake(40))
    assert found is not None
    assert found.content == "hello"
    assert await page(store) == [flake(41), flake(40), flake(39)]


@pytest.mark.parametrize("fields", [{"content": "\ud800"}, {"flags": 1 << 64}])
async def test_message_that_cannot_be_stored_fails_alone(store: Store, bus: Bus, fields: dict[str, object]) -> None:
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    sent = [new_message(flake(number), CHANNEL, nonce=str(number)) for number in range(1, 8)]
    sent[3] = msgspec.structs.replace(sent[3], **fields)
    answers = await asyncio.gather(
        *(store.messages.add(message, [message_created(message)]) for message in sent), return_exceptions=True
    )
    assert [isinstance(answer, Invalid) for answer in answers] == [n == 3 for n in range(7)]
    good = [message.id for message in sent if message is not sent[3]]
    assert [delivery.envelope.id for delivery in heard] == good
    assert await page(store) == good[::-1]


async def test_cancelled_sender_leaves_the_others_alone(store: Store) -> None:
    adds = [asyncio.ensure_future(store.messages.add(new_message(flake(n), CHANNEL), [])) for n in range(1, 11)]
    await asyncio.sleep(0)
    for task in adds[::2]:
        task.cancel()
    results = await asyncio.gather(*adds, return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 5
    stored = set(await page(store))
    assert {flake(number) for number in range(2, 11, 2)} <= stored


async def test_pages_are_newest_first(store: Store) -> None:
    await add(store, *(flake(number) for number in range(1, 11)))
    await add(store, flake(50), channel_id=flake(31))

    def ids(*numbers: int) -> list[int]:
        return [flake(number) for number in numbers]

    assert await page(store, limit=3) == ids(10, 9, 8)
    assert await page(store, before=flake(5), limit=3) == ids(4, 3, 2)
    assert await page(store, after=flake(5), limit=3) == ids(8, 7, 6)
    assert await page(store, before=flake(1)) == []
    assert await page(store, after=flake(10)) == []
    assert await page(store, before=flake(99), limit=2) == ids(10, 9)
    assert await page(store, after=0, limit=2) == ids(2, 1)
    assert len(await page(store)) == 10


async def test_around_holds_the_target_in_the_middle(store: Store) -> None:
    await add(store, *(flake(number) for number in range(2, 21, 2)))

    async def around(target: int, limit: int) -> list[int]:
        return [message_id - flake(0) for message_id in await page(store, around=flake(target), limit=limit)]

    assert await around(10, 5) == [14, 12, 10, 8, 6]
    assert await around(10, 4) == [14, 12, 10, 8]
    assert await around(10, 1) == [10]
    assert await around(11, 4) == [14, 12, 10, 8]
    assert await around(20, 4) == [20, 18]
    assert await around(2, 4) == [6, 4, 2]
    assert await around(1, 2) == [2]
    assert await page(store, around=MAX_SNOWFLAKE, limit=2) == [flake(20)]


async def test_pages_run_across_buckets(store: Store) -> None:
    bucket_s = BUCKET_MS / 1000
    ids = [flake_at(number * bucket_s / 2) for number in range(-6, 6)]
    await add(store, *ids)
    newest_first = ids[::-1]
    assert await page(store) == newest_first
    assert await page(store, before=ids[8], limit=5) == ids[3:8][::-1]
    assert await page(store, after=ids[2], limit=5) == ids[3:8][::-1]
    assert await page(store, around=ids[5], limit=5) == ids[3:8][::-1]
    assert await store.messages.find(CHANNEL, ids[0]) is not None


async def test_update_applies_and_counts_the_version(store: Store, bus: Bus) -> None:
    heard: list[Delivery] = []
    await store.messages.add(FULL, [])
    bus.subscribe(heard.append)
    changes = {"content": "new", "edited_ms": 7, "embeds": msgspec.Raw(b"[1]"), "mention_ids": (), "flags": 0}
    updated = await store.messages.update(
        CHANNEL, FULL.id, changes, expected_version=0, envelopes=[new_envelope(1, flake(10))]
    )
    assert updated == msgspec.structs.replace(FULL, version=1, **changes)
    assert await store.messages.find(CHANNEL, FULL.id) == updated
    assert [delivery.envelope.id for delivery in heard] == [1]


async def test_update_against_an_old_version_is_none_and_silent(store: Store, bus: Bus) -> None:
    await store.messages.add(FULL, [])
    await store.messages.update(CHANNEL, FULL.id, {"content": "one"}, expected_version=0, envelopes=[])
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    envelopes = [new_envelope(1, flake(10))]
    result = await store.messages.update(CHANNEL, FULL.id, {"content": "two"}, expected_version=0, envelopes=envelopes)
    assert result is None
    found = await store.messages.find(CHANNEL, FULL.id)
    assert found is not None
    assert (found.content, found.version) == ("one", 1)
    assert heard == []


async def test_concurrent_updates_of_one_version_apply_once(store: Store, bus: Bus) -> None:
    heard: list[Delivery] = []
    await store.messages.add(FULL, [])
    bus.subscribe(heard.append)
    results = await asyncio.gather(
        *(
            store.messages.update(
                CHANNEL,
                FULL.id,
                {"content": str(number)},
                expected_version=0,
                envelopes=[new_envelope(number, flake(10))],
            )
            for number in range(10)
        )
    )
    winners = [result for result in results if result is not None]
    assert len(winners) == 1
    assert await store.messages.find(CHANNEL, FULL.id) == winners[0]
    assert [str(delivery.envelope.id) for delivery in heard] == [winners[0].content]


async def test_update_of_a_message_that_is_not_there_raises(store: Store) -> None:
    with pytest.raises(UnknownMessage):
        await store.messages.update(CHANNEL, flake(1), {"content": "x"}, expected_version=0, envelopes=[])


async def test_update_never_resurrects_a_deleted_message(store: Store, bus: Bus) -> None:
    await store.messages.add(FULL, [])
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    deleted, updated = await asyncio.gather(
        store.messages.delete(CHANNEL, [FULL.id], [new_envelope(1, flake(10))]),
        store.messages.update(
            CHANNEL, FULL.id, {"content": "x"}, expected_version=0, envelopes=[new_envelope(2, flake(10))]
        ),
        return_exceptions=True,
    )
    assert deleted == [FULL.id]
    assert isinstance(updated, UnknownMessage)
    assert await store.messages.find(CHANNEL, FULL.id) is None
    assert [delivery.envelope.id for delivery in heard] == [1]


async def test_delete_returns_those_that_were_there(store: Store, bus: Bus) -> None:
    old = flake_at(-3 * BUCKET_MS / 1000)
    await add(store, old, flake(1), flake(2), flake(3))
    await add(store, flake(4), channel_id=flake(31))
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    gone = await store.messages.delete(
        CHANNEL, [flake(2), old, flake(99), flake(4)], [new_envelope(1, flake(10)), new_envelope(2, flake(10))]
    )
    assert sorted(gone) == [old, flake(2)]
    assert await page(store) == [flake(3), flake(1)]
    assert await store.messages.find(flake(31), flake(4)) is not None
    assert [delivery.envelope.id for delivery in heard] == [1, 2]


async def test_delete_of_nothing_announces_nothing(store: Store, bus: Bus) -> None:
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    assert await store.messages.delete(CHANNEL, [flake(1)], [new_envelope(1, flake(10))]) == []
    assert await store.messages.delete(CHANNEL, [], [new_envelope(2, flake(10))]) == []
    assert heard == []


async def test_two_deletes_of_one_message_announce_once(store: Store, bus: Bus) -> None:
    await add(store, flake(1))
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    results = await asyncio.gather(
        *(store.messages.delete(CHANNEL, [flake(1)], [new_envelope(number, flake(10))]) for number in range(5))
    )
    assert sorted(map(len, results)) == [0, 0, 0, 0, 1]
    assert len(heard) == 1


async def test_last_ids_are_the_newest_ever_sent(store: Store) -> None:
    await add(store, flake(5), flake(7))
    await add(store, flake(6), channel_id=flake(31))
    channels = [CHANNEL, flake(31), flake(32)]
    assert await store.messages.last_ids(channels) == {CHANNEL: flake(7), flake(31): flake(6)}
    await store.messages.delete(CHANNEL, [flake(7)], [])
    assert await store.messages.last_ids(channels) == {CHANNEL: flake(7), flake(31): flake(6)}
    assert await store.messages.last_ids([]) == {}


@pytest.mark.parametrize("count", [1, 2, 8, 9, 33, 512, 513, 1030])
async def test_last_ids_of_any_number_of_channels(store: Store, count: int) -> None:
    channels = [flake(1000 + number) for number in range(count)]
    await asyncio.gather(
        *(add(store, flake(2000 + number), channel_id=channels[number]) for number in {0, count // 2, count - 1})
    )
    await add(store, flake(9), channel_id=flake(999))
    expected = {channels[number]: flake(2000 + number) for number in (0, count // 2, count - 1)}
    assert await store.messages.last_ids(channels) == expected
    assert await store.messages.last_ids(set(channels)) == expected


async def test_last_ids_never_step_back(store: Store) -> None:
    await add(store, flake(7), flake(5))
    assert await store.messages.last_ids([CHANNEL]) == {CHANNEL: flake(7)}
    await asyncio.gather(*(store.messages.add(new_message(flake(n), CHANNEL), []) for n in (9, 12, 3)))
    assert await store.messages.last_ids([CHANNEL]) == {CHANNEL: flake(12)}


async def test_messages_of_an_author_are_listed_since_a_time(store: Store) -> None:
    await add_guild(store, 10)
    await add_guild(store, 11)
    async with store.write() as tx:
        for channel, guild in ((30, 10), (31, 10), (32, 11)):
            await tx.channels.create(new_channel(channel, flake(guild)))
    week_s = 7 * 24 * 60 * 60

    async def send(seconds: float, channel: int, guild: int, author: int = 1) -> int:
        message = new_message(flake_at(seconds), flake(channel), guild_id=flake(guild), author_id=flake(author))
        await store.messages.add(message, [])
        return message.id

    await send(-week_s - 1, 30, 10)
    first = await send(-week_s, 30, 10)
    second = await send(-10, 31, 10)
    await send(-9, 32, 11)
    await send(-8, 30, 10, author=2)
    found = await store.messages.list_ids_by_author(flake(10), flake(1), since_ms=START_MS - week_s * 1000)
    assert sorted(found) == sorted([(flake(30), first), (flake(31), second)])


async def test_messages_are_there_after_reopening(backend: StoreBackend) -> None:
    await backend.store.messages.add(FULL, [])
    await backend.reopen()
    assert await backend.store.messages.list_page(CHANNEL) == [FULL]
    assert await backend.store.messages.last_ids([CHANNEL]) == {CHANNEL: FULL.id}
