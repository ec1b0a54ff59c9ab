"""`self_stream` of voice states: who may set it, and what ends it."""

from typing import Any

import pytest

from core.domain.guilds.permissions import Permission
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene


class Sharing:
    """A guild with two voice channels, and a member who shares a screen in the first one."""

    def __init__(self, scene: Scene, member: Actor, channels: list[str]) -> None:
        self.scene = scene
        self.member = member
        self.first, self.second = channels

    async def join(self, channel_id: str, session: str = "s", **flags: bool) -> Any:
        """Join with a session; return the voice state."""
        answer = await self.member.post(f"/voice/{channel_id}/join", {"session_id": session, **flags})
        assert answer.status_code == 200
        return answer.json()

    async def change(self, **flags: bool) -> Any:
        """Change what the member says of itself; return the voice state."""
        return (await self.member.patch("/voice/state", {"guild_id": self.scene.id, **flags})).json()

    async def deny(self) -> None:
        """Take STREAM in the first channel, and let it have its effect as the gateway does."""
        denied = {"allow": "0", "deny": str(int(Permission.STREAM)), "type": 0}
        await self.scene.owner.put(f"/channels/{self.first}/permissions/{self.scene.id}", denied)
        await self.scene.api.built.voice.settle_voice(int(self.scene.id), int(self.member.id))

    @property
    def told(self) -> Any:
        """The newest VOICE_STATE_UPDATE."""
        return self.scene.api.payloads("VOICE_STATE_UPDATE")[-1]


@pytest.fixture
async def sharing(api: ApiUnderTest) -> Sharing:
    scene = await Scene.build(api)
    made = [(await scene.owner.post(f"{scene.path}/channels", {"name": "v", "type": 2})).json() for _ in range(2)]
    found = Sharing(scene, await scene.join(), [each["id"] for each in made])
    assert (await found.join(found.first))["self_stream"] is False
    assert (await found.change(self_stream=True))["self_stream"] is True
    return found


async def test_screen_is_told_kept_and_ended_by_who_shares_it(sharing: Sharing) -> None:
    assert sharing.told["self_stream"] is True
    assert (await sharing.change(self_mute=True))["self_stream"] is True
    assert (await sharing.join(sharing.first))["self_stream"] is True
    assert (await sharing.change(self_stream=False))["self_stream"] is False
    assert sharing.told["self_stream"] is False


async def test_screen_ends_with_its_channel_its_session_and_the_stay(sharing: Sharing) -> None:
    assert (await sharing.join(sharing.second))["self_stream"] is False
    assert (await sharing.change(self_stream=True))["self_stream"] is True
    assert (await sharing.join(sharing.second, "another"))["self_stream"] is False
    assert (await sharing.change(self_stream=True))["self_stream"] is True
    scene = sharing.scene
    moved = await scene.owner.patch(f"{scene.path}/members/{sharing.member.id}", {"channel_id": sharing.first})
    assert moved.status_code == 200
    assert (sharing.told["channel_id"], sharing.told["self_stream"]) == (sharing.first, False)
    assert (await sharing.change(self_stream=True))["self_stream"] is True
    await sharing.member.delete(f"/voice/state?guild_id={scene.id}")
    assert (sharing.told["channel_id"], sharing.told["self_stream"]) == (None, False)


async def test_screen_needs_stream_and_ends_with_it(sharing: Sharing) -> None:
    await sharing.deny()
    assert (sharing.told["channel_id"], sharing.told["self_stream"]) == (sharing.first, False)
    assert (await sharing.change(self_stream=True))["self_stream"] is False
    assert (await sharing.join(sharing.second, self_stream=True))["self_stream"] is True
    assert (await sharing.join(sharing.first, self_stream=True))["self_stream"] is False


async def test_screen_is_shared_in_a_call(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    await api.befriend(alice, bob)
    channel_id = (await alice.post("/users/@me/channels", {"recipient_id": bob.id})).json()["id"]
    joined = (await alice.post(f"/voice/{channel_id}/join", {"session_id": "s", "self_stream": True})).json()
    assert joined["self_stream"] is True
    assert (await alice.patch("/voice/state", {"self_mute": True})).json()["self_stream"] is True
    assert (await alice.patch("/voice/state", {"self_stream": False})).json()["self_stream"] is False
