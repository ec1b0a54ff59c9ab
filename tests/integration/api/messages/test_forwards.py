"""Forwards: a copy of another message, which stays as it was, and which only who may read that one can make."""

from typing import Any

import msgspec
import pytest

from core.domain.guilds.permissions import Permission
from core.domain.messages.message import MessageType
from core.runtime.settings.settings import FileSettings
from tests.integration.api.conftest import OpenApi
from tests.integration.api.files.test_attachments import count_files, send
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code, form_code
from tests.support.stores.stored_guild import StoredGuild, next_id, store_guild

HAS_SNAPSHOT = 1 << 14
GONE = [False, False]


class Scene:
    """Two guilds. Alice and Bob are in the first, Alice and Carol in the second, to which Alice forwards."""

    def __init__(self, api: ApiUnderTest, people: list[Actor], source: StoredGuild, target: StoredGuild) -> None:
        self.api = api
        self.alice, self.bob, self.carol = people
        self.source = source
        self.target = target

    async def forward(self, sent: dict[str, Any], *, by: Actor | None = None, to: str = "", **fields: Any) -> Any:
        """Forward a message into the target, or another place, and return the answer."""
        reference = {"type": 1, "message_id": sent["id"], "channel_id": sent["channel_id"]}
        return await (by or self.alice).post(to or self.target.messages, {"message_reference": reference, **fields})


async def make_scene(api: ApiUnderTest) -> Scene:
    people = [await api.register() for _ in range(3)]
    source = await store_guild(api, people[0], people[1])
    return Scene(api, people, source, await store_guild(api, people[0], people[2]))


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    return await make_scene(api)


