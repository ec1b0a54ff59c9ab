"""Reactions over the API: what messages show to each reader, the events, and the rights."""

import asyncio
import time
from typing import Any
from urllib.parse import quote

import pytest

from core.domain.channels.channel import ChannelType
from core.domain.guilds.permissions import DEFAULT_EVERYONE, Permission
from core.runtime.settings.settings import LimitSettings
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code
from tests.support.stores.stored_guild import StoredGuild, send_all, store_guild

FIRE, HEART, PLAIN_HEART = "🔥", "\u2764\ufe0f", "\u2764"
EVENTS = (
    "MESSAGE_REACTION_ADD",
    "MESSAGE_REACTION_REMOVE",
    "MESSAGE_REACTION_REMOVE_ALL",
    "MESSAGE_REACTION_REMOVE_EMOJI",
)


class Post:
    """A message of Alice's in a guild with Bob."""

    def __init__(self, api: ApiUnderTest, alice: Actor, bob: Actor, place: StoredGuild, message_id: str) -> None:
        self.api = api
        self.alice = alice
        self.bob = bob
        self.place = place
        self.id = message_id
        self.path = f"{place.messages}/{message_id}"

    def reactions(self, emoji: str, *rest: str) -> str:
        """Return the path of reactions with an emoji."""
        return "/".join((f"{self.path}/reactions", quote(emoji), *rest))

    async def react(self, who: Actor, emoji: str = FIRE, query: str = "") -> Any:
        """React."""
        return await who.put(self.reactions(emoji, "@me") + query)

    async def shown(self, who: Actor) -> list[dict[str, Any]]:
        """Return what history shows, which is what the message alone shows."""
        alone = (await who.get(self.path)).json()
        [listed] = [each for each in (await who.get(self.place.messages)).json() if each["id"] == self.id]
        assert listed == alone
        return list(alone.get("reactions", []))


@pytest.fixture
async def post(api: ApiUnderTest) -> Post:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    [message] = await send_all(alice, place, ["hello"])
    return Post(api, alice, bob, place, message["id"])


def count(emoji: str, normal: int, *, me: bool = False, burst: int = 0, me_burst: bool = False) -> dict[str, Any]:
    return {
        "emoji": {"id": None, "name": emoji},
        "count": normal + burst,
        "count_details": {"normal": normal, "burst": burst},
        "burst_colors": [],
        "me": me,
        "me_burst": me_burst,
        "burst_me": me_burst,
        "burst_count": burst,
    }


async def test_message_without_reactions_has_no_field(post: Post) -> None:
    assert "reactions" not in (await post.alice.get(post.path)).json()


async def test_each_reader_sees_its_own(post: Post) -> None:
    assert await post.shown(post.alice) == []
    assert (await post.react(post.alice)).status_code == 204
    assert await post.shown(post.alice) == [count(FIRE, 1, me=True)]
    assert await post.shown(post.bob) == [count(FIRE, 1)]
    await post.react(post.bob)
    await post.react(post.bob, HEART)
    assert await post.shown(post.alice) == [count(FIRE, 2, me=True), count(HEART, 1)]
    assert await post.shown(post.bob) == [count(FIRE, 2, me=True), count(HEART, 1, me=True)]
    await post.bob.delete(post.reactions(FIRE, "@me"))
    assert await post.shown(post.bob) == [count(FIRE, 1), count(HEART, 1, me=True)]


async def test_older_and_surrounding_pages_and_edits_show_reactions(post: Post) -> None:
    await post.react(post.bob)
    sent = await send_all(post.alice, post.place, [str(number) for number in range(120)])
    for query in (f"before={sent[0]['id']}", "after=0", f"around={post.id}"):
        page = (await post.bob.get(f"{post.place.messages}?{query}&limit=3")).json()
        [listed] = [each for each in page if each["id"] == post.id]
        assert listed["reactions"] == [count(FIRE, 1, me=True)]
    edited = (await post.alice.patch(post.path, {"content": "edited"})).json()
    assert edited["reactions"] == [count(FIRE, 1)]


