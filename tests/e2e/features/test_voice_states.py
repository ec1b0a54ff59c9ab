"""Voice states over the socket and REST: joins, moves, mutes, ends, and nobody hears of a channel that it may not view."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from core.domain.guilds.permissions import Permission
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

VIEW, CONNECT, SPEAK = int(Permission.VIEW_CHANNEL), int(Permission.CONNECT), int(Permission.SPEAK)
STREAM = int(Permission.STREAM)


class Scene:
    """A guild of Alice's with Bob in it, an open voice channel and one that Bob may not view."""

    def __init__(self, guild: dict[str, Any], alice: Person, bob: Person) -> None:
        self.id: str = guild["id"]
        self.text = text_channel(guild)
        self.open = ""
        self.hidden = ""
        self.alice = alice
        self.bob = bob

    async def make_voice(self, name: str, deny: int = 0, **fields: Any) -> str:
        """Make a voice channel, in which @everyone is denied some permissions."""
        overwrites = [{"id": self.id, "type": 0, "allow": "0", "deny": str(deny)}]
        body = {"name": name, "type": 2, "permission_overwrites": overwrites, **fields}
        made = await self.alice.call("POST", f"/guilds/{self.id}/channels", body)
        return str(made["id"])

    async def deny(self, channel_id: str, permissions: int) -> None:
        """Deny @everyone permissions in a channel."""
        body = {"type": 0, "allow": "0", "deny": str(permissions)}
        await self.alice.call("PUT", f"/channels/{channel_id}/permissions/{self.id}", body)

    async def join(self, client: GatewayClient, channel_id: str | None, **flags: bool) -> None:
        """Send op 4."""
        d = {"guild_id": self.id, "channel_id": channel_id, "self_mute": False, "self_deaf": False, **flags}
        await client.send(4, d)


@pytest_asyncio.fixture(loop_scope="session")
async def scene(alice: Person, bob: Person) -> AsyncIterator[Scene]:
    """The guild."""
    scene = Scene(await alice.make_guild(), alice, bob)
    await alice.invite(scene.text, bob)
    scene.open = await scene.make_voice("open")
    scene.hidden = await scene.make_voice("hidden", deny=VIEW)
    yield scene


def states_of(client: GatewayClient, person: Person) -> list[str | None]:
    """Return the channels of a person's voice states that a client was told, in order."""
    told = client.bodies("VOICE_STATE_UPDATE")
    return [state["channel_id"] for state in told if state["user_id"] == person.id]


async def wait_for_states(client: GatewayClient, person: Person, expected: list[str | None]) -> None:
    """Wait until a client was told these channels of a person, and nothing else."""
    await client.wait_until(lambda: len(states_of(client, person)) >= len(expected))
    assert states_of(client, person) == expected


async def test_join_mute_and_leave_reach_all_who_view_the_channel(server: Server, scene: Scene) -> None:
    async with open_gateway(server.gateway) as alices, open_gateway(server.gateway) as bobs:
        await alices.identify(scene.alice.token)
        ready = await bobs.identify(scene.bob.token)
        await scene.join(bobs, scene.open, self_mute=True)
        state = await alices.wait_for("VOICE_STATE_UPDATE")
        assert (state["channel_id"], state["guild_id"], state["user_id"]) == (scene.open, scene.id, scene.bob.id)
        assert state["session_id"] == ready["session_id"]
        assert (state["self_mute"], state["mute"], state["suppress"]) == (True, False, False)
        assert state["member"]["user"]["id"] == scene.bob.id
        assert await bobs.wait_for("VOICE_STATE_UPDATE") == state
        await scene.join(bobs, scene.open, self_deaf=True)
        await alices.wait_for("VOICE_STATE_UPDATE", lambda state: state["self_deaf"] and not state["self_mute"])
        shown = await scene.alice.call("GET", f"/guilds/{scene.id}/voice-states/{scene.bob.id}")
        assert (shown["channel_id"], shown["self_deaf"]) == (scene.open, True)
        await scene.join(bobs, None)
        await wait_for_states(alices, scene.bob, [scene.open, scene.open, None])
        gone = await scene.alice.request("GET", f"/guilds/{scene.id}/voice-states/{scene.bob.id}")
        assert (gone.status_code, gone.json()["code"]) == (404, 10065)


