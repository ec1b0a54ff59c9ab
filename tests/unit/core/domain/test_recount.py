"""Counts that are made anew of a message's reactions."""

from hypothesis import given
from hypothesis import strategies as st

from core.domain.messages.reaction import Reaction, ReactionCount, count_added, recount


def reaction(emoji: str, user_id: int, *, is_burst: bool = False) -> Reaction:
    return Reaction(channel_id=1, message_id=2, emoji=emoji, user_id=user_id, is_burst=is_burst)


@given(st.sets(st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.booleans())))
def test_recount_of_all_reactions_is_what_they_counted(wanted: set[tuple[str, int, bool]]) -> None:
    reactions = [reaction(emoji, user_id, is_burst=is_burst) for emoji, user_id, is_burst in wanted]
    counts: tuple[ReactionCount, ...] = ()
    for each in reactions:
        counts = count_added(counts, each, may_begin=True)
    assert recount(counts, reactions) == counts
    assert recount(counts, reversed(reactions)) == counts


def test_recount_keeps_the_form_and_the_order_that_was_shown_and_no_emoji_without_reactions() -> None:
    shown = (ReactionCount("b\ufe0f", 9), ReactionCount("gone", 3), ReactionCount("a", 1))
    found = [reaction("a", 1), reaction("b", 1), reaction("b", 2, is_burst=True), reaction("new", 3)]
    assert recount(shown, found) == (
        ReactionCount("b\ufe0f", 1, 1),
        ReactionCount("a", 1),
        ReactionCount("new", 1),
    )
