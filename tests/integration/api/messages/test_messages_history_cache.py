"""A page of history that is kept in memory follows every change that it shows: each test reads it before and after one.

The oracle is a history service without any past over the same store.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api.services.announcements import channel_event
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.messages.pages.message_cache import MessageCache
from api.services.messages.pages.message_history import MessageHistoryService, PageQuery
from api.services.messages.pages.message_renderer import MessageRenderer
from api.services.messages.pages.reader_parts import ReaderParts
from core.domain.errors import UnknownMessage
from core.domain.events import MESSAGE_CREATE
from core.domain.guilds.permissions import DEFAULT_EVERYONE, Permission
from core.domain.messages.message import Message
from core.domain.people.user import User
from core.runtime.clock import SystemClock
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.file_links import make_links
from tests.support.stores.stored_guild import StoredGuild, next_id, send_all, store_bot, store_guild

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def new_history(api: ApiUnderTest) -> MessageHistoryService:
    """Make the history service of another process, or of one that has just started."""
    entities = EntityCache(store=api.store, bus=api.store.bus, clock=SystemClock())
    cache = MessageCache(messages=api.store.messages, bus=api.store.bus)
    renderer = MessageRenderer(entities=entities, messages=cache, link_to=make_links(SystemClock()).link_to)
    return MessageHistoryService(
        entities=entities,
        messages=api.store.messages,
        cache=cache,
        renderer=renderer,
        parts=ReaderParts(reactions=api.store.reactions),
    )


def caller_of(person: Actor) -> Caller:
    """Return the person as a handler knows them."""
    return Caller(user=User(id=int(person.id), username="x"), auth_session_id=1)


class Scene:
    """Bob's guild with three messages: one of Alice alone, one that mentions Carol, one that answers the first."""

    def __init__(self, api: ApiUnderTest, bob: Actor, alice: Actor, carol: Actor, place: StoredGuild) -> None:
        self.api = api
        self.bob = bob
        self.alice = alice
        self.carol = carol
        self.place = place
        self.ids: list[str] = []

    async def write(self) -> None:
        """Write the messages."""
        plain, mentioning = await send_all(self.alice, self.place, ["plain @everyone", f"<@{self.carol.id}>"])
        embed = {"title": "an embed"}
        reference = {"message_id": plain["id"]}
        reply = await self.alice.post(
            self.place.messages, {"content": "re", "embeds": [embed], "message_reference": reference}
        )
        self.ids = [plain["id"], mentioning["id"], reply.json()["id"]]

    def path(self, number: int) -> str:
        """Return the path of a message."""
        return f"{self.place.messages}/{self.ids[number]}"

    async def read(self, reader: Actor | None = None) -> bytes:
        """Return the answer of the history route."""
        answer = await (reader or self.bob).get(self.place.messages)
        assert answer.status_code == 200
        return answer.content

    async def read_anew(self) -> bytes:
        """Return the answer that is expected."""
        return await new_history(self.api).list_page(caller_of(self.bob), self.place.channel_id, PageQuery())

    async def read_each(self) -> list[bytes | None]:
        """Return each message as its own route answers; None for one that is gone."""
        answers = [await self.bob.get(self.path(number)) for number in range(3)]
        assert {answer.status_code for answer in answers} <= {200, 404}
        return [answer.content if answer.status_code == 200 else None for answer in answers]

    async def read_each_anew(self) -> list[bytes | None]:
        """Return the answers that are expected."""
        return await fetch_each(self, new_history(self.api))


async def fetch_each(scene: Scene, history: MessageHistoryService) -> list[bytes | None]:
    answers: list[bytes | None] = []
    for message_id in scene.ids:
        try:
            answers.append(await history.fetch(caller_of(scene.bob), scene.place.channel_id, int(message_id)))
        except UnknownMessage:
            answers.append(None)
    return answers


