"""Each kind of change reaches all observers, and each event of a guild is known to change the state or not."""

from typing import Any, NamedTuple

import pytest

from core.domain import events
from core.domain.events import EVENTS, UnknownEvent, required_intent
from gateway.guilds.guild_actor import OBSERVERS
from gateway.guilds.state.guild_changes import (
    CHANGES,
    MESSAGE_ADDED,
    MemberAdded,
    MessageAdded,
    bind_reactions,
    join_reactions,
)
from gateway.guilds.state.guild_state import APPLIERS

OF_THE_ACTOR = frozenset({events.GUILD_DELETE, events.PRESENCE_UPDATE})
"""The events that the actor itself applies: the end of the guild, and presences of connected users."""

PASSED_ON = frozenset(
    {
        # Gateways keep nothing of these.
        events.MESSAGE_UPDATE,
        events.MESSAGE_DELETE,
        events.MESSAGE_DELETE_BULK,
        events.MESSAGE_REACTION_ADD,
        events.MESSAGE_REACTION_REMOVE,
        events.MESSAGE_REACTION_REMOVE_ALL,
        events.MESSAGE_REACTION_REMOVE_EMOJI,
        events.TYPING_START,
        events.GUILD_BAN_ADD,
        events.GUILD_BAN_REMOVE,
        events.INVITE_CREATE,
        events.INVITE_DELETE,
        events.GUILD_INTEGRATIONS_UPDATE,
        events.INTEGRATION_CREATE,
        events.INTEGRATION_DELETE,
        events.WEBHOOKS_UPDATE,
        events.VOICE_CHANNEL_STATUS_UPDATE,
        # Gateways make these for single sessions.
        events.GUILD_CREATE,
        events.GUILD_MEMBERS_CHUNK,
        events.GUILD_MEMBER_LIST_UPDATE,
        events.CHANNEL_UNREAD_UPDATE,
        events.PASSIVE_UPDATE_V1,
        events.PASSIVE_UPDATE_V2,
        events.MESSAGE_SEND_ERROR,
        events.SOUNDBOARD_SOUNDS,
        events.STREAM_DELETE,
        events.CHANNEL_INFO,
        events.CHANNEL_STATUSES,
    }
)

NOT_SENT_YET = (
    "APPLICATION_COMMAND_",
    "AUTO_MODERATION_",
    "GUILD_AUDIT_LOG_",
    "GUILD_EMOJIS_",
    "GUILD_SCHEDULED_EVENT_",
    "GUILD_SOUNDBOARD_",
    "GUILD_STICKERS_",
    "INTEGRATION_UPDATE",
    "INTERACTION_",
    "MESSAGE_POLL_",
    "THREAD_",
    "VOICE_CHANNEL_EFFECT_",
    "VOICE_SERVER_",
)
"""Events of features that are not built. The row of one that is built moves to PASSED_ON or APPLIERS."""


def test_each_observer_says_something_about_each_kind_of_change_and_about_no_other() -> None:
    for find_observer, reactions in OBSERVERS:
        assert set(reactions) == set(CHANGES), find_observer


def test_kind_of_change_that_an_observer_forgot_is_refused() -> None:
    class EmojisChanged(NamedTuple):
        guild_id: int

    with pytest.raises(KeyError):
        join_reactions(OBSERVERS, [*CHANGES, EmojisChanged])  # type: ignore[list-item] # as a kind would that is new


def test_observers_are_told_in_their_order_and_only_of_what_concerns_them() -> None:
    told: list[tuple[str, object]] = []
    first: Any = {MemberAdded: lambda who, change: told.append((who, change)), MessageAdded: None}
    second: Any = {kind: lambda who, change: told.append((who, change)) for kind in (MemberAdded, MessageAdded)}
    joined = join_reactions([(lambda _: "a", first), (lambda _: "b", second)], [MemberAdded, MessageAdded])
    for change in (MemberAdded(1), MESSAGE_ADDED):
        for find, react in joined[type(change)]:
            react(find(None), change)
    assert told == [("a", MemberAdded(1)), ("b", MemberAdded(1)), ("b", MESSAGE_ADDED)]


def test_bound_reactions_reach_the_observers_of_their_owner_in_their_order() -> None:
    told: list[tuple[object, object]] = []
    reactions: Any = {MemberAdded: lambda who, change: told.append((who, change)), MessageAdded: None}
    other: Any = {MemberAdded: None, MessageAdded: lambda who, change: told.append((who, change))}
    joined = join_reactions(
        [(lambda owner: owner[0], reactions), (lambda owner: owner[1], other), (lambda owner: owner[2], other)],
        [MemberAdded, MessageAdded],
    )
    bound = bind_reactions(joined, MessageAdded, "abc")
    for react in bound:
        react(MESSAGE_ADDED)
    assert told == [("b", MESSAGE_ADDED), ("c", MESSAGE_ADDED)]


def test_each_event_of_a_guild_changes_the_state_or_is_known_to_be_passed_on() -> None:
    """The test fails for an event that is new in the table or newly built, until it has a row."""
    known = [*APPLIERS, *OF_THE_ACTOR, *PASSED_ON]
    assert len(known) == len(set(known))
    open_ones = {event for event in EVENTS if is_of_guilds(event)} - set(known)
    assert {event for event in open_ones if not event.startswith(NOT_SENT_YET)} == set()
    assert not [event for event in known if event.startswith(NOT_SENT_YET)]


def is_of_guilds(event: str) -> bool:
    try:
        required_intent(event, in_guild=True)
    except UnknownEvent:
        return False
    return True
