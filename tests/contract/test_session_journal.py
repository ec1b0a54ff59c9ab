"""The journal of sessions: cuts with their records, claims that one of many gets, and what is left of dead processes."""

import asyncio
import struct
from collections.abc import AsyncIterator
from typing import TypeAlias

import msgspec
import pytest

from core.domain.errors import Unavailable
from core.store.aggregates.session_journal import ANY_CUT, Cut, JournalLost, SessionJournal, SessionRecord
from core.store.redis.session_journal import RedisSessionJournal
from deploy.services.definition import find_free_port
from deploy.services.process import ServiceProcess
from tests.fakes.memory_journal import MemoryJournal
from tests.support.clusters.redis_journal import EmptiedJournal, address_of, empty_journal

BIG = 1 << 62

Shared: TypeAlias = EmptiedJournal | MemoryJournal


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


async def claim(
    journal: SessionJournal, session_id: str = "s", *, holder: str = "a", by: str = "b", last_cut: int = 1
) -> bool:
    return await journal.claim(session_id, holder=holder, by=by, last_cut=last_cut)


def claimed(journal: SessionJournal, session_id: str, *, by: str = "b", last_cut: int = 1) -> SessionRecord:
    """Return the record of a session of `a` as it is after a claim."""
    kept = last_cut if journal.is_shared else ANY_CUT
    return record(session_id, holder=by, incarnation="a", last_cut=kept)


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
    claims = [claim(journal, by=f"b{number}") for number in range(8)]
    got = await asyncio.gather(*claims)
    assert sum(got) == 1
    found = await journal.find("s")
    assert found == claimed(journal, "s", by=f"b{got.index(True)}")


async def test_claim_of_what_is_unknown_or_held_by_another_fails(journal: SessionJournal) -> None:
    assert not await claim(journal)
    await journal.write(cut(1), records=[record()])
    assert not await claim(journal, holder="other")
    assert await journal.find("s") == record()


async def test_former_holder_neither_writes_nor_ends_a_claimed_session(journal: SessionJournal) -> None:
    await journal.write(cut(1), records=[record()])
    await claim(journal)
    await journal.write(cut(2), records=[record(facts=b"late")], ended=["s"])
    assert await journal.find("s") == claimed(journal, "s")


async def test_new_holder_writes_a_claimed_session(journal: SessionJournal) -> None:
    await journal.write(cut(1), records=[record()])
    await claim(journal)
    own = record(holder="b", place=8)
    await journal.write(cut(1, "b"), records=[own])
    assert await journal.find("s") == own
    await journal.write(cut(2, "b"), ended=["s"])
    assert await journal.find("s") is None


async def test_new_holder_that_dies_before_it_has_written_leaves_the_claim(journal: SessionJournal) -> None:
    await journal.write(cut(1), records=[record()])
    await claim(journal, last_cut=7)
    assert await claim(journal, holder="b", by="c", last_cut=5)
    assert await journal.find("s") == claimed(journal, "s", by="c", last_cut=5)


async def test_left_records_are_those_that_an_incarnation_still_holds_page_by_page(journal: SessionJournal) -> None:
    left = [record(f"s{number}") for number in range(5)]
    await journal.write(cut(1), records=left)
    await journal.write(cut(1, "b"), records=[record("s10", "b")])
    await claim(journal, "s2")
    del left[2]

    first = await journal.list_left("a", limit=3)
    assert first == left[:3]
    assert await journal.list_left("a", after=first[-1].session_id, limit=3) == left[3:]
    assert await journal.list_left("a", after=left[-1].session_id) == []
    assert await journal.list_left("nobody") == []


async def test_what_an_incarnation_has_left_is_dropped_some_at_a_time_and_all_else_stays(
    journal: SessionJournal,
) -> None:
    await journal.write(cut(1), records=[record(f"s{number}") for number in range(5)])
    await journal.write(cut(1, "b"), records=[record("own", "b")])
    await journal.write(cut(1, "c"), records=[record("other", "c")])
    await claim(journal, "s2")

    rounds = 1
    while await journal.drop_left("a", limit=2):
        rounds += 1
    assert rounds == 3
    assert await journal.list_left("a") == []
    assert await journal.list_cuts("a") == []
    for name, session_id in (("b", "own"), ("c", "other")):
        assert await journal.list_cuts(name) == [cut(1, name)]
        assert await journal.find(session_id) == record(session_id, name)
    assert await journal.find("s2") == claimed(journal, "s2")
    assert await journal.list_ended("b") == ["c"]


async def test_incarnations_that_have_written_or_claimed_and_do_not_live_have_ended(journal: SessionJournal) -> None:
    assert await journal.list_ended("b") == []
    await journal.write(cut(1), records=[record()])
    await journal.write(cut(1, "b"))
    assert await journal.list_ended("b") == ["a"]
    await claim(journal, by="c")
    assert await journal.list_ended("b") == ["a", "c"]
    assert await journal.list_ended("a") == ["b", "c"]


async def test_nothing_is_taken_from_an_incarnation_that_has_only_claimed_and_written(journal: SessionJournal) -> None:
    await journal.write(cut(1), records=[record()])
    await claim(journal)
    assert await journal.list_taken("b", seen=[]) == []
    assert await journal.take_charge("a", by="b")
    assert await journal.take_charge("a", by="b")


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.xdist_group("redis"))])
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Shared]:
    """The journal that several processes write to."""
    if request.param == "memory":
        yield MemoryJournal(is_shared=True)
        return
    async with empty_journal(request.getfixturevalue("redis_server")) as on_redis:
        yield on_redis


async def test_holder_that_lives_is_told_what_was_claimed_of_it_until_it_has_heard(shared: Shared) -> None:
    await shared.write(cut(1), records=[record("s"), record("t"), record("u")])
    await claim(shared, "s")
    await claim(shared, "t", by="c")
    assert await shared.list_taken("a", seen=[]) == ["s", "t"]
    assert await shared.list_taken("a", seen=[]) == ["s", "t"]
    await claim(shared, "u")
    assert await shared.list_taken("a", seen=["s", "t"]) == ["u"]
    assert await shared.list_taken("b", seen=[]) == []

    await claim(shared, "u", holder="b", by="a")
    assert await shared.list_taken("a", seen=[]) == [], "it has it again"
    assert await shared.list_taken("b", seen=[]) == ["u"]


async def test_life_of_a_worker_is_over_when_its_name_has_no_lease_or_that_of_another_life(
    shared: Shared,
) -> None:
    for life in ("worker-1-5f", "worker-2-a0"):
        await shared.write(cut(1, life), records=[record(life, life)])
    await shared.hold_lease("worker-1", "worker-1-5f.2")
    assert await shared.list_ended("worker-3-bb") == ["worker-2-a0"]
    await shared.hold_lease("worker-2", "worker-2-a0.1")
    assert await shared.list_ended("worker-3-bb") == []
    await shared.hold_lease("worker-1", "worker-1-60.1")
    assert await shared.list_ended("worker-3-bb") == ["worker-1-5f"]


async def test_one_of_many_tells_of_an_end(shared: Shared) -> None:
    got = [await shared.take_charge("a", by=f"b{number}") for number in range(3)]
    assert got == [True, False, False]
    assert await shared.take_charge("a", by="b0")
    await shared.drop_left("a")
    assert await shared.take_charge("a", by="b1")


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
        claim(journal),
        journal.list_taken("a", seen=["s"]),
        journal.list_ended("a"),
        journal.take_charge("a", by="b"),
    ):
        with pytest.raises(Unavailable):
            await call
    await journal.close()
