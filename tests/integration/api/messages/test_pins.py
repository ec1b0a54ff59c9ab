"""Pins over the API: both paths, pages, events, the channel's message, rights, and what deletions leave."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from core.domain.channels.channel import ChannelType
from core.domain.errors import Unavailable
from core.domain.guilds.permissions import DEFAULT_EVERYONE, Permission
from core.domain.messages.pin import MAX_PINS
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code
from tests.support.stores.stored_guild import StoredGuild, send_all, store_guild


class Board:
    """Messages of Alice's in a guild with Bob, who may pin."""

    def __init__(self, api: ApiUnderTest, alice: Actor, bob: Actor, place: StoredGuild, ids: list[str]) -> None:
        self.api = api
        self.alice = alice
        self.bob = bob
        self.place = place
        self.ids = ids
        self.pins = f"{place.messages}/pins"
        self.old_pins = f"/channels/{place.channel_id}/pins"

    async def pin(self, number: int) -> None:
        answer = await self.bob.put(f"{self.pins}/{self.ids[number]}")
        assert answer.status_code == 204, answer.text

    async def listed(self, query: str = "") -> list[str]:
        """Return the messages of a page of pins."""
        return [item["message"]["id"] for item in (await self.alice.get(self.pins + query)).json()["items"]]

    async def message(self, number: int) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.alice.get(f"{self.place.messages}/{self.ids[number]}")).json()
        return shown


async def make_board(api: ApiUnderTest) -> Board:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob, permissions=DEFAULT_EVERYONE | Permission.PIN_MESSAGES)
    sent = await send_all(alice, place, ["first", "second", "third"])
    return Board(api, alice, bob, place, [message["id"] for message in sent])


@pytest.fixture
async def board(api: ApiUnderTest) -> Board:
    return await make_board(api)


async def test_pinned_messages_are_listed_newest_pin_first(board: Board) -> None:
    for number in (1, 0, 2):
        await board.pin(number)
    page = (await board.alice.get(board.pins)).json()
    assert [item["message"]["id"] for item in page["items"]] == [board.ids[number] for number in (2, 0, 1)]
    assert page["has_more"] is False
    assert all(item["message"]["pinned"] for item in page["items"])
    assert [each["id"] for each in (await board.alice.get(board.old_pins)).json()] == await board.listed()
    assert (await board.message(0))["pinned"]


async def test_pages_of_pins_leave_nothing_out(board: Board) -> None:
    await asyncio.gather(*(board.pin(number) for number in range(3)))
    everything, found, query = await board.listed(), [], "?limit=1"
    while True:
        page = (await board.alice.get(board.pins + query)).json()
        found += [item["message"]["id"] for item in page["items"]]
        if not page["has_more"]:
            break
        query = f"?limit=1&before={quote(page['items'][-1]['pinned_at'])}"
    assert found == everything
    for wrong in ("limit=0", "limit=51", "before=x", "before=5"):
        assert error_code(await board.alice.get(f"{board.pins}?{wrong}")) == (400, 50035)


async def test_events_of_a_pin(board: Board) -> None:
    await board.pin(0)
    pins, updated, notice = board.api.payloads("CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE", "MESSAGE_CREATE")[-3:]
    place = {"channel_id": str(board.place.channel_id), "guild_id": str(board.place.guild_id)}
    assert pins == {**place, "last_pin_timestamp": pins["last_pin_timestamp"]}
    assert (updated["id"], updated["pinned"], updated["edited_timestamp"]) == (board.ids[0], True, None)
    assert (notice["type"], notice["author"]["id"], notice["content"]) == (6, board.bob.id, "")
    assert notice["message_reference"] == {**place, "type": 0, "message_id": board.ids[0]}
    channel = (await board.alice.get(f"/channels/{board.place.channel_id}")).json()
    assert channel["last_pin_timestamp"] == pins["last_pin_timestamp"]
    newest = (await board.alice.get(board.place.messages + "?limit=1")).json()[0]
    assert (newest["type"], newest["id"]) == (6, notice["id"])


async def test_unpinned_message_is_no_longer_listed(board: Board) -> None:
    await board.pin(0)
    await board.pin(1)
    before = len(board.api.events())
    assert (await board.bob.delete(f"{board.pins}/{board.ids[0]}")).status_code == 204
    assert await board.listed() == [board.ids[1]]
    assert not (await board.message(0))["pinned"]
    assert [event.event for event in board.api.events()[before:]] == ["CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE"]
    assert (await board.bob.delete(f"{board.old_pins}/{board.ids[0]}")).status_code == 204
    assert len(board.api.events()) == before + 2, "what is not pinned is not told"