async def test_events_of_a_reaction(post: Post) -> None:
    await post.react(post.bob)
    await post.bob.delete(post.reactions(FIRE, "@me"))
    added, removed = post.api.payloads(*EVENTS)
    member = added.pop("member")
    assert (member["user"]["id"], member["id"], member["roles"]) == (post.bob.id, post.bob.id, [])
    common = {
        "user_id": post.bob.id,
        "channel_id": str(post.place.channel_id),
        "message_id": post.id,
        "guild_id": str(post.place.guild_id),
        "emoji": {"id": None, "name": FIRE},
        "burst": False,
        "type": 0,
    }
    assert added == {**common, "message_author_id": post.alice.id}
    assert removed == common


async def test_events_of_removals_of_several(post: Post) -> None:
    place = {"channel_id": str(post.place.channel_id), "message_id": post.id, "guild_id": str(post.place.guild_id)}
    await post.react(post.bob)
    await post.react(post.bob, HEART)
    assert (await post.alice.delete(post.reactions(FIRE))).status_code == 204
    assert await post.shown(post.bob) == [count(HEART, 1, me=True)]
    assert (await post.alice.delete(f"{post.path}/reactions")).status_code == 204
    assert await post.shown(post.bob) == []
    assert post.api.payloads(*EVENTS[2:]) == [place, {**place, "emoji": {"id": None, "name": FIRE}}][::-1]


async def test_what_changes_nothing_is_answered_and_not_told(post: Post) -> None:
    for request in (
        post.bob.delete(post.reactions(FIRE, "@me")),
        post.alice.delete(post.reactions(FIRE)),
        post.alice.delete(f"{post.path}/reactions"),
        post.alice.delete(post.reactions(FIRE, post.bob.id)),
    ):
        assert (await request).status_code == 204
    assert post.api.events(*EVENTS) == []
    await post.react(post.bob)
    await post.react(post.bob)
    assert len(post.api.events(*EVENTS)) == 1


async def test_burst_is_counted_and_told_apart(post: Post) -> None:
    await post.react(post.bob)
    assert (await post.react(post.bob, query="?type=1")).status_code == 204
    assert await post.shown(post.bob) == [count(FIRE, 1, me=True, burst=1, me_burst=True)]
    assert await post.shown(post.alice) == [count(FIRE, 1, burst=1)]
    added = post.api.payloads(*EVENTS)[-1]
    assert (added["burst"], added["type"], added["burst_colors"]) == (True, 1, [])
    assert len((await post.bob.get(post.reactions(FIRE) + "?type=1")).json()) == 1
    assert (await post.bob.delete(post.reactions(FIRE, "0", "@me"))).status_code == 204
    assert await post.shown(post.bob) == [count(FIRE, 0, burst=1, me_burst=True)]
    assert (await post.alice.delete(post.reactions(FIRE, "1", post.bob.id))).status_code == 204
    assert (await post.shown(post.bob), (await post.bob.get(post.reactions(FIRE) + "?type=1")).json()) == ([], [])


async def test_forms_of_one_emoji_are_one_reaction_with_the_first_form(post: Post) -> None:
    await post.react(post.bob, HEART)
    await post.react(post.alice, PLAIN_HEART)
    assert await post.shown(post.bob) == [count(HEART, 2, me=True)]
    assert [each["emoji"]["name"] for each in post.api.payloads(*EVENTS)] == [HEART, HEART]
    assert len((await post.bob.get(post.reactions(PLAIN_HEART))).json()) == 2


@pytest.mark.parametrize("emoji", ["x", "fire", ":fire:", "smile:41771983423143937", "🔥🔥", "%", "4"])
async def test_what_is_no_emoji_is_refused(post: Post, emoji: str) -> None:
    for answer in (
        await post.react(post.bob, emoji),
        await post.bob.get(post.reactions(emoji)),
        await post.bob.delete(post.reactions(emoji, "@me")),
        await post.alice.delete(post.reactions(emoji)),
    ):
        assert error_code(answer) == (400, 10014)


