"""The move of idle people to a guild's AFK channel."""

import pytest

from core.domain.guilds.permissions import Permission
from core.wire.voice_wish import VoiceWish
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene


class Afk:
    """A guild with a voice channel and an AFK channel, and who is in voice."""

    def __init__(self, scene: Scene, voice: str, afk: str) -> None:
        self.scene = scene
        self.voice = voice
        self.afk = afk

    async def join(self, who: Actor) -> None:
        """Let somebody join the voice channel with a camera and a screen."""
        guild_id, channel_id = int(self.scene.id), int(self.voice)
        wish = VoiceWish(guild_id=guild_id, channel_id=channel_id, self_video=True, self_stream=True)
        await self.scene.api.built.voice.join_from_gateway(int(who.id), "s", wish)

    async def move(self, who: Actor) -> str:
        """Move somebody who is idle. Return the channel where it is then."""
        guild_id, user_id = int(self.scene.id), int(who.id)
        await self.scene.api.built.voice.move_idle(guild_id, user_id, int(self.voice))
        state = await self.scene.api.store.voice_states.find(guild_id, user_id)
        return "" if state is None else str(state.channel_id)


@pytest.fixture
async def afk(api: ApiUnderTest) -> Afk:
    scene = await Scene.build(api)
    made = [(await scene.owner.post(f"{scene.path}/channels", {"name": "v", "type": 2})).json() for _ in range(2)]
    voice, channel_id = (each["id"] for each in made)
    changed = await scene.owner.patch(scene.path, {"afk_channel_id": channel_id, "afk_timeout": 60})
    assert changed.status_code == 200
    return Afk(scene, voice, channel_id)


async def test_idle_member_is_moved_silent_and_without_camera(afk: Afk) -> None:
    member = await afk.scene.join()
    assert await afk.move(member) == ""
    await afk.join(member)
    assert await afk.move(member) == afk.afk
    told = afk.scene.api.payloads("VOICE_STATE_UPDATE")[-1]
    assert (told["channel_id"], told["suppress"]) == (afk.afk, True)
    assert (told["self_video"], told["self_stream"]) == (False, False)
    count = len(afk.scene.api.events("VOICE_STATE_UPDATE"))
    assert await afk.move(member) == afk.afk
    assert len(afk.scene.api.events("VOICE_STATE_UPDATE")) == count


async def test_bots_and_those_who_may_not_go_there_stay(afk: Afk) -> None:
    scene, member = afk.scene, await afk.scene.join()
    bot = await scene.api.make_bot(scene.owner)
    await scene.api.let_in(scene.owner, bot, scene.id)
    for who in (member, bot):
        await afk.join(who)
    assert await afk.move(bot) == afk.voice
    closed = {"allow": "0", "deny": str(int(Permission.CONNECT)), "type": 0}
    await scene.owner.put(f"/channels/{afk.afk}/permissions/{scene.id}", closed)
    assert await afk.move(member) == afk.voice
    await scene.owner.delete(f"/channels/{afk.afk}/permissions/{scene.id}")
    await scene.owner.patch(scene.path, {"afk_channel_id": None})
    assert await afk.move(member) == afk.voice
