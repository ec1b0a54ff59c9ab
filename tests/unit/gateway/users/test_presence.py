"""Presences of sessions, merged and shown."""

from typing import Any

import pytest

from gateway.commands.activity import MAX_ACTIVITIES, Activity, Assets, Emoji, Party
from gateway.commands.presence_command import PresenceUpdate
from gateway.users.presence import OFFLINE, Presence, from_command, merge_presences, render_presence, unite_activities


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], "offline"),
        (["online"], "online"),
        (["idle", "dnd"], "dnd"),
        (["idle", "online"], "online"),
        (["online", "idle", "dnd"], "dnd"),
        (["invisible", "idle"], "idle"),
        (["invisible", "dnd"], "dnd"),
        (["invisible", "offline"], "offline"),
    ],
)
def test_statuses_of_several_sessions_make_one(statuses: list[str], expected: str) -> None:
    merged = merge_presences([("desktop", Presence(status=status)) for status in statuses])
    assert merged.status == expected


def test_merged_presence_shows_each_platform_and_the_activities_of_all() -> None:
    merged = merge_presences(
        [
            ("mobile", Presence(status="idle", activities=[{"name": "music", "type": 2}])),
            ("desktop", Presence(status="idle")),
            ("desktop", Presence(status="online", activities=[{"name": "chess", "type": 0}])),
            ("web", Presence(status="invisible", activities=[{"name": "secret", "type": 0}])),
        ]
    )
    assert (merged.status, merged.client_status) == ("online", {"mobile": "idle", "desktop": "online"})
    assert merged.activities == [{"name": "chess", "type": 0}, {"name": "music", "type": 2}]


def test_activity_on_two_devices_is_shown_once_as_on_the_newer_one() -> None:
    def custom(state: str) -> dict[str, Any]:
        return {"name": "Custom Status", "type": 4, "state": state}

    def playing(at_ms: int, app_id: str) -> dict[str, Any]:
        return {"name": "chess", "type": 0, "application_id": app_id, "created_at": at_ms}

    older = Presence(activities=[custom("old"), playing(1, "7"), playing(1, "8")])
    newer = Presence(activities=[playing(2, "7"), custom("new")])
    merged = merge_presences([("desktop", older), ("mobile", newer)])
    assert merged.activities == [playing(2, "7"), custom("new"), playing(1, "8")]


def test_activities_of_all_sessions_are_bounded() -> None:
    said = [Presence(activities=[{"name": f"{session}/{each}"} for each in range(10)]) for session in range(3)]
    assert len(unite_activities(said)) == MAX_ACTIVITIES


def test_being_away_from_a_client_is_not_shown_to_others() -> None:
    said = from_command(PresenceUpdate(status="online", afk=True, since=1.0), now_ms=1)
    assert said.afk
    assert merge_presences([("web", said)]) == merge_presences([("web", Presence())])


def test_hidden_presence_shows_nothing() -> None:
    assert merge_presences([("web", Presence(status="invisible", activities=[{"name": "secret"}]))]) == OFFLINE


def test_command_without_a_status_means_online() -> None:
    assert from_command(None, now_ms=1) == Presence()
    assert from_command(PresenceUpdate(status=None), now_ms=1).status == "online"
    assert from_command(PresenceUpdate(status="unknown"), now_ms=1).status == "online"


def test_activity_is_shown_with_what_was_given_and_what_libraries_need() -> None:
    emoji = Emoji(name="tea", id=7)
    command = PresenceUpdate(status="idle", activities=[Activity(name="x", type=4, emoji=emoji, application_id=5)])
    (activity,) = from_command(command, now_ms=99).activities
    assert activity == {
        "name": "x",
        "type": 4,
        "created_at": 99,
        "application_id": "5",
        "emoji": {"name": "tea", "id": "7"},
    }
    rich = Activity(name="r", assets=Assets(large_image="key"), party=Party(size=[1, 4]), buttons=["Join"])
    (activity,) = from_command(PresenceUpdate(activities=[rich]), now_ms=9).activities
    assert (activity["assets"], activity["party"]) == ({"large_image": "key"}, {"size": [1, 4]})
    assert activity["buttons"] == ["Join"]
    legacy = PresenceUpdate(status="idle", game=Activity(name="y"))
    assert from_command(legacy, now_ms=99).activities == [{"name": "y", "type": 0, "created_at": 99}]


def test_presence_names_the_guild_only_where_it_is_dispatched() -> None:
    merged = merge_presences([("web", Presence())])
    assert render_presence(5, merged, 6).guild_id == "6"
    assert render_presence(5, merged).user.id == "5"