async def test_users_come_in_pages(api: ApiUnderTest, post: Post) -> None:
    people = [await api.register() for _ in range(5)]
    place = await store_guild(api, post.alice, *people)
    [message] = await send_all(post.alice, place, ["x"])
    other = Post(api, post.alice, people[0], place, message["id"])
    for person in reversed(people):
        await other.react(person)
    path = other.reactions(FIRE)
    everybody = [each["id"] for each in (await post.alice.get(path)).json()]
    assert everybody == [person.id for person in people]
    first = [each["id"] for each in (await post.alice.get(f"{path}?limit=2")).json()]
    rest = [each["id"] for each in (await post.alice.get(f"{path}?after={first[-1]}&limit=100")).json()]
    assert (first, rest) == (everybody[:2], everybody[2:])
    assert (await post.alice.get(f"{path}?after={everybody[-1]}")).json() == []
    for query in ("limit=0", "limit=101", "type=2", "after=x"):
        assert error_code(await post.alice.get(f"{path}?{query}")) == (400, 50035)


async def test_message_or_channel_that_is_not_there_is_named(post: Post) -> None:
    missing = Post(post.api, post.alice, post.bob, post.place, "5")
    for answer in (
        await missing.react(post.bob),
        await post.bob.get(missing.reactions(FIRE)),
        await post.bob.delete(missing.reactions(FIRE, "@me")),
        await post.alice.delete(f"{missing.path}/reactions"),
    ):
        assert error_code(answer) == (404, 10008)
    assert error_code(await post.bob.put(f"/channels/5/messages/5/reactions/{quote(FIRE)}/@me")) == (404, 10003)
    category = await post.place.add_channel(type=ChannelType.CATEGORY)
    path = f"/channels/{category}/messages/5/reactions/{quote(FIRE)}/@me"
    assert error_code(await post.alice.put(path)) == (400, 50024)


async def test_only_the_first_of_an_emoji_needs_the_right_to_add(post: Post) -> None:
    await post.place.overwrite(post.bob, deny=Permission.ADD_REACTIONS)
    assert error_code(await post.react(post.bob)) == (403, 50013)
    await post.react(post.alice)
    assert (await post.react(post.bob)).status_code == 204


async def test_without_the_history_nobody_reacts_or_lists(post: Post) -> None:
    await post.react(post.alice)
    await post.place.overwrite(post.bob, deny=Permission.READ_MESSAGE_HISTORY)
    assert error_code(await post.react(post.bob)) == (403, 50013)
    assert error_code(await post.bob.get(post.reactions(FIRE))) == (403, 50013)
    await post.place.overwrite(post.bob, deny=Permission.VIEW_CHANNEL)
    assert error_code(await post.react(post.bob)) == (403, 50001)


async def test_member_in_a_timeout_does_not_react_but_takes_back(post: Post) -> None:
    await post.react(post.alice, HEART)
    await post.react(post.bob)
    await post.place.change_member(post.bob, timeout_until_ms=int(time.time() * 1000) + 60_000)
    assert error_code(await post.react(post.bob, HEART)) == (403, 50013)
    assert (await post.bob.delete(post.reactions(FIRE, "@me"))).status_code == 204
    assert await post.shown(post.bob) == [count(HEART, 1)]


async def test_others_reactions_are_removed_by_managers_alone(post: Post) -> None:
    await post.react(post.alice)
    for path in (post.reactions(FIRE, post.alice.id), post.reactions(FIRE), f"{post.path}/reactions"):
        assert error_code(await post.bob.delete(path)) == (403, 50013)
    await post.place.overwrite(post.bob, allow=Permission.MANAGE_MESSAGES)
    assert (await post.bob.delete(post.reactions(FIRE, post.alice.id))).status_code == 204
    assert await post.shown(post.bob) == []
    removed = post.api.payloads("MESSAGE_REACTION_REMOVE")
    assert [each["user_id"] for each in removed] == [post.alice.id]


async def test_own_reaction_may_be_removed_by_ones_id(post: Post) -> None:
    await post.react(post.bob)
    assert (await post.bob.delete(post.reactions(FIRE, post.bob.id))).status_code == 204
    assert await post.shown(post.bob) == []


