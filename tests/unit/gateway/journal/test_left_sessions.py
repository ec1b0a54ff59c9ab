"""What an earlier process has left: given out once, to the one with the token, for as long as the window lasts."""

import asyncio

import msgspec
import pytest

from core.domain.errors import Unavailable
from core.store.aggregates.session_journal import Cut, SessionRecord
from gateway.homes.session_state import SessionState
from gateway.journal.left_sessions import MAX_AHEAD, LeftRefusal, LeftSession, LeftSessions
from gateway.journal.session_facts import SessionFacts, encode_facts
from tests.fakes.clock import FakeClock
from tests.fakes.memory_journal import MemoryJournal
from tests.support.gateway.sessions import make_session

WINDOW_S = 60.0
TOKEN = b"token"
PROFILE = msgspec.structs.replace(make_session(1, session_id="s")[0].profile, token_hash=TOKEN)
FACTS = SessionFacts(profile=PROFILE, state=SessionState(arriving=(5,)))


class Heirs:
    """What process b finds of process a."""

    def __init__(self, *, is_shared: bool = False) -> None:
        self.clock = FakeClock()
        self.journal = MemoryJournal(is_shared=is_shared)
        self.left = LeftSessions(journal=self.journal, incarnation="b", clock=self.clock, resume_window_s=WINDOW_S)
        seqs = b"".join(number.to_bytes(4, "little") for number in (2, 10))
        cut = Cut(incarnation="a", number=1, taken_ms=0, is_whole=True, positions={0: 77}, seqs=seqs)
        self.journal.cuts["a"] = [cut]
        self.put()

    def put(self, **changes: object) -> None:
        record = SessionRecord(
            session_id="s",
            user_id=1,
            token_hash=TOKEN,
            holder="a",
            incarnation="a",
            place=2,
            first_cut=1,
            detached_ms=0,
            facts=encode_facts(FACTS),
        )
        self.journal.records["s"] = msgspec.structs.replace(record, **changes)

    async def claim(self, *, session_id: str = "s", token_hash: bytes = TOKEN, seq: int = 10) -> object:
        return await self.left.claim(session_id, token_hash=token_hash, seq=seq)


@pytest.fixture
def heirs() -> Heirs:
    return Heirs()


async def test_session_is_given_out_with_its_facts_and_positions(heirs: Heirs) -> None:
    assert await heirs.claim() == LeftSession(FACTS, {0: 77})
    assert heirs.journal.records["s"].holder == "b"


async def test_session_is_given_out_again_until_it_is_in_a_cut_of_its_new_holder(heirs: Heirs) -> None:
    assert isinstance(await heirs.claim(), LeftSession)
    assert isinstance(await heirs.claim(), LeftSession)
    heirs.put(holder="b", incarnation="b")
    assert await heirs.claim() is LeftRefusal.UNKNOWN


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"session_id": "other"}, LeftRefusal.UNKNOWN),
        ({"token_hash": b"other"}, LeftRefusal.UNKNOWN),
        ({"seq": 9}, LeftRefusal.NO_CUT),
        ({"seq": 10 + MAX_AHEAD + 1}, LeftRefusal.INVALID_SEQ),
    ],
)
async def test_others_and_those_who_lack_too_much_get_nothing(
    heirs: Heirs, asked: dict[str, object], refusal: LeftRefusal
) -> None:
    assert await heirs.claim(**asked) is refusal  # type: ignore[arg-type]
    assert heirs.journal.records["s"].holder == "a"


@pytest.mark.parametrize("facts", [b"", b"\xc1", b"\x80"])
async def test_facts_of_another_version_are_unreadable(heirs: Heirs, facts: bytes) -> None:
    heirs.put(facts=facts)
    assert await heirs.claim() is LeftRefusal.UNREADABLE


async def test_claim_of_a_session_that_another_process_takes_meanwhile_fails(heirs: Heirs) -> None:
    list_cuts = heirs.journal.list_cuts

    async def lose_the_race(*args: object, **options: object) -> list[Cut]:
        heirs.put(holder="c")
        return await list_cuts(*args, **options)  # type: ignore[arg-type]

    heirs.journal.list_cuts = lose_the_race  # type: ignore[method-assign, assignment]
    assert await heirs.claim() is LeftRefusal.CLAIMED


async def test_connected_session_waits_for_a_window_from_the_beginning(heirs: Heirs) -> None:
    heirs.clock.advance(WINDOW_S)
    assert isinstance(await heirs.claim(), LeftSession)
    heirs.put()
    heirs.clock.advance(1)
    assert await heirs.claim() is LeftRefusal.EXPIRED