async def test_who_comes_later_sees_who_is_in_voice(server: Server, scene: Scene) -> None:
    bot = await scene.alice.make_bot(scene.id)
    async with open_gateway(server.gateway) as alices:
        await alices.identify(scene.alice.token)
        await scene.join(alices, scene.hidden)
        await alices.wait_for("VOICE_STATE_UPDATE")
        async with open_gateway(server.gateway) as bobs, open_gateway(server.gateway) as bots:
            await bobs.identify(scene.bob.token)
            seen_by_bob = await bobs.wait_for_guild(lambda guild: guild["id"] == scene.id)
            assert seen_by_bob["voice_states"] == []
            await bots.identify(f"Bot {bot['token']}")
            seen = await bots.wait_for_guild(lambda guild: guild["id"] == scene.id)
            [state] = seen["voice_states"]
            assert (state["channel_id"], state["user_id"]) == (scene.hidden, scene.alice.id)
            assert "member" not in state
            assert scene.alice.id in {member["user"]["id"] for member in seen["members"]}


async def test_moves_into_hidden_channels_look_like_leaves(server: Server, scene: Scene) -> None:
    async with open_gateway(server.gateway) as alices, open_gateway(server.gateway) as bobs:
        await alices.identify(scene.alice.token)
        await bobs.identify(scene.bob.token)
        for channel_id in (scene.hidden, scene.open, scene.hidden, None, scene.open):
            await scene.join(alices, channel_id)
        await wait_for_states(alices, scene.alice, [scene.hidden, scene.open, scene.hidden, None, scene.open])
        await wait_for_states(bobs, scene.alice, [scene.open, None, scene.open])
        assert scene.hidden not in str(bobs.payloads)
        await scene.deny(scene.open, VIEW)
        await bobs.wait_for("CHANNEL_DELETE")
        assert states_of(bobs, scene.alice) == [scene.open, None, scene.open, None]
        await scene.deny(scene.open, 0)
        await wait_for_states(bobs, scene.alice, [scene.open, None, scene.open, None, scene.open])


async def test_those_who_may_not_connect_do_not_get_in(server: Server, scene: Scene) -> None:
    locked = await scene.make_voice("locked", deny=CONNECT)
    single = await scene.make_voice("single", user_limit=1)
    async with open_gateway(server.gateway) as alices, open_gateway(server.gateway) as bobs:
        await alices.identify(scene.alice.token)
        await bobs.identify(scene.bob.token)
        await scene.join(alices, single)
        await alices.wait_for("VOICE_STATE_UPDATE")
        for refused in (locked, scene.hidden, scene.text, single, "1"):
            await scene.join(bobs, refused)
        await scene.join(bobs, scene.open)
        await wait_for_states(bobs, scene.bob, [scene.open])
        await scene.join(alices, scene.open)
        await wait_for_states(alices, scene.alice, [single, scene.open])
        await scene.join(bobs, single)
        await wait_for_states(bobs, scene.bob, [scene.open, single])
        await scene.join(alices, single)
        await wait_for_states(alices, scene.alice, [single, scene.open, single])


async def test_lost_rights_end_it_at_once(server: Server, scene: Scene) -> None:
    async with open_gateway(server.gateway) as alices, open_gateway(server.gateway) as bobs:
        await alices.identify(scene.alice.token)
        await bobs.identify(scene.bob.token)
        expected: list[str | None] = []
        for taken in (CONNECT, VIEW):
            await scene.join(bobs, scene.open)
            expected += [scene.open]
            await wait_for_states(alices, scene.bob, expected)
            await scene.deny(scene.open, taken)
            expected += [None]
            await wait_for_states(alices, scene.bob, expected)
            await scene.deny(scene.open, 0)
            await wait_for_states(alices, scene.bob, expected)
        await scene.join(bobs, scene.open)
        await wait_for_states(alices, scene.bob, [*expected, scene.open])
        await scene.deny(scene.open, SPEAK)
        await alices.wait_for("VOICE_STATE_UPDATE", lambda state: state["suppress"])
        expected = states_of(alices, scene.bob)
        await scene.alice.call("DELETE", f"/guilds/{scene.id}/members/{scene.bob.id}")
        await alices.wait_for("GUILD_MEMBER_REMOVE")
        assert states_of(alices, scene.bob) == [*expected, None]


async def test_camera_and_screen_end_with_the_right_to_show_them(server: Server, scene: Scene) -> None:
    async def wait_for_shown(*expected: tuple[bool, bool]) -> None:
        def list_shown() -> list[tuple[bool, bool]]:
            return [(state["self_video"], state["self_stream"]) for state in alices.bodies("VOICE_STATE_UPDATE")]

        await alices.wait_until(lambda: len(list_shown()) >= len(expected))
        assert list_shown() == list(expected)

    async with open_gateway(server.gateway) as alices, open_gateway(server.gateway) as bobs:
        await alices.identify(scene.alice.token)
        await bobs.identify(scene.bob.token)
        await scene.join(bobs, scene.open, self_video=True)
        await wait_for_shown((True, False))
        await scene.deny(scene.open, STREAM)
        await wait_for_shown((True, False), (False, False))
        await scene.deny(scene.open, 0)
        await scene.join(bobs, scene.open, self_stream=True)
        await wait_for_shown((True, False), (False, False), (False, True))
        await scene.deny(scene.open, STREAM)
        await wait_for_shown((True, False), (False, False), (False, True), (False, False))