async def test_repeated_pin_changes_nothing(board: Board) -> None:
    await board.pin(0)
    await board.pin(1)
    before = len(board.api.events())
    assert (await board.bob.put(f"{board.old_pins}/{board.ids[0]}")).status_code == 204
    assert len(board.api.events()) == before
    assert await board.listed() == [board.ids[1], board.ids[0]]


async def test_what_a_dead_process_has_begun_is_ended_by_the_next_request(board: Board) -> None:
    async with board.api.store.write(guilds=[board.place.guild_id]) as tx:
        await tx.pins.put(board.place.channel_id, int(board.ids[0]), now_ms=1)
    assert not (await board.message(0))["pinned"]
    await board.pin(0)
    assert (await board.message(0))["pinned"]
    async with board.api.store.write(guilds=[board.place.guild_id]) as tx:
        await tx.pins.delete(board.place.channel_id, [int(board.ids[0])])
    await board.bob.delete(f"{board.pins}/{board.ids[0]}")
    assert not (await board.message(0))["pinned"]


async def test_deleted_messages_take_their_pins_with_them(board: Board) -> None:
    for number in range(3):
        await board.pin(number)
    told = len(board.api.events("CHANNEL_PINS_UPDATE"))
    await board.alice.delete(f"{board.place.messages}/{board.ids[0]}")
    await board.alice.post(f"{board.place.messages}/bulk-delete", {"messages": board.ids[1:]})
    assert await board.api.store.pins.count(board.place.channel_id) == 0
    assert await board.listed() == []
    assert len(board.api.events("CHANNEL_PINS_UPDATE")) == told


async def test_pin_whose_message_is_gone_is_removed_by_a_list(board: Board) -> None:
    await board.pin(0)
    async with board.api.store.write(guilds=[board.place.guild_id]) as tx:
        await tx.pins.put(board.place.channel_id, 5, now_ms=1)
    assert await board.listed() == [board.ids[0]]
    assert await board.api.store.pins.count(board.place.channel_id) == 1


async def test_channel_takes_so_many_pins_and_no_more(board: Board) -> None:
    async with board.api.store.write(guilds=[board.place.guild_id]) as tx:
        for number in range(MAX_PINS):
            await tx.pins.put(board.place.channel_id, 100 + number, now_ms=number)
    await board.pin(0)  # those pins have no messages
    sent = await send_all(board.alice, board.place, [str(number) for number in range(MAX_PINS)])
    async with board.api.store.write(guilds=[board.place.guild_id]) as tx:
        for number in range(MAX_PINS - 1):
            await tx.pins.put(board.place.channel_id, int(sent[number]["id"]), now_ms=number)
    refused = await board.bob.put(f"{board.pins}/{board.ids[1]}")
    assert error_code(refused) == (400, 30003)
    assert not (await board.message(1))["pinned"]


async def test_rights_of_pins(board: Board) -> None:
    await board.pin(0)
    await board.place.overwrite(board.bob, deny=Permission.PIN_MESSAGES, allow=Permission.MANAGE_MESSAGES)
    for path in (f"{board.pins}/{board.ids[1]}", f"{board.old_pins}/{board.ids[0]}"):
        assert error_code(await board.bob.put(path)) == (403, 50013)
        assert error_code(await board.bob.delete(path)) == (403, 50013)
    assert len((await board.bob.get(board.old_pins)).json()) == 1
    await board.place.overwrite(board.bob, deny=Permission.READ_MESSAGE_HISTORY)
    assert (await board.bob.get(board.pins)).json() == {"items": [], "has_more": False}
    assert (await board.bob.get(board.old_pins)).json() == []
    await board.place.overwrite(board.bob, deny=Permission.VIEW_CHANNEL)
    assert error_code(await board.bob.get(board.pins)) == (403, 50001)


async def test_what_cannot_be_pinned_is_refused(board: Board) -> None:
    assert error_code(await board.bob.put(f"{board.pins}/5")) == (404, 10008)
    await board.pin(0)
    notice = (await board.alice.get(board.place.messages + "?limit=1")).json()[0]
    assert error_code(await board.bob.put(f"{board.pins}/{notice['id']}")) == (403, 50021)
    category = await board.place.add_channel(type=ChannelType.CATEGORY)
    assert error_code(await board.alice.get(f"/channels/{category}/messages/pins")) == (400, 50024)


