"""Activities as clients send them."""

from typing import Any

import pytest

from gateway.commands.activity import MAX_ACTIVITIES, Activity, Assets, Party, custom_status, read_activities


def read(**fields: Any) -> Activity:
    (activity,) = read_activities([{"name": "n", **fields}]) or ()
    return activity


def test_rich_activity_is_read_whole() -> None:
    assert read(
        type=2,
        details="song",
        details_url="https://a/d",
        state="band",
        state_url="https://a/s",
        assets={"large_image": "key", "small_text": "t", "large_url": "https://a/i"},
        party={"id": "p", "size": [2, 5]},
        buttons=["Join", {"label": "Watch", "url": "https://a/w"}, "third"],
        instance=True,
        platform="desktop",
        session_id="s",
        sync_id="y",
        status_display_type=1,
        secrets={"join": "x"},
    ) == Activity(
        name="n",
        type=2,
        details="song",
        details_url="https://a/d",
        state="band",
        state_url="https://a/s",
        assets=Assets(large_image="key", small_text="t", large_url="https://a/i"),
        party=Party(id="p", size=[2, 5]),
        buttons=["Join", "Watch"],
        instance=True,
        platform="desktop",
        session_id="s",
        sync_id="y",
        status_display_type=1,
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"assets": {}},
        {"assets": {"large_image": ""}},
        {"assets": "x"},
        {"party": {"size": [3, 2]}},
        {"party": {"size": [1]}},
        {"party": {"size": [1, 2, 3]}},
        {"party": {"size": [1, "x", 2]}},
        {"party": {"id": 5}},
        {"buttons": [{}]},
        {"buttons": "Join"},
        {"status_display_type": 3},
        {"details_url": "javascript:x"},
        {"instance": "maybe"},
    ],
)
def test_odd_fields_count_as_not_given(odd: dict[str, Any]) -> None:
    assert read(**odd) == Activity(name="n")


def test_long_texts_are_cut_and_many_activities_dropped() -> None:
    assert len(read(details="d" * 1000).details or "") == 128
    assert len(read_activities([{"name": str(number)} for number in range(100)]) or ()) == MAX_ACTIVITIES


def test_custom_status_of_the_settings_is_an_activity() -> None:
    activity = custom_status({"text": "hi", "emoji_name": "x", "emoji_id": "9"})
    assert activity is not None
    assert (activity.type, activity.state) == (4, "hi")
    assert activity.emoji is not None
    assert (activity.emoji.name, activity.emoji.id) == ("x", 9)
