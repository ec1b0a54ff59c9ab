"""What bots without the privilege of message content get of messages over REST: it is no way around the intent."""

from typing import Any

from core.domain.application import GATEWAY_MESSAGE_CONTENT_LIMITED, PRIVILEGED_FLAGS
from core.domain.guilds.permissions import Permission
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene

_BITS = Permission.MANAGE_MESSAGES | Permission.PIN_MESSAGES
_WITHOUT = PRIVILEGED_FLAGS & ~GATEWAY_MESSAGE_CONTENT_LIMITED
EMBED = {"title": "t"}
POLL = {"question": {"text": "q"}, "answers": [{"poll_media": {"text": "a"}}]}


def messages_of(scene: Scene) -> str:
    return f"/channels/{scene.general}/messages"


async def make_reader(api: ApiUnderTest, scene: Scene) -> Actor:
    """Let a bot into the guild that may not read what people write."""
    bot = await api.make_bot(scene.owner)
    await api.let_in(scene.owner, bot, scene.id, _BITS)
    assert (await bot.patch("/applications/@me", {"flags": _WITHOUT})).status_code == 200
    return bot


async def send(author: Actor, path: str, content: str, **more: Any) -> str:
    answer = await author.post(path, {"content": content, **more})
    assert answer.status_code == 200, answer.text
    message_id: str = answer.json()["id"]
    return message_id


async def test_content_of_others_is_hidden_on_every_route(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await make_reader(api, scene)
    message_id = await send(scene.owner, messages_of(scene), "secret", embeds=[EMBED], poll=POLL)
    path = f"{messages_of(scene)}/{message_id}"
    await bot.put(f"{path}/reactions/%F0%9F%91%8D/@me")
    await scene.owner.put(f"{messages_of(scene)}/pins/{message_id}")
    pins = (await bot.get(f"{messages_of(scene)}/pins")).json()["items"]
    shown = [
        *(each for each in (await bot.get(messages_of(scene))).json() if each["id"] == message_id),
        (await bot.get(path)).json(),
        *(pin["message"] for pin in pins),
        *(await bot.get(f"/channels/{scene.general}/pins")).json(),
        (await bot.patch(path, {"flags": 0})).json(),
    ]
    assert len(shown) == 5
    for message in shown:
        assert (message["content"], message["embeds"], message["author"]["id"]) == ("", [], scene.owner.id)
        assert [reaction["count"] for reaction in message["reactions"]] == [1]
        assert "poll" not in message
    assert (await scene.owner.get(path)).json()["content"] == "secret"


async def test_own_messages_and_those_that_mention_the_bot_are_shown(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await make_reader(api, scene)
    own = await send(bot, messages_of(scene), "own")
    await send(scene.owner, messages_of(scene), f"<@{bot.id}> hey")
    await send(scene.owner, messages_of(scene), "answer", message_reference={"message_id": own})
    await send(scene.owner, messages_of(scene), "to nobody")
    contents = [each["content"] for each in (await bot.get(messages_of(scene) + "?limit=4")).json()]
    assert contents == ["", "answer", f"<@{bot.id}> hey", "own"]


async def test_direct_messages_are_shown(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await make_reader(api, scene)
    channel = (await scene.owner.post("/users/@me/channels", {"recipient_id": bot.id})).json()["id"]
    await send(scene.owner, f"/channels/{channel}/messages", "between us")
    assert [each["content"] for each in (await bot.get(f"/channels/{channel}/messages")).json()] == ["between us"]


async def test_quoted_and_forwarded_content_is_hidden_too(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await make_reader(api, scene)
    first = await send(scene.owner, messages_of(scene), "secret")
    await send(scene.owner, messages_of(scene), "reply", message_reference={"message_id": first})
    forward = {"type": 1, "message_id": first, "channel_id": scene.general}
    await scene.owner.post(messages_of(scene), {"message_reference": forward})
    forwarded, reply = (await bot.get(messages_of(scene) + "?limit=2")).json()
    assert (reply["content"], reply["referenced_message"]["content"]) == ("", "")
    assert forwarded["message_snapshots"][0]["message"]["content"] == ""


async def test_privilege_that_is_given_back_holds_at_once(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await make_reader(api, scene)
    path = f"{messages_of(scene)}/{await send(scene.owner, messages_of(scene), 'secret')}"
    assert (await bot.get(path)).json()["content"] == ""
    await bot.patch("/applications/@me", {"flags": PRIVILEGED_FLAGS})
    assert (await bot.get(path)).json()["content"] == "secret"


async def test_an_answer_or_a_forward_of_ones_own_shows_nothing_of_others(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await make_reader(api, scene)
    secret = await send(scene.owner, messages_of(scene), "secret", embeds=[EMBED])
    direct = (await bot.post("/users/@me/channels", {"recipient_id": scene.owner.id})).json()["id"]
    forward = {"message_reference": {"type": 1, "message_id": secret, "channel_id": scene.general}}
    here = {"message_reference": {"message_id": secret}, "content": "answer"}
    sent = [
        await bot.post(path, body)
        for path, body in (
            (messages_of(scene), here),
            (messages_of(scene), forward),
            (f"/channels/{direct}/messages", forward),
        )
    ]
    for answer in sent:
        message = answer.json()
        path = f"/channels/{message['channel_id']}/messages"
        read = (await bot.get(f"{path}/{message['id']}")).json()
        edited = (await bot.patch(f"{path}/{message['id']}", {"flags": 4})).json()
        [listed] = (await bot.get(f"{path}?around={message['id']}&limit=1")).json()
        for shown in (message, read, edited, listed):
            assert "secret" not in str(shown)
            assert EMBED["title"] not in [each.get("title") for each in _quoted(shown)["embeds"]]
        assert "secret" in (await scene.owner.get(f"{path}/{message['id']}")).text
    assert sent[0].json()["content"] == "answer"


async def test_forwards_that_people_send_directly_are_shown(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    bot = await make_reader(api, scene)
    told = await send(scene.owner, messages_of(scene), "told")
    direct = (await scene.owner.post("/users/@me/channels", {"recipient_id": bot.id})).json()["id"]
    forward = {"message_reference": {"type": 1, "message_id": told, "channel_id": scene.general}}
    await scene.owner.post(f"/channels/{direct}/messages", forward)
    [shown] = (await bot.get(f"/channels/{direct}/messages")).json()
    assert _quoted(shown)["content"] == "told"


def _quoted(message: Any) -> Any:
    return message.get("referenced_message") or message["message_snapshots"][0]["message"]