async def test_detached_session_waits_for_the_rest_of_its_window(heirs: Heirs) -> None:
    heirs.put(detached_ms=heirs.clock.now_ms() - 50_000)
    heirs.clock.advance(10)
    assert isinstance(await heirs.claim(), LeftSession)
    heirs.put(detached_ms=heirs.clock.now_ms() - 60_001)
    assert await heirs.claim() is LeftRefusal.EXPIRED


async def test_cuts_are_read_once_for_many_sessions(heirs: Heirs) -> None:
    for _ in range(5):
        heirs.put()
        await heirs.claim()
    assert heirs.journal.reads == 1


async def test_all_that_is_left_is_listed_and_what_is_claimed_is_not(heirs: Heirs) -> None:
    one = heirs.journal.records["s"]
    for number in range(1200):
        session_id = f"s{number:04}"
        heirs.journal.records[session_id] = msgspec.structs.replace(one, session_id=session_id)
    await heirs.claim()
    assert [record.session_id async for record in heirs.left.list_records("a")] == [
        f"s{each:04}" for each in range(1200)
    ]


async def test_journal_that_is_down_raises(heirs: Heirs) -> None:
    heirs.journal.is_down = True
    with pytest.raises(Unavailable):
        await heirs.claim()


async def test_all_is_dropped_after_the_window(heirs: Heirs, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[bool] = []

    async def sleep(_delay_s: float) -> None:
        looks.append(heirs.left.are_gone)
        heirs.clock.advance(WINDOW_S / 2 + 1)
        heirs.journal.is_down = len(looks) == 2

    monkeypatch.setattr(asyncio, "sleep", sleep)
    await heirs.left.run()
    assert looks == [False, False, False, True], "once too early, once with the journal down"
    assert heirs.left.are_gone
    assert (heirs.journal.records, heirs.journal.cuts) == ({}, {})


# -- where others live


@pytest.fixture
def shared() -> Heirs:
    """The heirs of a journal that others write to. Process a lives."""
    heirs = Heirs(is_shared=True)
    heirs.journal.leases["a"] = "a"
    return heirs


async def test_session_of_a_process_that_lives_is_given_out_too_with_the_last_cut_that_counts(shared: Heirs) -> None:
    await shared.left.look()
    assert shared.left.list_ended(for_s=0) == []
    assert await shared.claim() == LeftSession(FACTS, {0: 77})
    assert (shared.journal.records["s"].holder, shared.journal.records["s"].last_cut) == ("b", 1)


async def test_what_a_process_has_goes_on_for_a_window_from_its_end_whenever_that_is(shared: Heirs) -> None:
    shared.clock.advance(10 * WINDOW_S)
    await shared.left.look()
    shared.journal.leases.clear()
    await shared.left.look()
    shared.clock.advance(WINDOW_S)
    await shared.left.look()
    assert isinstance(await shared.claim(), LeftSession)
    shared.put()

    shared.clock.advance(1)
    assert await shared.claim() is LeftRefusal.EXPIRED
    await shared.left.look()
    assert (shared.journal.records, shared.journal.cuts) == ({}, {})
    assert not shared.left.are_gone, "others may end later"


async def test_process_that_has_its_lease_again_keeps_what_it_has(shared: Heirs) -> None:
    shared.journal.leases.clear()
    await shared.left.look()
    shared.clock.advance(WINDOW_S)
    shared.journal.leases["a"] = "a"
    await shared.left.look()
    shared.journal.leases.clear()
    shared.clock.advance(5)
    await shared.left.look()
    assert "s" in shared.journal.records


async def test_cuts_that_have_come_since_are_found(shared: Heirs) -> None:
    assert await shared.claim(seq=9) is LeftRefusal.NO_CUT
    seqs = b"".join(number.to_bytes(4, "little") for number in (2, 5))
    newer = Cut(incarnation="a", number=2, taken_ms=0, is_whole=True, positions={0: 88}, seqs=seqs)
    shared.journal.cuts["a"].append(newer)
    assert await shared.claim(seq=9) == LeftSession(FACTS, {0: 88})


async def test_old_cuts_of_a_process_that_lives_are_not_gone_on_from_later(shared: Heirs) -> None:
    assert await shared.claim() == LeftSession(FACTS, {0: 77})
    shared.put()
    newer = Cut(incarnation="a", number=2, taken_ms=0, is_whole=False, positions={0: 88}, seqs=b"")
    shared.journal.cuts["a"].append(newer)
    shared.clock.advance(2)
    assert await shared.claim() == LeftSession(FACTS, {0: 88})


async def test_session_that_has_been_here_and_elsewhere_comes_back(shared: Heirs) -> None:
    shared.journal.cuts["b"] = [msgspec.structs.replace(shared.journal.cuts["a"][0], incarnation="b")]
    shared.put(holder="a", incarnation="b", last_cut=1)
    assert await shared.claim() == LeftSession(FACTS, {0: 77})