async def test_direct_messages_are_pinned_by_both(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await store_guild(api, alice, bob)
    channel = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()["id"]
    message = (await alice.post(f"/channels/{channel}/messages", {"content": "x"})).json()["id"]
    assert (await bob.put(f"/channels/{channel}/messages/pins/{message}")).status_code == 204
    told = api.events("CHANNEL_PINS_UPDATE")
    assert {each.user_id for each in told} == {int(alice.id), int(bob.id)}
    listed = (await alice.get(f"/channels/{channel}/messages/pins")).json()["items"]
    assert [item["message"]["id"] for item in listed] == [message]
    shown = (await alice.get(f"/channels/{channel}")).json()
    assert shown["last_pin_timestamp"] == listed[0]["pinned_at"]


async def test_pin_opens_a_direct_channel_that_was_closed_as_a_message_does(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await store_guild(api, alice, bob)
    channel = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()["id"]
    message = (await alice.post(f"/channels/{channel}/messages", {"content": "x"})).json()["id"]
    assert (await bob.delete(f"/channels/{channel}")).status_code == 200
    assert (await alice.put(f"/channels/{channel}/messages/pins/{message}")).status_code == 204
    heard = [name for name, _ in api.events_of(bob.id)]
    assert heard[heard.index("CHANNEL_DELETE") :].index("CHANNEL_CREATE") < heard[
        heard.index("CHANNEL_DELETE") :
    ].index("MESSAGE_CREATE")
    assert [each["id"] for each in (await bob.get("/users/@me/channels")).json()] == [channel]


async def test_pinned_messages_show_reactions(board: Board) -> None:
    await board.pin(0)
    await board.bob.put(f"{board.place.messages}/{board.ids[0]}/reactions/{quote('🔥')}/@me")
    [item] = (await board.bob.get(board.pins)).json()["items"]
    assert item["message"]["reactions"][0]["me"] is True


async def test_pins_and_unpins_at_once_leave_list_and_message_alike(board: Board) -> None:
    path = f"{board.pins}/{board.ids[0]}"
    for number in range(20):
        calls = [board.bob.put(path), board.alice.delete(path), board.alice.put(path), board.bob.delete(path)]
        answers = await asyncio.gather(*calls[number % 4 :], *calls[: number % 4])
        assert {answer.status_code for answer in answers} == {204}
        assert (await board.message(0))["pinned"] == (board.ids[0] in await board.listed())
        # A pin that is gone before its message is changed is told by no change at all.
        told = [each["pinned"] for each in board.api.payloads("MESSAGE_UPDATE") if each["id"] == board.ids[0]]
        assert [False, *told][-1] == (board.ids[0] in await board.listed())


class _NoChanges:
    async def change(self, *_: object) -> None:
        raise Unavailable


@pytest.mark.parametrize("is_pinned", [True, False])
async def test_change_whose_process_died_is_settled_by_the_sweep(open_api: OpenApi, is_pinned: bool) -> None:
    """The row was written, and the message was not."""
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        board = await make_board(api)
        call, path = board.bob.put if is_pinned else board.bob.delete, f"{board.pins}/{board.ids[0]}"
        if not is_pinned:
            await board.pin(0)
        flags = api.built.pin_sweep._flags
        changes, flags._changes = flags._changes, _NoChanges()  # type: ignore[assignment] # the process dies here
        assert (await call(path)).status_code == 503
        flags._changes = changes
        assert (await board.message(0))["pinned"] != is_pinned
        assert (board.ids[0] in await board.listed()) == is_pinned
        assert await api.built.pin_sweep.sweep() == 0  # it may be under way
        clock.advance(6)
        assert await api.built.pin_sweep.sweep() == 1
        assert (await board.message(0))["pinned"] == is_pinned
        assert board.api.payloads("MESSAGE_UPDATE")[-1]["pinned"] == is_pinned
        assert await api.built.pin_sweep.sweep() == 0


async def test_settled_changes_leave_nothing_to_the_sweep(open_api: OpenApi) -> None:
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        board = await make_board(api)
        await asyncio.gather(board.pin(0), board.pin(1), board.pin(0), board.bob.delete(f"{board.pins}/{board.ids[2]}"))
        await board.bob.delete(f"{board.pins}/{board.ids[0]}")
        clock.advance(60)
        assert await api.built.pin_sweep.sweep() == 0
