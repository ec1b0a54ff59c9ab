"""The reading of messages: pages in every direction, from memory and from the store, and the rights of readers."""

import asyncio
import random
from typing import Any

import pytest

from core.domain.channels.channel import ChannelType
from core.domain.guilds.permissions import Permission
from core.store.aggregates.messages.messages import MessageStore
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.stores.stored_guild import StoredGuild, send_all, store_guild


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [message["id"] for message in answer.json()]


class CountedReads:
    """Counts the pages that are read from a message store."""

    def __init__(self, messages: MessageStore) -> None:
        self._list_page = messages.list_page
        self.count = 0

    async def list_page(self, *args: Any, **options: Any) -> Any:
        self.count += 1
        return await self._list_page(*args, **options)


@pytest.fixture
async def alice(api: ApiUnderTest) -> Actor:
    return await api.register()


@pytest.fixture
async def place(api: ApiUnderTest, alice: Actor) -> StoredGuild:
    return await store_guild(api, alice)


async def test_history_is_newest_first_and_fifty_long(alice: Actor, place: StoredGuild) -> None:
    sent = [message["id"] for message in await send_all(alice, place, [str(number) for number in range(60)])]
    assert ids(await alice.get(place.messages)) == sent[:-51:-1]
    assert ids(await alice.get(place.messages + "?limit=1")) == sent[-1:]
    assert ids(await alice.get(place.messages + "?limit=100")) == sent[::-1]


async def test_history_bounds_are_exclusive_in_every_direction(alice: Actor, place: StoredGuild) -> None:
    sent = [message["id"] for message in await send_all(alice, place, [str(number) for number in range(9)])]
    assert ids(await alice.get(f"{place.messages}?before={sent[4]}&limit=3")) == [sent[3], sent[2], sent[1]]
    assert ids(await alice.get(f"{place.messages}?after={sent[4]}&limit=3")) == [sent[7], sent[6], sent[5]]
    assert ids(await alice.get(f"{place.messages}?around={sent[4]}&limit=3")) == [sent[5], sent[4], sent[3]]
    assert ids(await alice.get(f"{place.messages}?after=0&limit=2")) == [sent[1], sent[0]]
    assert ids(await alice.get(f"{place.messages}?before={sent[0]}")) == []
    assert ids(await alice.get(f"{place.messages}?after={sent[8]}")) == []


async def test_history_longer_than_the_page_is_read_to_its_end(alice: Actor, place: StoredGuild) -> None:
    sent = [message["id"] for message in await send_all(alice, place, [str(number) for number in range(130)])]
    backwards: list[str] = ids(await alice.get(place.messages + "?limit=40"))
    while page := ids(await alice.get(f"{place.messages}?limit=40&before={backwards[-1]}")):
        backwards += page
    assert backwards == sent[::-1]
    forwards = ids(await alice.get(place.messages + "?limit=40&after=0"))[::-1]
    while page := ids(await alice.get(f"{place.messages}?limit=40&after={forwards[-1]}")):
        forwards += page[::-1]
    assert forwards == sent


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "before=x", "after=-1", "around=99999999999999999999"]
)
async def test_history_wrong_query_is_refused(alice: Actor, place: StoredGuild, query: str) -> None:
    answer = await alice.get(f"{place.messages}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, 50035)
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("limit=abc", 'Value "abc" is not int.'),
        ("limit=1&limit=%C3%A4", 'Value "ä" is not int.'),
        ("limit=101", "int value should be less than or equal to 100."),
    ],
)
async def test_history_wrong_limit_is_named(alice: Actor, place: StoredGuild, query: str, text: str) -> None:
    answer = (await alice.get(f"{place.messages}?{query}")).json()
    assert [error["message"] for error in answer["errors"]["limit"]["_errors"]] == [text]


async def test_history_without_the_right_to_read_is_empty(api: ApiUnderTest, alice: Actor) -> None:
    bob = await api.register()
    place = await store_guild(api, alice, bob)
    [message] = await send_all(alice, place, ["secret"])
    await place.overwrite(bob, deny=Permission.READ_MESSAGE_HISTORY)
    assert ids(await bob.get(place.messages)) == []
    one = await bob.get(f"{place.messages}/{message['id']}")
    assert (one.status_code, one.json()["code"]) == (403, 50013)
    await place.overwrite(bob, deny=Permission.VIEW_CHANNEL)
    assert (await bob.get(place.messages)).json()["code"] == 50001


async def test_history_of_a_category_is_refused(alice: Actor, place: StoredGuild) -> None:
    category = await place.add_channel(type=ChannelType.CATEGORY)
    answer = await alice.get(f"/channels/{category}/messages")
    assert (answer.status_code, answer.json()["code"]) == (400, 50024)


async def test_message_alone_is_shown_without_its_nonce(alice: Actor, place: StoredGuild) -> None:
    sent = (await alice.post(place.messages, {"content": "x", "nonce": "n"})).json()
    shown = (await alice.get(f"{place.messages}/{sent['id']}")).json()
    assert shown == {name: value for name, value in sent.items() if name != "nonce"}
    assert (await alice.get(place.messages)).json() == [shown]
    missing = await alice.get(f"{place.messages}/5")
    assert (missing.status_code, missing.json()["code"]) == (404, 10008)


