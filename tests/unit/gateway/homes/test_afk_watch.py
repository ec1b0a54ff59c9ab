"""The watch over idle people: who says nothing for the timeout is moved, and nobody else."""

from typing import Any

import msgspec

from core.domain.channels.channel import Channel, ChannelType
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.member import Member
from core.domain.guilds.voice_state import InVoice, VoiceState
from core.domain.people.user import User
from core.voice.seats import SeatKey
from core.wire.objects.guilds.voice_state import render_voice_state
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.voice_table import parse_voice
from gateway.homes.afk_watch import AfkWatch
from tests.fakes.clock import FakeClock
from tests.fakes.gateway.voice_port import FakeVoicePort
from tests.fakes.timers import FakeTimers

GUILD, VOICE, STAGE, AFK, TIMEOUT_S = 1, 10, 11, 12, 300


def in_voice(user_id: int, channel_id: int, **fields: Any) -> InVoice:
    state = VoiceState(guild_id=GUILD, user_id=user_id, channel_id=channel_id, session_id="s", **fields)
    return InVoice(state, Member(guild_id=GUILD, user=User(id=user_id, username="user"), joined_ms=0))


class Scene:
    """A guild with users 1 and 2 in a voice channel, 3 on a stage and 4 in the AFK channel."""

    def __init__(self, *, afk: int | None = AFK, is_here: bool = True) -> None:
        kinds = {VOICE: ChannelType.VOICE, STAGE: ChannelType.STAGE, AFK: ChannelType.VOICE}
        snapshot = GuildSnapshot(
            guild=Guild(id=GUILD, name="guild", owner_id=1, afk_channel_id=afk, afk_timeout=TIMEOUT_S),
            roles=(),
            channels=tuple(Channel(id=each, type=kind, guild_id=GUILD) for each, kind in kinds.items()),
            member_count=4,
            revision=0,
            in_voice=(in_voice(1, VOICE), in_voice(2, VOICE), in_voice(3, STAGE), in_voice(4, AFK)),
        )
        self.clock = FakeClock()
        self.actor = GuildActor(
            GuildState(snapshot), revision=0, clock=self.clock, call_later=FakeTimers(self.clock).call_later
        )
        self.port = FakeVoicePort()
        guilds: Any = self
        self.watch = AfkWatch(guilds=guilds, port=self.port, clock=self.clock, is_here=lambda _guild_id: is_here)

    def actors(self) -> list[GuildActor]:
        """The directory's guilds."""
        return [self.actor]

    def change(self, state: InVoice) -> None:
        """Let a user change something."""
        payload = msgspec.json.encode(render_voice_state(state.state, state.member))
        self.actor.state.voice.put(state.state.user_id, parse_voice(payload))

    async def sweep_after(self, seconds: float) -> list[int]:
        """Sweep, and return who is moved."""
        self.clock.advance(seconds)
        self.port.moved.clear()
        await self.watch.sweep()
        assert {(guild_id, channel_id) for guild_id, _, channel_id in self.port.moved} <= {(GUILD, VOICE)}
        return [user_id for _, user_id, _ in self.port.moved]


async def test_those_who_say_nothing_are_moved_once_each_timeout() -> None:
    scene = Scene()
    assert await scene.sweep_after(0) == []
    assert await scene.sweep_after(TIMEOUT_S - 1) == []
    assert await scene.sweep_after(1) == [1, 2]
    assert await scene.sweep_after(TIMEOUT_S - 1) == []
    assert await scene.sweep_after(1) == [1, 2]


async def test_whoever_speaks_or_changes_its_state_is_not_idle() -> None:
    scene = Scene()
    await scene.sweep_after(0)
    await scene.sweep_after(TIMEOUT_S - 1)
    scene.watch.note(SeatKey(GUILD, 1))
    scene.watch.note(SeatKey(GUILD, 99))
    scene.change(in_voice(2, VOICE, self_mute=True))
    assert await scene.sweep_after(1) == []
    assert await scene.sweep_after(TIMEOUT_S - 1) == [1]
    assert await scene.sweep_after(1) == [2]


async def test_nobody_is_moved_without_an_afk_channel_or_elsewhere() -> None:
    for scene in (Scene(afk=None), Scene(is_here=False)):
        await scene.sweep_after(0)
        assert await scene.sweep_after(2 * TIMEOUT_S) == []
