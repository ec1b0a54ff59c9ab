"""The presence that people have settled: how a session begins with it."""

import pytest

from gateway.commands.activity import Activity, Emoji
from gateway.commands.presence_command import PresenceUpdate
from gateway.users.presence import Presence, plain_presence
from gateway.users.settled_presence import SettledPresence, begin_settled, follow_settings

TEA = {"text": "tea", "emoji_name": "\N{TEACUP WITHOUT HANDLE}", "emoji_id": None, "expires_at": None}


def custom(state: str) -> Activity:
    return Activity(name="Custom Status", type=4, state=state, emoji=Emoji(name="\N{TEACUP WITHOUT HANDLE}"))


@pytest.mark.parametrize("asked", [None, PresenceUpdate(), PresenceUpdate(activities=[])])
def test_session_that_does_not_know_its_status_begins_with_the_settled_one(asked: PresenceUpdate | None) -> None:
    begun = begin_settled(asked, SettledPresence(status="invisible", custom_status=TEA), now_ms=0)
    assert (begun.status, begun.all_activities) == ("invisible", [custom("tea")])


def test_what_a_client_says_stands() -> None:
    asked = PresenceUpdate(status="idle", activities=[Activity(name="x", type=4, state="mine"), Activity(name="go")])
    assert begin_settled(asked, SettledPresence(status="dnd", custom_status=TEA), now_ms=0) == asked


def test_settled_custom_status_stands_beside_other_activities() -> None:
    asked = PresenceUpdate(status="online", game=Activity(name="go"))
    begun = begin_settled(asked, SettledPresence(custom_status=TEA), now_ms=0)
    assert begun.all_activities == [Activity(name="go"), custom("tea")]


@pytest.mark.parametrize("status", ["unknown", "offline", "odd"])
def test_settled_status_that_nobody_can_want_is_ignored(status: str) -> None:
    assert begin_settled(None, SettledPresence(status=status), now_ms=0).status is None


def test_custom_status_that_has_ended_is_not_taken_up() -> None:
    settled = SettledPresence(custom_status={**TEA, "expires_at": "1970-01-01T00:00:01+00:00"})
    assert begin_settled(None, settled, now_ms=999).all_activities == [custom("tea")]
    assert begin_settled(None, settled, now_ms=1000).all_activities == []


def test_custom_status_without_a_word_is_none() -> None:
    settled = SettledPresence(custom_status={"text": " ", "emoji_name": None})
    assert begin_settled(None, settled, now_ms=0).all_activities == []


def test_change_of_settings_changes_what_it_names_and_nothing_else() -> None:
    presence = Presence(status="idle", activities=[{"name": "go", "type": 0}], afk=True)
    assert follow_settings(presence, SettledPresence(), now_ms=0) == presence
    assert follow_settings(presence, SettledPresence(status="dnd"), now_ms=0).status == "dnd"
    with_tea = follow_settings(presence, SettledPresence(custom_status=TEA), now_ms=5)
    assert [each["type"] for each in with_tea.activities] == [0, 4]
    assert follow_settings(with_tea, SettledPresence(custom_status=None), now_ms=5) == presence


def test_plain_presence_stays_the_shared_one() -> None:
    assert follow_settings(plain_presence("idle"), SettledPresence(status="dnd"), now_ms=0) is plain_presence("dnd")