async def test_history_shows_what_replies_answer(alice: Actor, place: StoredGuild) -> None:
    [first] = await send_all(alice, place, ["first"])
    reply = (
        await alice.post(place.messages, {"content": "r", "message_reference": {"message_id": first["id"]}})
    ).json()
    for _ in range(2):
        [shown, _] = (await alice.get(place.messages)).json()
        assert shown["referenced_message"]["content"] == "first"
    await alice.patch(f"{place.messages}/{first['id']}", {"content": "changed"})
    [shown] = (await alice.get(place.messages + "?limit=1")).json()
    assert shown["referenced_message"]["content"] == "changed"
    await alice.delete(f"{place.messages}/{first['id']}")
    [shown] = (await alice.get(place.messages)).json()
    assert (shown["id"], shown["referenced_message"]) == (reply["id"], None)


async def test_history_of_a_hot_channel_costs_one_read(
    api: ApiUnderTest, alice: Actor, place: StoredGuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = CountedReads(api.store.messages)
    monkeypatch.setattr(
        type(api.store.messages), "list_page", lambda _, *args, **options: reads.list_page(*args, **options)
    )
    await send_all(alice, place, ["a"])
    for number in range(5):
        sent = (await alice.post(place.messages, {"content": str(number)})).json()
        assert ids(await alice.get(place.messages))[0] == sent["id"]
    assert reads.count == 1


async def test_history_follows_edits_and_deletions_at_once(alice: Actor, place: StoredGuild) -> None:
    one, two, three = await send_all(alice, place, ["one", "two", "three"])
    await alice.get(place.messages)
    await alice.patch(f"{place.messages}/{two['id']}", {"content": "zwei"})
    assert [message["content"] for message in (await alice.get(place.messages)).json()] == ["three", "zwei", "one"]
    await alice.delete(f"{place.messages}/{three['id']}")
    assert ids(await alice.get(place.messages)) == [two["id"], one["id"]]


async def test_history_shows_names_as_they_are_now(api: ApiUnderTest, alice: Actor, place: StoredGuild) -> None:
    await send_all(alice, place, ["x"])
    await alice.get(place.messages)
    answer = await alice.patch("/users/@me", {"global_name": "Alice the Great"})
    assert answer.status_code == 200
    [shown] = (await alice.get(place.messages)).json()
    assert shown["author"]["global_name"] == "Alice the Great"


async def test_history_is_the_same_for_every_reader_and_follows_each_name_in_it(
    api: ApiUnderTest, alice: Actor
) -> None:
    bob, carol = await api.register("bob_first"), await api.register("carol_first")
    place = await store_guild(api, alice, bob, carol)
    (plain,) = await send_all(bob, place, ["plain"])
    await alice.post(place.messages, {"content": f"<@{carol.id}>"})
    await alice.post(place.messages, {"content": "re", "message_reference": {"message_id": plain["id"]}})
    first, second = await alice.get(place.messages), await bob.get(place.messages + "?limit=3")
    assert first.content == second.content
    assert (await carol.patch("/users/@me", {"global_name": "Carol"})).status_code == 200
    assert (await bob.patch("/users/@me", {"global_name": "Bob"})).status_code == 200
    reply, mentioning, written = (await alice.get(place.messages)).json()
    assert written["author"]["global_name"] == reply["referenced_message"]["author"]["global_name"] == "Bob"
    assert mentioning["mentions"][0]["global_name"] == "Carol"
    await send_all(alice, place, ["newest"])
    assert (await bob.get(place.messages)).json()[1:] == [reply, mentioning, written]


@pytest.mark.parametrize("seed", range(3))
async def test_history_is_what_is_stored_while_everything_happens_at_once(
    api: ApiUnderTest, alice: Actor, place: StoredGuild, seed: int
) -> None:
    choose = random.Random(seed)
    sent = [message["id"] for message in await send_all(alice, place, ["a", "b", "c", "d"])]

    async def act(kind: str, target: str) -> None:
        path = f"{place.messages}/{target}"
        match kind:
            case "send":
                answer = await alice.post(
                    place.messages, {"content": "x", "message_reference": {"message_id": sent[0]}}
                )
                sent.append(answer.json().get("id", target))
            case "edit":
                await alice.patch(path, {"content": str(choose.random())})
            case "delete":
                await alice.delete(path)
            case "bulk":
                await alice.post(place.messages + "/bulk-delete", {"messages": choose.sample(sent, 2)})
            case _:
                await alice.get(place.messages)

    kinds = ["send", "send", "edit", "delete", "bulk", "read", "read"]
    for _ in range(25):
        await asyncio.gather(*(act(choose.choice(kinds), choose.choice(sent[1:])) for _ in range(6)))
        shown = (await alice.get(place.messages + "?limit=100")).json()
        stored = await api.store.messages.list_page(place.channel_id, limit=100)
        assert [(message["id"], message["content"]) for message in shown] == [
            (str(message.id), message.content) for message in stored
        ]