async def test_deleted_channel_has_nobody_left(server: Server, scene: Scene) -> None:
    async with open_gateway(server.gateway) as alices, open_gateway(server.gateway) as bobs:
        await alices.identify(scene.alice.token)
        await bobs.identify(scene.bob.token)
        await scene.join(bobs, scene.open)
        await wait_for_states(alices, scene.bob, [scene.open])
        await scene.alice.call("DELETE", f"/channels/{scene.open}")
        await alices.wait_for("CHANNEL_DELETE")
        assert states_of(alices, scene.bob) == [scene.open, None]


async def test_moderators_mute_move_and_disconnect(server: Server, scene: Scene) -> None:
    locked = await scene.make_voice("locked", deny=CONNECT)
    path = f"/guilds/{scene.id}/members/{scene.bob.id}"
    async with open_gateway(server.gateway) as alices, open_gateway(server.gateway) as bobs:
        await alices.identify(scene.alice.token)
        await bobs.identify(scene.bob.token)
        absent = await scene.alice.request("PATCH", path, {"channel_id": scene.open})
        assert (absent.status_code, absent.json()["code"]) == (400, 40032)
        await scene.join(bobs, scene.open)
        await wait_for_states(alices, scene.bob, [scene.open])
        await scene.alice.call("PATCH", path, {"mute": True, "deaf": True})
        await alices.wait_for("VOICE_STATE_UPDATE", lambda state: state["mute"] and state["deaf"])
        for channel_id in (locked, None):
            await scene.alice.call("PATCH", path, {"channel_id": channel_id})
        await wait_for_states(bobs, scene.bob, [scene.open, scene.open, locked, None])
        own = f"/guilds/{scene.id}/members/{scene.alice.id}"
        await scene.join(alices, scene.open)
        await alices.wait_for("VOICE_STATE_UPDATE", lambda state: state["user_id"] == scene.alice.id)
        for body in ({"mute": True}, {"deaf": True}, {"channel_id": None}):
            refused = await scene.bob.request("PATCH", own, body)
            assert (refused.status_code, refused.json()["code"]) == (403, 50013)


async def test_stage_gives_the_word_to_who_asks(server: Server, scene: Scene) -> None:
    stage = await scene.make_voice("stage", type=13)
    path = f"/guilds/{scene.id}/voice-states"
    async with open_gateway(server.gateway) as alices, open_gateway(server.gateway) as bobs:
        await alices.identify(scene.alice.token)
        await bobs.identify(scene.bob.token)
        await scene.join(bobs, stage)
        state = await alices.wait_for("VOICE_STATE_UPDATE")
        assert (state["suppress"], state["request_to_speak_timestamp"]) == (True, None)
        refused = await scene.bob.request("PATCH", f"{path}/@me", {"suppress": False})
        assert refused.status_code == 403
        await scene.bob.call("PATCH", f"{path}/@me", {"request_to_speak_timestamp": "2026-01-01T00:00:00Z"})
        await alices.wait_for("VOICE_STATE_UPDATE", lambda state: state["request_to_speak_timestamp"])
        await scene.alice.call("PATCH", f"{path}/{scene.bob.id}", {"channel_id": stage, "suppress": False})
        heard = await alices.wait_for("VOICE_STATE_UPDATE", lambda state: not state["suppress"])
        assert heard["request_to_speak_timestamp"] > "2026-01-02"  # an invitation
        await scene.bob.call("PATCH", f"{path}/@me", {"channel_id": stage, "suppress": True})
        await alices.wait_until(lambda: alices.bodies("VOICE_STATE_UPDATE")[-1]["suppress"])


async def test_closed_session_leaves_and_a_lost_one_stays(server: Server, scene: Scene) -> None:
    async with open_gateway(server.gateway) as alices:
        await alices.identify(scene.alice.token)
        async with open_gateway(server.gateway) as staying, open_gateway(server.gateway) as bobs:
            await staying.identify(scene.bob.token)
            ready = await bobs.identify(scene.bob.token)
            await scene.join(bobs, scene.open)
            await wait_for_states(alices, scene.bob, [scene.open])
            seq = bobs.seq
            bobs.cut()
            async with open_gateway(server.gateway) as again:
                await again.resume(scene.bob.token, ready["session_id"], seq)
                await again.wait_for("RESUMED")
                await scene.join(again, scene.open, self_mute=True)
                await wait_for_states(alices, scene.bob, [scene.open, scene.open])
            await wait_for_states(alices, scene.bob, [scene.open, scene.open, None])
