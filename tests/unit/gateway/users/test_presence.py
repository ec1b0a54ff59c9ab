"""Presences of sessions, merged and shown."""

import pytest

from gateway.commands.presence_command import Activity, Emoji, PresenceUpdate
from gateway.users.presence import OFFLINE, Presence, from_command, merge_presences, render_presence


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], "offline"),
        (["online"], "online"),
        (["dnd", "idle"], "idle"),
        (["dnd", "idle", "online"], "online"),
        (["invisible", "dnd"], "dnd"),
        (["invisible", "offline"], "offline"),
    ],
)
def test_statuses_of_several_sessions_make_one(statuses: list[str], expected: str) -> None:
    merged = merge_presences([("desktop", Presence(status=status)) for status in statuses])
    assert merged.status == expected


def test_merged_presence_shows_each_platform_and_the_best_sessions_activities() -> None:
    merged = merge_presences(
        [
            ("mobile", Presence(status="idle", activities=[{"name": "no"}])),
            ("desktop", Presence(status="dnd")),
            ("desktop", Presence(status="online", activities=[{"name": "chess"}])),
            ("web", Presence(status="invisible")),
        ]
    )
    assert merged.client_status == {"mobile": "idle", "desktop": "online"}
    assert merged.activities == [{"name": "chess"}]


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
    legacy = PresenceUpdate(status="idle", game=Activity(name="y"))
    assert from_command(legacy, now_ms=99).activities == [{"name": "y", "type": 0, "created_at": 99}]


def test_presence_names_the_guild_only_where_it_is_dispatched() -> None:
    merged = merge_presences([("web", Presence())])
    assert render_presence(5, merged, 6).guild_id == "6"
    assert render_presence(5, merged).user.id == "5"