def shown_in(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message that a forward shows."""
    (snapshot,) = message["message_snapshots"]
    shown: dict[str, Any] = snapshot["message"]
    return shown


async def test_forward_shows_the_other_message_to_who_cannot_read_it(scene: Scene) -> None:
    alice, bob, source = scene.alice, scene.bob, scene.source
    embed = {"title": "T", "description": "D"}
    sent = (await alice.post(source.messages, {"content": f"<@{bob.id}> see", "embeds": [embed]})).json()
    await alice.patch(f"{source.messages}/{sent['id']}", {"content": f"<@{bob.id}> look"})
    original = (await alice.get(f"{source.messages}/{sent['id']}")).json()
    answer = await scene.forward(original, nonce="n")
    forward = answer.json()
    assert (answer.status_code, forward["type"], forward["content"]) == (200, 0, "")
    assert (forward["embeds"], forward["mentions"], forward["flags"]) == ([], [], HAS_SNAPSHOT)
    assert forward["message_reference"] == {
        "type": 1,
        "channel_id": str(source.channel_id),
        "message_id": sent["id"],
        "guild_id": str(source.guild_id),
    }
    assert "referenced_message" not in forward
    names = "type content embeds attachments timestamp edited_timestamp flags mentions mention_roles components"
    assert shown_in(forward) == {name: original[name] for name in names.split()}
    assert shown_in(forward)["mentions"][0]["id"] == bob.id
    dispatched = scene.api.payloads("MESSAGE_CREATE")[-1]
    assert dispatched["message_snapshots"] == forward["message_snapshots"]
    shown = [(await scene.carol.get(f"{scene.target.messages}/{forward['id']}")).json()]
    shown += [(await scene.carol.get(scene.target.messages)).json()[0] for _ in range(2)]
    assert [each["message_snapshots"] for each in shown] == [forward["message_snapshots"]] * 3


async def test_forward_stays_when_its_source_is_edited_or_deleted(scene: Scene) -> None:
    sent = (await scene.alice.post(scene.source.messages, {"content": "first"})).json()
    forward = (await scene.forward(sent)).json()
    await scene.alice.patch(f"{scene.source.messages}/{sent['id']}", {"content": "second"})
    await scene.alice.delete(f"{scene.source.messages}/{sent['id']}")
    shown = (await scene.carol.get(f"{scene.target.messages}/{forward['id']}")).json()
    assert shown_in(shown)["content"] == "first"


async def test_forward_of_a_forward_shows_the_first_message(scene: Scene) -> None:
    sent = (await scene.alice.post(scene.source.messages, {"content": "first"})).json()
    forward = (await scene.forward(sent)).json()
    again = (await scene.forward(forward, by=scene.carol)).json()
    assert again["message_snapshots"] == forward["message_snapshots"]
    assert again["message_reference"] == {
        "type": 1,
        "channel_id": forward["channel_id"],
        "message_id": forward["id"],
        "guild_id": str(scene.target.guild_id),
    }


async def test_reply_shows_the_forward_that_it_answers(scene: Scene) -> None:
    sent = (await scene.alice.post(scene.source.messages, {"content": f"<@{scene.bob.id}>"})).json()
    forward = (await scene.forward(sent)).json()
    reply = {"content": "yes", "message_reference": {"message_id": forward["id"]}}
    answered = (await scene.carol.post(scene.target.messages, reply)).json()
    assert answered["referenced_message"] == forward
    listed = (await scene.carol.get(scene.target.messages)).json()[0]
    assert listed["referenced_message"] == forward


async def test_who_may_not_read_the_source_cannot_forward_it(scene: Scene) -> None:
    sent = (await scene.alice.post(scene.source.messages, {"content": "secret"})).json()
    assert error_code(await scene.forward(sent, by=scene.carol)) == (403, 50001)
    target = scene.target
    there = (await scene.alice.post(target.messages, {"content": "x"})).json()
    await target.overwrite(target.guild_id, deny=Permission.READ_MESSAGE_HISTORY)
    assert error_code(await scene.forward(there, by=scene.carol)) == (403, 160009)
    await target.overwrite(target.guild_id, deny=Permission.VIEW_CHANNEL)
    assert error_code(await scene.forward(there, by=scene.carol)) == (403, 50001)
    await target.overwrite(target.guild_id, deny=Permission.SEND_MESSAGES)
    assert error_code(await scene.forward(there, by=scene.carol)) == (403, 50013)
    assert await count_files(scene.api) == 0


async def test_what_is_age_restricted_stays_where_it_is_or_goes_into_direct_channels(scene: Scene) -> None:
    sent = (await scene.alice.post(scene.source.messages, {"content": "x"})).json()
    await scene.alice.patch(f"/channels/{scene.source.channel_id}", {"nsfw": True})
    assert error_code(await scene.forward(sent)) == (403, 160010)
    assert (await scene.forward(sent, to=scene.source.messages)).status_code == 200
    direct = (await scene.alice.post("/users/@me/channels", {"recipient_id": scene.bob.id})).json()["id"]
    assert (await scene.forward(sent, to=f"/channels/{direct}/messages")).status_code == 200
    await scene.alice.patch(f"/channels/{scene.target.channel_id}", {"nsfw": True})
    assert (await scene.forward(sent)).status_code == 200


async def test_what_cannot_be_forwarded_is_refused(scene: Scene) -> None:
    sent = (await scene.alice.post(scene.source.messages, {"content": "x"})).json()
    for content in ({"content": "more"}, {"embeds": [{"title": "more"}]}, {"attachments": [{"id": 0}]}):
        assert form_code(await scene.forward(sent, **content), "message_reference") == "MESSAGE_FORWARD_CONTENT"
    unknown = {**sent, "id": str(next_id())}
    assert form_code(await scene.forward(unknown), "message_reference") == "REPLIES_UNKNOWN_MESSAGE"
    elsewhere = {"message_reference": {"type": 1, "message_id": sent["id"]}}
    assert form_code(await scene.alice.post(scene.target.messages, elsewhere), "message_reference", "channel_id")
    elsewhere["message_reference"] |= {"channel_id": sent["channel_id"], "guild_id": "1"}
    assert form_code(await scene.alice.post(scene.target.messages, elsewhere), "message_reference")
    stored = await scene.api.store.messages.find(scene.source.channel_id, int(sent["id"]))
    assert stored is not None
    written = msgspec.structs.replace(stored, id=next_id(), type=int(MessageType.USER_JOIN))
    await scene.api.store.messages.add(written, [])
    assert error_code(await scene.forward({**sent, "id": str(written.id)})) == (403, 50021)


async def test_forward_gets_no_content_of_its_own_later(scene: Scene) -> None:
    sent = (await scene.alice.post(scene.source.messages, {"content": "x"})).json()
    forward = (await scene.forward(sent, flags=1 << 12)).json()
    path = f"{scene.target.messages}/{forward['id']}"
    assert form_code(await scene.alice.patch(path, {"content": "more"}), "message_reference")
    edited = await scene.alice.patch(path, {"flags": 4})
    assert (edited.status_code, edited.json()["flags"]) == (200, HAS_SNAPSHOT | 1 << 12 | 4)
    assert edited.json()["message_snapshots"] == forward["message_snapshots"]
    assert scene.api.payloads("MESSAGE_UPDATE")[-1]["message_snapshots"] == forward["message_snapshots"]


async def test_repeat_of_a_forward_leads_to_the_first(scene: Scene) -> None:
    sent = await send(scene.alice, scene.source, ("a.txt", b"1"))
    first, repeat = [(await scene.forward(sent, nonce="n", enforce_nonce=True)).json() for _ in range(2)]
    assert repeat["id"] == first["id"]
    assert shown_in(repeat)["attachments"] == shown_in(first)["attachments"]
    assert await count_files(scene.api) == 2


async def test_files_of_a_forward_are_its_own(scene: Scene) -> None:
    api, alice = scene.api, scene.alice
    sent = await send(alice, scene.source, ("a.txt", b"first"), ("b.txt", b"second"), content="files")
    forward = (await scene.forward(sent)).json()
    assert forward["attachments"] == []
    copies, originals = shown_in(forward)["attachments"], sent["attachments"]
    own = ("id", "url", "proxy_url")
    for copy, original in zip(copies, originals, strict=True):
        assert copy["id"] != original["id"]
        assert copy | dict.fromkeys(own, 0) == original | dict.fromkeys(own, 0)
    again = (await scene.forward(forward, by=scene.carol)).json()
    await alice.delete(f"{scene.source.messages}/{sent['id']}")
    await api.built.file_sweep.sweep()
    assert await count_files(api) == 4
    for shown in (copies, shown_in(again)["attachments"]):
        assert [(await api.nobody.get(each["url"])).content for each in shown] == [b"first", b"second"]
    refreshed = await scene.carol.post("/attachments/refresh-urls", {"attachment_urls": [copies[0]["url"]]})
    assert refreshed.json()["refreshed_urls"][0]["refreshed"]
    file = await api.store.files.find(int(copies[0]["id"]))
    assert file is not None
    assert (file.message_id, file.user_id, file.guild_id) == (
        int(forward["id"]),
        int(alice.id),
        scene.target.guild_id,
    )
    await alice.delete(f"{scene.target.messages}/{forward['id']}")
    await api.built.file_sweep.sweep()
    assert [(await api.nobody.get(each["url"])).status_code for each in copies] == [404, 404]
    assert await count_files(api) == 2


async def test_forward_with_files_takes_the_right_to_attach(scene: Scene) -> None:
    sent = await send(scene.alice, scene.source, ("a.txt", b"1"))
    target = scene.target
    forward = (await scene.forward(sent)).json()
    await target.overwrite(scene.carol, deny=Permission.ATTACH_FILES)
    assert error_code(await scene.forward(forward, by=scene.carol)) == (403, 50013)
    assert await count_files(scene.api) == 2


async def test_forward_counts_for_the_quota_and_leaves_nothing_when_it_is_reached(open_api: OpenApi) -> None:
    async with open_api(files=FileSettings(user_quota_bytes=15)) as api:
        scene = await make_scene(api)
        sent = await send(scene.alice, scene.source, ("a.txt", b"x" * 10))
        refused = await scene.forward(sent)
        assert error_code(refused) == (413, 40005)
        assert await count_files(api) == 1


async def test_forward_that_is_not_stored_leaves_no_files(scene: Scene) -> None:
    sent = await send(scene.alice, scene.source, ("a.txt", b"1"))
    await scene.target.overwrite(scene.target.guild_id, deny=Permission.SEND_MESSAGES)
    forward = await scene.forward({**sent, "id": sent["id"]}, by=scene.bob)
    assert error_code(forward) == (403, 50001)
    assert await count_files(scene.api) == 1