async def test_twenty_emojis_and_no_more(post: Post) -> None:
    emojis = [chr(0x1F600 + number) for number in range(21)]
    for emoji in emojis[:20]:
        assert (await post.react(post.bob, emoji)).status_code == 204
    assert error_code(await post.react(post.bob, emojis[20])) == (403, 30010)
    assert [each["emoji"]["name"] for each in await post.shown(post.alice)] == emojis[:20]


async def test_reactions_end_with_their_message(post: Post) -> None:
    await post.react(post.bob)
    await post.alice.delete(post.path)
    assert await post.api.store.reactions.count(post.place.channel_id, [int(post.id)]) == {}


async def test_direct_message_is_reacted_to_and_told_to_both(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await store_guild(api, alice, bob)
    channel = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()["id"]
    message = (await alice.post(f"/channels/{channel}/messages", {"content": "x"})).json()["id"]
    path = f"/channels/{channel}/messages/{message}/reactions/{quote(FIRE)}"
    assert (await bob.put(f"{path}/@me")).status_code == 204
    told = api.events("MESSAGE_REACTION_ADD")
    assert {each.user_id for each in told} == {int(alice.id), int(bob.id)}
    assert "member" not in api.payloads("MESSAGE_REACTION_ADD")[0]
    for refused in (f"{path}/{bob.id}", path, f"/channels/{channel}/messages/{message}/reactions"):
        assert error_code(await alice.delete(refused)) == (403, 50003)
    stranger = await api.register()
    assert error_code(await stranger.put(f"{path}/@me")) == (403, 50001)
    assert (await alice.put(f"/users/@me/relationships/{bob.id}", {"type": 2})).status_code == 204
    assert error_code(await bob.put(f"{path}/@me")) == (403, 90001)
    assert (await bob.delete(f"{path}/@me")).status_code == 204


async def test_concurrent_readers_and_reactions_never_leave_an_old_page(post: Post) -> None:
    """What is read after an answer shows what was answered, whatever was being read meanwhile."""

    async def read() -> None:
        for _ in range(20):
            await post.bob.get(post.place.messages)

    async def toggle() -> None:
        for number in range(20):
            await post.react(post.bob, chr(0x1F600 + number % 3))
            assert [each["me"] for each in await post.shown(post.bob)] == [True]
            await post.bob.delete(post.reactions(chr(0x1F600 + number % 3), "@me"))
            assert await post.shown(post.bob) == []

    await asyncio.gather(toggle(), read(), read())


async def test_reactions_have_a_limit_of_their_own_in_each_channel(open_api: OpenApi) -> None:
    async with open_api(limits=LimitSettings(channel_reactions=2, channel_reactions_window_s=60.0)) as api:
        alice = await api.register()
        place = await store_guild(api, alice, permissions=DEFAULT_EVERYONE)
        [message] = await send_all(alice, place, ["x"])
        post = Post(api, alice, alice, place, message["id"])
        answers = [await post.react(alice), await alice.delete(post.reactions(FIRE, "@me")), await post.react(alice)]
        assert [answer.status_code for answer in answers] == [204, 204, 429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
        assert [answer.headers["x-ratelimit-limit"] for answer in answers] == ["2", "2", "2"]
        assert 0 < answers[2].json()["retry_after"] <= 60
        assert answers[2].json()["global"] is False


async def test_whom_the_author_blocks_does_not_react_and_may_take_reactions_back(post: Post) -> None:
    assert (await post.react(post.bob)).status_code == 204
    assert (await post.alice.put(f"/users/@me/relationships/{post.bob.id}", {"type": 2})).status_code == 204
    assert error_code(await post.react(post.bob, HEART)) == (403, 90001)
    assert (await post.bob.delete(post.reactions(FIRE, "@me"))).status_code == 204
    assert await post.shown(post.alice) == []
    [other] = await send_all(post.bob, post.place, ["mine"])
    path = f"{post.place.messages}/{other['id']}/reactions/{quote(FIRE)}/@me"
    assert (await post.alice.put(path)).status_code == 204
