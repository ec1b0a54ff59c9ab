"""The search for a cut: the newest one at which the client had everything."""

import struct
from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from core.store.aggregates.session_journal import ANY_CUT, Cut
from gateway.events.session_positions import of_session
from gateway.journal.cut_history import CutHistory
from tests.fakes.memory_journal import MemoryJournal


def make_cut(number: int, seqs: Mapping[int, int], *, behind: Mapping[int, int] | None = None) -> Cut:
    return Cut(
        incarnation="a",
        number=number,
        taken_ms=0,
        is_whole=False,
        positions={0: number * 10, **(behind or {})},
        seqs=b"".join(struct.pack("=II", place, seq) for place, seq in sorted(seqs.items())),
    )


async def search(
    cuts: Sequence[Mapping[int, int]], *, place: int, seq: int, first_cut: int = 1, last_cut: int = ANY_CUT
) -> int | None:
    """Return the number of the cut that is found among these, which are numbered from 1."""
    journal = MemoryJournal()
    for number, seqs in enumerate(cuts, 1):
        await journal.write(make_cut(number, seqs))
    history = CutHistory(journal=journal, incarnation="a")
    found = await history.find(place, first_cut=first_cut, last_cut=last_cut, seq=seq)
    assert found is None or found.positions[0] == found.number * 10
    return None if found is None else found.number


async def test_session_that_has_not_changed_goes_on_from_the_newest_cut() -> None:
    assert await search([{3: 7, 5: 1}, {5: 2}, {5: 3}], place=3, seq=7) == 3


async def test_client_that_lacks_the_newest_goes_on_from_an_older_cut() -> None:
    cuts = [{3: 118}, {}, {3: 125}, {4: 1}]
    assert await search(cuts, place=3, seq=130) == 4
    assert await search(cuts, place=3, seq=125) == 4
    assert await search(cuts, place=3, seq=124) == 2
    assert await search(cuts, place=3, seq=118) == 2
    assert await search(cuts, place=3, seq=117) is None


async def test_cut_from_before_the_record_is_not_used() -> None:
    cuts = [{3: 5}, {3: 9}, {3: 12}]
    assert await search(cuts, place=3, seq=11, first_cut=2) == 2
    assert await search(cuts, place=3, seq=11, first_cut=3) is None


async def test_cut_from_after_a_claim_is_not_used_though_it_names_a_seq_that_the_client_has() -> None:
    cuts = [{3: 5}, {3: 9}, {}, {3: 12}]
    assert await search(cuts, place=3, seq=50, last_cut=3) == 3
    assert await search(cuts, place=3, seq=50, last_cut=2) == 2
    assert await search(cuts, place=3, seq=8, last_cut=3) == 1


async def test_session_that_was_behind_goes_on_from_its_own_position() -> None:
    journal = MemoryJournal()
    await journal.write(make_cut(1, {3: 5, 4: 8}, behind={of_session(3, 0): 2}))
    history = CutHistory(journal=journal, incarnation="a")
    found = [await history.find(place, first_cut=1, last_cut=ANY_CUT, seq=9) for place in (3, 4)]
    assert [each and each.positions[0] for each in found] == [2, 10]


async def test_place_that_no_cut_names_and_no_cuts_at_all_lead_nowhere() -> None:
    assert await search([{3: 5}, {3: 9}], place=4, seq=100) is None
    assert await search([], place=0, seq=100) is None


@given(
    changes=st.lists(st.integers(0, 3), min_size=1, max_size=90),
    seq=st.integers(0, 200),
    first=st.integers(1, 20),
)
async def test_search_finds_what_a_walk_over_all_numbers_finds(changes: list[int], seq: int, first: int) -> None:
    reached, cuts, seqs = 0, [], []
    for number, step in enumerate(changes, 1):
        reached += step
        # The record's first cut names the session even if it is where it was.
        cuts.append({7: reached, 1: number} if step or number in (1, first) else {1: number})
        seqs.append(reached)
    good = [number for number, known in enumerate(seqs, 1) if known <= seq and number >= first]
    assert await search(cuts, place=7, seq=seq, first_cut=first) == max(good, default=None)
