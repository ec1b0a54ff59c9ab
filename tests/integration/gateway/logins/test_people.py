"""READY of people: its forms by capabilities, READY_SUPPLEMENTAL, and what people's clients may say."""

from typing import Any

import pytest

from core.wire.capabilities import Capability
from tests.integration.gateway.conftest import Connect
from tests.support.gateway.gateway_client import GatewayClient
from tests.support.stores.store_writer import Login, StoreWriter

NONE = 0
DEDUPED = int(Capability.DEDUPED_USERS)
PRIORITISED = int(Capability.DEDUPED_USERS | Capability.PRIORITISED_READY)
PROPERTIES = int(Capability.GUILD_PROPERTIES)
MANY = 16381
"""What a browser client asks for: all bits up to 13 but the first two."""

ALWAYS = (
    "v user users guilds session_id resume_gateway_url sessions private_channels relationships read_state "
    "user_guild_settings user_settings user_settings_proto notification_settings merged_members connected_accounts "
    "experiments guild_experiments guild_join_requests friend_suggestion_count tutorial analytics_token "
    "auth_session_id_hash static_client_session_id country_code api_code_version consents geo_ordered_rtc_regions "
    "session_type presences"
)


class Scene:
    """A guild of Alice in which Bob is online, and another one of Alice alone."""

    def __init__(self, writer: StoreWriter) -> None:
        self.writer = writer

    async def build(self) -> "Scene":
        writer = self.writer
        self.alice, self.bob = await writer.person("alice"), await writer.person("bob")
        self.shared = await writer.guild(self.alice, self.bob)
        self.channel = await writer.channel(self.shared)
        self.own = await writer.guild(self.alice)
        return self

    async def log_in(self, client: GatewayClient, login: Login, **fields: Any) -> dict[str, Any]:
        return await client.identify(login.token, intents=None, **fields)


@pytest.fixture
async def scene(writer: StoreWriter) -> Scene:
    """The scene of these tests."""
    return await Scene(writer).build()


def ids(members: list[dict[str, Any]]) -> set[str]:
    return {member["user"]["id"] for member in members}


@pytest.mark.parametrize("capabilities", [NONE, DEDUPED, PRIORITISED, PROPERTIES, MANY])
async def test_ready_has_whole_guilds_and_every_key_that_clients_read(
    scene: Scene, connect: Connect, capabilities: int
) -> None:
    async with connect() as client:
        ready = await scene.log_in(client, scene.alice, capabilities=capabilities)
        assert set(ALWAYS.split()) <= ready.keys()
        assert [guild["id"] for guild in ready["guilds"]] == [str(scene.shared), str(scene.own)]
        for guild in ready["guilds"]:
            keys = "channels roles threads emojis stickers large member_count joined_at premium_subscription_count"
            assert set(keys.split()) <= guild.keys()
            assert "unavailable" not in guild
        assert [channel["id"] for channel in ready["guilds"][0]["channels"]] == [str(scene.channel)]
        assert [user["id"] for user in ready["users"]] == [str(scene.alice.id)]
        assert [each["session_id"] for each in ready["sessions"]] == [ready["session_id"]]
        assert [ids(members) for members in ready["merged_members"]][1] == {str(scene.alice.id)}
        await scene.writer.say(scene.channel, scene.bob, "hello", guild_id=scene.shared)
        await client.wait_for("MESSAGE_CREATE")
        assert "GUILD_CREATE" not in client.names()


@pytest.mark.parametrize("capabilities", [NONE, DEDUPED, PRIORITISED, PROPERTIES, MANY])
async def test_guilds_fields_are_flat_or_in_properties(scene: Scene, connect: Connect, capabilities: int) -> None:
    async with connect() as client:
        ready = await scene.log_in(client, scene.alice, capabilities=capabilities)
        guild = ready["guilds"][0]
        if not capabilities & PROPERTIES:
            assert guild["owner_id"] == str(scene.alice.id)
            assert "properties" not in guild
            return
        assert guild["properties"]["owner_id"] == str(scene.alice.id)
        assert (guild["data_mode"], "owner_id" in guild) == ("full", False)


@pytest.mark.parametrize("capabilities", [NONE, DEDUPED, PRIORITISED, MANY])
async def test_people_of_a_guild_stand_in_it_beside_it_or_in_the_supplement(
    scene: Scene, connect: Connect, capabilities: int
) -> None:
    both, alice = {str(scene.alice.id), str(scene.bob.id)}, {str(scene.alice.id)}
    async with connect() as other, connect() as client:
        await scene.log_in(other, scene.bob)
        ready = await scene.log_in(client, scene.alice, capabilities=capabilities)
        guild, merged = ready["guilds"][0], ready["merged_members"][0]
        if capabilities == NONE:
            assert ids(guild["members"]) == both
            assert {each["user"]["id"] for each in guild["presences"]} == both
            assert ids(merged) == alice
            return
        assert "members" not in guild
        assert "presences" not in guild
        if capabilities == DEDUPED:
            assert ids(merged) == both
            assert {each["user_id"] for each in ready["merged_presences"]["guilds"][0]} == both
            return
        assert ids(merged) == alice
        more = await client.wait_for("READY_SUPPLEMENTAL")
        assert [each["id"] for each in more["guilds"]] == [str(scene.shared), str(scene.own)]
        assert ids(more["merged_members"][0]) == both
        assert {each["user_id"] for each in more["merged_presences"]["guilds"][0]} == both
        assert client.names()[:2] == ["READY", "READY_SUPPLEMENTAL"]


