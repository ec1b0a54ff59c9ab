"""The journal of sessions: cuts with their records, claims that one of many gets, and what is left of dead processes."""

import asyncio
import struct

import msgspec
import pytest

from core.domain.errors import Unavailable
from core.store.aggregates.session_journal import Cut, JournalLost, SessionJournal, SessionRecord
from core.store.redis.session_journal import RedisSessionJournal
from deploy.services.definition import find_free_port
from deploy.services.process import ServiceProcess
from tests.fakes.memory_journal import MemoryJournal
from tests.support.clusters.redis_journal import address_of, empty_journal

BIG = 1 << 62


def cut(number: int, incarnation: str = "a", **changes: object) -> Cut:
    made = Cut(
        incarnation=incarnation,
        number=number,
        taken_ms=1_700_000_000_000 + number,
        is_whole=number % 10 == 1,
        positions={0: number, 255: BIG + number},
        seqs=struct.pack("=II", number, (1 << 31) - 1),
    )
    return msgspec.structs.replace(made, **changes)


def record(session_id: str = "s", holder: str = "a", **changes: object) -> SessionRecord:
    made = SessionRecord(
        session_id=session_id,
        user_id=BIG,
        token_hash=b"\x00\xff" * 16,
        holder=holder,
        incarnation=holder,
        place=3,
        first_cut=1,
        detached_ms=0,
        facts=b"\x00facts\xff",
    )
    return msgspec.structs.replace(made, **changes)


async def test_cuts_come_back_whole_and_the_newest_first(journal: SessionJournal) -> None:
    cuts = [cut(number) for number in range(1, 6)]
    for each in cuts:
        await journal.write(each)
    await journal.write(cut(1, "other"))

    assert await journal.list_cuts("a") == cuts[::-1]
    assert await journal.list_cuts("a", limit=2) == [cuts[4], cuts[3]]
    assert await journal.list_cuts("a", before=3) == [cuts[1], cuts[0]]
    assert await journal.list_cuts("nobody") == []


async def test_cut_without_sessions_and_positions_comes_back(journal: SessionJournal) -> None:
    bare = cut(1, positions={}, seqs=b"")
    await journal.write(bare)
    assert await journal.list_cuts("a") == [bare]


async def test_cuts_that_are_too_old_are_dropped_with_a_write(journal: SessionJournal) -> None:
    for number in range(1, 6):
        await journal.write(cut(number), keep_from=4 if number == 5 else 0)
        await journal.write(cut(number, "b"))
    assert [each.number for each in await journal.list_cuts("a")] == [5, 4]
    assert len(await journal.list_cuts("b")) == 5


async def test_record_is_found_as_it_was_last_written(journal: SessionJournal) -> None:
    assert await journal.find("s") is None
    await journal.write(cut(1), records=[record()])
    assert await journal.find("s") == record()
    changed = record(first_cut=2, detached_ms=5, place=0, facts=b"")
    await journal.write(cut(2), records=[changed, record("t")])
    assert await journal.find("s") == changed
    assert await journal.find("t") == record("t")


async def test_ended_session_has_no_record(journal: SessionJournal) -> None:
    await journal.write(cut(1), records=[record("s"), record("t")])
    await journal.write(cut(2), ended=["s", "unknown"])
    assert await journal.find("s") is None
    assert await journal.find("t") == record("t")


async def test_one_of_many_gets_a_claim(journal: SessionJournal) -> None:
    await journal.write(cut(1), records=[record()])
    claims = [journal.claim("s", holder="a", by=f"b{number}") for number in range(8)]
    got = await asyncio.gather(*claims)
    assert sum(got) == 1
    found = await journal.find("s")
    assert found == record(holder=f"b{got.index(True)}", incarnation="a")


async def test_claim_of_what_is_unknown_or_held_by_another_fails(journal: SessionJournal) -> None:
    assert not await journal.claim("s", holder="a", by="b")
    await journal.write(cut(1), records=[record()])
    assert not await journal.claim("s", holder="other", by="b")
    assert await journal.find("s") == record()


async def test_former_holder_neither_writes_nor_ends_a_claimed_session(journal: SessionJournal) -> None:
    await journal.write(cut(1), records=[record()])
    await journal.claim("s", holder="a", by="b")
    await journal.write(cut(2), records=[record(facts=b"late")], ended=["s"])
    assert await journal.find("s") == record(holder="b", incarnation="a")


async def test_new_holder_writes_a_claimed_session(journal: SessionJournal) -> None:
    await journal.write(cut(1), records=[record()])
    await journal.claim("s", holder="a", by="b")
    own = record(holder="b", place=8)
    await journal.write(cut(1, "b"), records=[own])
    assert await journal.find("s") == own
    await journal.write(cut(2, "b"), ended=["s"])
    assert await journal.find("s") is None


async def test_left_records_are_those_of_other_incarnations_page_by_page(journal: SessionJournal) -> None:
    left = [record(f"s{number}") for number in range(5)]
    await journal.write(cut(1), records=left)
    await journal.write(cut(1, "b"), records=[record("s10", "b")])
    await journal.claim("s2", holder="a", by="b")
    del left[2]

    first = await journal.list_left("b", limit=3)
    assert first == left[:3]
    assert await journal.list_left("b", after=first[-1].session_id, limit=3) == left[3:]
    assert await journal.list_left("b", after=left[-1].session_id) == []


async def test_what_is_left_is_dropped_some_at_a_time_and_own_things_stay(journal: SessionJournal) -> None:
    await journal.write(cut(1), records=[record(f"s{number}") for number in range(5)])
    await journal.write(cut(1, "b"), records=[record("own", "b")])
    await journal.claim("s2", holder="a", by="b")

    rounds = 1
    while await journal.drop_left("b", limit=2):
        rounds += 1
    assert rounds == 3
    assert await journal.list_left("b") == []
    assert await journal.list_cuts("a") == []
    assert await journal.list_cuts("b") == [cut(1, "b")]
    assert await journal.find("own") == record("own", "b")
    assert await journal.find("s2") == record("s2", holder="b", incarnation="a")


async def test_journal_that_has_lost_everything_says_so_and_takes_what_is_written_anew(
    redis_server: ServiceProcess,
) -> None:
    async with empty_journal(redis_server) as on_redis:
        for journal, lose in ((on_redis, on_redis.lose), (MemoryJournal(), None)):
            await journal.write(cut(1), records=[record()])
            await lose() if lose else journal.lose()
            with pytest.raises(JournalLost):
                await journal.write(cut(2), records=[record("t")])
            assert await journal.find("t") is None
            await journal.write(cut(3), records=[record()])
            assert await journal.list_cuts("a") == [cut(3)]
            assert await journal.find("s") == record()


async def test_redis_that_does_not_answer_is_unavailable(redis_server: ServiceProcess) -> None:
    address = msgspec.structs.replace(address_of(redis_server), port=find_free_port())
    journal = RedisSessionJournal(address=address)
    for call in (
        journal.write(cut(1)),
        journal.find("s"),
        journal.list_left("a"),
        journal.claim("s", holder="", by=""),
    ):
        with pytest.raises(Unavailable):
            await call
    await journal.close()
