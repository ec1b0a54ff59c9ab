"""Sessions that another process has claimed are let go here."""

from core.store.aggregates.session_journal import Cut, SessionRecord
from gateway.journal.taken_sessions import TakenSessions
from tests.fakes.memory_journal import MemoryJournal

CUT = Cut(incarnation="a", number=1, taken_ms=0, is_whole=True, positions={}, seqs=b"")


def make_record(session_id: str) -> SessionRecord:
    return SessionRecord(
        session_id=session_id, user_id=1, token_hash=b"", holder="a", incarnation="a", place=0, first_cut=1,
        detached_ms=0, facts=b"",
    )  # fmt: skip


class Holder:
    """Process a, which has two sessions in the journal."""

    def __init__(self, *, is_shared: bool = True) -> None:
        self.journal = MemoryJournal(is_shared=is_shared)
        self.gone: list[str] = []
        self.taken = TakenSessions(journal=self.journal, incarnation="a")
        self.taken.hand_to(self.gone.append)

    async def begin(self) -> None:
        await self.journal.write(CUT, records=[make_record("s"), make_record("t")])

    async def lose(self, session_id: str) -> None:
        assert await self.journal.claim(session_id, holder="a", by="b", last_cut=1)


async def test_each_claimed_session_is_let_go_once() -> None:
    holder = Holder()
    await holder.begin()
    await holder.taken.look()
    assert holder.gone == []
    await holder.lose("s")
    await holder.taken.look()
    await holder.taken.look()
    assert holder.gone == ["s"]
    await holder.lose("t")
    await holder.taken.look()
    assert holder.gone == ["s", "t"]


async def test_what_could_not_be_read_is_let_go_later() -> None:
    holder = Holder()
    await holder.begin()
    await holder.lose("s")
    holder.journal.is_down = True
    await holder.taken.look()
    holder.journal.is_down = False
    await holder.taken.look()
    assert holder.gone == ["s"]


async def test_process_that_is_alone_does_not_look() -> None:
    holder = Holder(is_shared=False)
    await holder.taken.run()