@pytest.fixture
async def scene(api: ApiUnderTest) -> Scene:
    bob, alice, carol = [await api.register(name) for name in ("bob", "alice", "carol")]
    place = await store_guild(api, bob, alice, carol, permissions=DEFAULT_EVERYONE | Permission.MENTION_EVERYONE)
    scene = Scene(api, bob, alice, carol, place)
    await scene.write()
    return scene


async def _ban(scene: Scene) -> Any:
    path = f"/guilds/{scene.place.guild_id}/bans/{scene.alice.id}"
    return await scene.bob.put(path, {"delete_message_seconds": 3600})


CHANGES: dict[str, Callable[[Scene], Awaitable[Any]]] = {
    "edit": lambda it: it.alice.patch(it.path(0), {"content": "changed"}),
    "edit that mentions": lambda it: it.alice.patch(it.path(0), {"content": f"<@{it.bob.id}>"}),
    "edit that mentions nobody any more": lambda it: it.alice.patch(it.path(1), {"content": "nobody"}),
    "suppressed embeds": lambda it: it.bob.patch(it.path(2), {"flags": 4}),
    "deletion": lambda it: it.alice.delete(it.path(0)),
    "bulk deletion": lambda it: it.bob.post(it.place.messages + "/bulk-delete", {"messages": it.ids[:2]}),
    "author's name": lambda it: it.alice.patch("/users/@me", {"global_name": "Alice the Great"}),
    "author's picture": lambda it: it.alice.patch("/users/@me", {"avatar": PNG}),
    "mentioned user's name": lambda it: it.carol.patch("/users/@me", {"global_name": "Carol"}),
    "new message": lambda it: it.bob.post(it.place.messages, {"content": "new"}),
    "ban with the messages of a day": _ban,
}
"""The changes that a page must follow."""


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_history_in_memory_follows(scene: Scene, change: Callable[[Scene], Awaitable[Any]]) -> None:
    before = await scene.read()
    assert before == await scene.read() == await scene.read_anew()
    answer = await change(scene)
    assert answer.status_code in (200, 201, 204)
    after = await scene.read()
    assert after != before
    assert after == await scene.read_anew() == await scene.read()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_history_in_the_memory_of_another_process_follows(
    scene: Scene, change: Callable[[Scene], Awaitable[Any]]
) -> None:
    elsewhere = new_history(scene.api)

    async def read() -> bytes:
        return await elsewhere.list_page(caller_of(scene.bob), scene.place.channel_id, PageQuery())

    before = await read()
    assert before == await scene.read()
    await change(scene)
    assert before != await read() == await scene.read_anew()


MESSAGE_CHANGES = {name: change for name, change in CHANGES.items() if name != "new message"}
"""The changes of messages that are there already."""


@pytest.mark.parametrize("change", MESSAGE_CHANGES.values(), ids=MESSAGE_CHANGES)
async def test_message_on_a_page_in_memory_follows(scene: Scene, change: Callable[[Scene], Awaitable[Any]]) -> None:
    await scene.read()
    before = await scene.read_each()
    assert before == await scene.read_each() == await scene.read_each_anew()
    await change(scene)
    after = await scene.read_each()
    assert after != before
    assert after == await scene.read_each_anew()
    await scene.read()
    assert after == await scene.read_each()


@pytest.mark.parametrize("change", MESSAGE_CHANGES.values(), ids=MESSAGE_CHANGES)
async def test_message_on_a_page_in_the_memory_of_another_process_follows(
    scene: Scene, change: Callable[[Scene], Awaitable[Any]]
) -> None:
    elsewhere = new_history(scene.api)
    await elsewhere.list_page(caller_of(scene.bob), scene.place.channel_id, PageQuery())
    before = await fetch_each(scene, elsewhere)
    await change(scene)
    assert before != await fetch_each(scene, elsewhere) == await scene.read_each_anew()


