"""Polls: a message keeps the one it was sent with, and shows it to whoever reads the message."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from core.domain.guilds.permissions import Permission
from core.domain.ids import created_ms
from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import error_code, form_code
from tests.support.stores.stored_guild import store_guild

POLL: dict[str, Any] = {
    "question": {"text": "  Tea?  "},
    "answers": [{"poll_media": {"text": "yes", "emoji": {"name": "🍵"}}}, {"poll_media": {"text": "no"}}],
    "duration": 5,
    "allow_multiselect": True,
}
ONE_ANSWER: dict[str, Any] = {"question": {"text": "?"}, "answers": [{"poll_media": {"text": "!"}}]}


async def test_poll_is_kept_and_shown(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = (await alice.post(place.messages, {"poll": POLL})).json()
    expiry = dt.datetime.fromtimestamp(created_ms(int(sent["id"])) / 1000, dt.UTC) + dt.timedelta(hours=5)
    assert dt.datetime.fromisoformat(sent["poll"].pop("expiry")) == expiry
    assert (sent["content"], sent["poll"]) == (
        "",
        {
            "question": {"text": "Tea?"},
            "answers": [
                {"answer_id": 1, "poll_media": {"text": "yes", "emoji": {"id": None, "name": "🍵"}}},
                {"answer_id": 2, "poll_media": {"text": "no"}},
            ],
            "allow_multiselect": True,
            "layout_type": 1,
            "results": {"is_finalized": False, "answer_counts": []},
        },
    )
    read = (await alice.get(f"{place.messages}/{sent['id']}")).json()
    [told] = api.events("MESSAGE_CREATE")
    assert (
        read["poll"] == msgspec.json.decode(told.payload)["poll"] == {**sent["poll"], "expiry": read["poll"]["expiry"]}
    )


async def test_poll_is_open_for_a_day_with_one_choice(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = (await alice.post(place.messages, {"content": "vote", "poll": ONE_ANSWER})).json()
    ends = dt.datetime.fromisoformat(sent["poll"]["expiry"])
    assert ends - dt.datetime.fromisoformat(sent["timestamp"]) == dt.timedelta(days=1)
    assert sent["poll"]["allow_multiselect"] is False


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"question": {"text": " "}}, ("question", "text")),
        ({"question": {"text": "x" * 301}}, ("question", "text")),
        ({"answers": []}, ("answers",)),
        ({"answers": ONE_ANSWER["answers"] * 11}, ("answers",)),
        ({"answers": [{"poll_media": {"text": "x" * 56}}]}, ("answers", "0", "poll_media", "text")),
        (
            {"answers": [{"poll_media": {"text": "x", "emoji": {"name": "x"}}}]},
            ("answers", "0", "poll_media", "emoji", "name"),
        ),
        ({"answers": [{"poll_media": {"text": "x", "emoji": {"id": "5"}}}]}, ("answers", "0", "poll_media", "emoji")),
        ({"duration": 0}, ("duration",)),
        ({"duration": 769}, ("duration",)),
        ({"layout_type": 2}, ("layout_type",)),
    ],
)
async def test_poll_beyond_the_limits_is_refused(
    api: ApiUnderTest, changes: dict[str, Any], path: tuple[str, ...]
) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    answer = await alice.post(place.messages, {"content": "x", "poll": {**ONE_ANSWER, **changes}})
    assert answer.status_code == 400
    assert form_code(answer, "poll", *path)
    assert api.events("MESSAGE_CREATE") == []


async def test_poll_needs_its_right(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    await place.overwrite(bob, deny=Permission.SEND_POLLS)
    assert error_code(await bob.post(place.messages, {"content": "x", "poll": POLL})) == (403, 50013)
    assert (await bob.post(place.messages, {"content": "x"})).status_code == 200


async def test_message_with_a_poll_is_neither_edited_nor_forwarded(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = (await alice.post(place.messages, {"content": "vote", "poll": POLL})).json()
    path = f"{place.messages}/{sent['id']}"
    assert error_code(await alice.patch(path, {"content": "edited"})) == (400, 520003)
    suppressed = (await alice.patch(path, {"flags": 4})).json()
    assert (suppressed["flags"], suppressed["poll"]) == (4, sent["poll"])
    reference = {"type": 1, "message_id": sent["id"], "channel_id": sent["channel_id"]}
    forwarded = await alice.post(place.messages, {"message_reference": reference})
    assert form_code(forwarded, "message_reference") == "MESSAGE_FORWARD_POLL"
    both = await alice.post(place.messages, {"message_reference": reference, "poll": POLL})
    assert form_code(both, "message_reference") == "MESSAGE_FORWARD_CONTENT"