async def test_members_of_small_guilds_who_are_offline_are_in_the_supplement(scene: Scene, connect: Connect) -> None:
    async with connect() as client:
        await scene.log_in(client, scene.alice, capabilities=PRIORITISED)
        more = await client.wait_for("READY_SUPPLEMENTAL")
        assert ids(more["merged_members"][0]) == {str(scene.alice.id), str(scene.bob.id)}
        assert {each["user_id"] for each in more["merged_presences"]["guilds"][0]} == {str(scene.alice.id)}


async def test_member_objects_name_user_and_guild_for_people_alone(scene: Scene, connect: Connect) -> None:
    bot = await scene.writer.bot(scene.alice)
    await scene.writer.join(scene.shared, bot)
    named = (str(scene.bob.id), str(scene.bob.id), str(scene.shared))
    async with connect() as client, connect() as automaton:
        ready = await scene.log_in(client, scene.alice)
        await automaton.identify(bot.token)
        created = await automaton.wait_for("GUILD_CREATE")
        for each in (client, automaton):
            await each.send(8, {"guild_id": str(scene.shared), "user_ids": [str(scene.bob.id)]})
        chunk = (await client.wait_for("GUILD_MEMBERS_CHUNK"))["members"]
        bots = (await automaton.wait_for("GUILD_MEMBERS_CHUNK"))["members"]
        await client.send(14, {"guild_id": str(scene.shared), "channels": {str(scene.channel): [[0, 99]]}})
        shown = await client.wait_for("GUILD_MEMBER_LIST_UPDATE")
    for members in (ready["guilds"][0]["members"], chunk, [item["member"] for item in items_of(shown)]):
        found = next(member for member in members if member["user"]["id"] == str(scene.bob.id))
        assert (found["id"], found["user_id"], found["guild_id"]) == named
    for members in (created["members"], bots):
        assert not [member for member in members if "id" in member or "guild_id" in member]


def items_of(update: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the members' items of GUILD_MEMBER_LIST_UPDATE."""
    return [item for op in update["ops"] for item in op["items"] if "member" in item]


@pytest.mark.parametrize("capabilities", [NONE, MANY])
async def test_guild_that_a_person_joins_has_the_form_of_its_ready(
    scene: Scene, connect: Connect, capabilities: int
) -> None:
    async with connect() as client:
        await scene.log_in(client, scene.bob, capabilities=capabilities)
        await scene.writer.join(scene.own, scene.bob)
        created = await client.wait_for("GUILD_CREATE")
        assert created["id"] == str(scene.own)
        assert ("properties" in created) == bool(capabilities & PROPERTIES)
        assert str(scene.bob.id) in {member["id"] for member in created["members"]}


async def test_lists_have_a_version_for_who_can_read_it(scene: Scene, connect: Connect) -> None:
    async with connect() as old, connect() as new:
        ready = await scene.log_in(old, scene.alice)
        assert (ready["read_state"], ready["user_guild_settings"], ready["notes"]) == ([], [], {})
        ready = await scene.log_in(new, scene.alice, capabilities=MANY | Capability.LAZY_NOTES)
        empty = {"entries": [], "partial": False, "version": 0}
        assert (ready["read_state"], ready["user_guild_settings"]) == (empty, empty)
        assert "notes" not in ready


async def test_direct_channels_name_their_recipients_twice(scene: Scene, connect: Connect) -> None:
    await scene.writer.direct_channel(scene.alice, scene.bob)
    async with connect() as client:
        ready = await scene.log_in(client, scene.alice, capabilities=MANY)
        (channel,) = ready["private_channels"]
        assert channel["recipient_ids"] == [user["id"] for user in channel["recipients"]] == [str(scene.bob.id)]
        assert {user["id"] for user in ready["users"]} == {str(scene.alice.id), str(scene.bob.id)}


async def test_sessions_in_ready_are_those_of_all_devices(scene: Scene, connect: Connect) -> None:
    async with connect() as phone, connect() as desk:
        first = await scene.log_in(phone, scene.alice, presence={"status": "idle"})
        second = await scene.log_in(desk, scene.alice, presence={"status": "dnd"})
        shown = {each["session_id"]: each["status"] for each in second["sessions"]}
        assert shown == {first["session_id"]: "idle", second["session_id"]: "dnd"}


async def test_acknowledgement_of_a_heartbeat_is_an_object_for_people(scene: Scene, connect: Connect) -> None:
    bot = await scene.writer.bot(scene.alice)
    async with connect() as client, connect() as automaton:
        await scene.log_in(client, scene.alice)
        await automaton.identify(bot.token)
        for each in (client, automaton):
            await each.send(1, 1)
        assert (await client.wait_for_op(11))["d"] == {}
        assert (await automaton.wait_for_op(11))["d"] is None


@pytest.mark.parametrize("op", [4, 13, 18, 19, 20, 22, 34, 35, 36, 38, 39, 41, 43, 44, 60])
async def test_command_of_people_without_effect_is_swallowed(scene: Scene, connect: Connect, op: int) -> None:
    async with connect() as client:
        await scene.log_in(client, scene.alice, compress=True, large_threshold=100_000_000, client_state={})
        await client.send(op, {"guild_id": None, "channel_id": None, "channel_ids": ["1"], "preferred_region": None})
        await client.send(40, {"seq": 1, "qos": {"ver": 27, "active": True, "reasons": ["foregrounded"]}})
        assert (await client.wait_for_op(11))["d"] == {}


async def test_opcode_that_no_client_sends_closes(scene: Scene, connect: Connect) -> None:
    async with connect() as client:
        await scene.log_in(client, scene.alice)
        await client.send(61, {})
        assert await client.wait_closed() == 4001