async def test_message_on_a_page_is_encoded_once(scene: Scene) -> None:
    entities = EntityCache(store=scene.api.store, bus=scene.api.store.bus, clock=SystemClock())
    cache = MessageCache(messages=scene.api.store.messages, bus=scene.api.store.bus)
    renderer = MessageRenderer(entities=entities, messages=cache, link_to=make_links(SystemClock()).link_to)
    await cache.page(scene.place.channel_id)
    found = cache.find_on_page(scene.place.channel_id, int(scene.ids[0]))
    assert found is not None
    assert await renderer.encode_one(*found) is await renderer.encode_one(*found)


async def _leave(scene: Scene) -> Any:
    return await scene.alice.delete(f"/users/@me/guilds/{scene.place.guild_id}")


async def _nickname(scene: Scene) -> Any:
    return await scene.bob.patch(f"/guilds/{scene.place.guild_id}/members/{scene.alice.id}", {"nick": "Al"})


async def _channel_name(scene: Scene) -> Any:
    return await scene.bob.patch(f"/channels/{scene.place.channel_id}", {"name": "renamed"})


@pytest.mark.parametrize("change", [_leave, _nickname, _channel_name])
async def test_history_does_not_show_memberships_and_names_of_channels(
    scene: Scene, change: Callable[[Scene], Awaitable[Any]]
) -> None:
    await scene.alice.patch(scene.path(0), {"content": f"in <#{scene.place.channel_id}>"})
    before = await scene.read()
    answer = await change(scene)
    assert answer.status_code in (200, 204)
    assert await scene.read() == await scene.read_anew() == before


async def test_history_shows_a_deleted_role_as_it_was_mentioned(scene: Scene) -> None:
    role_id = await scene.place.add_role(name="crew", mentionable=True)
    await scene.alice.patch(scene.path(0), {"content": f"<@&{role_id}>"})
    before = await scene.read()
    assert b'"mention_roles":["%d"]' % role_id in before
    answer = await scene.bob.delete(f"/guilds/{scene.place.guild_id}/roles/{role_id}")
    assert answer.status_code == 204
    assert await scene.read() == await scene.read_anew() == before


async def test_history_is_the_same_for_a_bot_which_reads_first(api: ApiUnderTest) -> None:
    bob, robot = await api.register("bob"), await store_bot(api)
    place = await store_guild(api, bob, robot)
    await send_all(bob, place, ["of a person"])
    await send_all(robot, place, ["of a bot"])
    read_by_bot = (await robot.get(place.messages)).content
    assert read_by_bot == (await bob.get(place.messages)).content
    assert b"of a person" in read_by_bot


async def test_history_shows_an_author_whose_account_is_gone(scene: Scene) -> None:
    before = await scene.read()
    assert b"deleted-user" not in before
    place = scene.place
    orphan = Message(id=next_id(), channel_id=place.channel_id, guild_id=place.guild_id, author_id=5, content="orphan")
    event = channel_event(orphan.id, MESSAGE_CREATE, place.guild_id, place.channel_id, {}, author_id=5)
    await scene.api.store.messages.add(orphan, [event])
    after = await scene.read()
    assert b'"deleted-user"' in after
    assert after == await scene.read() == await scene.read_anew()


async def test_history_of_a_reply_follows_the_message_that_it_answers(scene: Scene) -> None:
    for number in range(60):
        await scene.bob.post(scene.place.messages, {"content": str(number)})
    reply = {"content": "late", "message_reference": {"message_id": scene.ids[0]}}
    await scene.bob.post(scene.place.messages, reply)
    assert b"plain" in await scene.read()
    await scene.alice.patch(scene.path(0), {"content": "changed"})
    assert b"plain" not in await scene.read()
    await scene.alice.patch("/users/@me", {"global_name": "Alice the Great"})
    assert b"Alice the Great" in await scene.read()
    await scene.alice.delete(scene.path(0))
    assert b'"referenced_message":null' in await scene.read() == await scene.read_anew()
