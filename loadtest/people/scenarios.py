"""The scenarios: what people do in a run, how often, and how many of them are in a guild.

A person does one thing after the other, with pauses of random length around a mean. `acts` are weights of what they do;
a storm is what all do in the same moment, again and again. Each figure can be changed on the command line.
"""

import enum
from collections.abc import Mapping
from typing import Final

import msgspec


class Act(enum.StrEnum):
    """What a person does by themselves."""

    SAY = "say"
    HISTORY = "history"
    TYPE = "type"
    REACT = "react"
    READ = "read"
    STATUS = "status"
    UPLOAD = "upload"
    LOOK = "look"
    """Looks at other rows of the member list."""
    VOICE = "voice"
    """Comes into a voice channel, speaks or listens there, and leaves."""


class Storm(enum.StrEnum):
    """What all people do at once."""

    LOGIN = "login"
    """They leave, and log in again together."""
    PRESENCE = "presence"
    """They change their status."""
    RECONNECT = "reconnect"
    """They lose their connections, and come back and resume."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario."""

    about: str
    guild_size: int
    """The people of a guild; 0 puts all into one."""
    channels: int
    pause_s: float
    """The mean time between two acts of a person."""
    acts: Mapping[Act, int]
    storm: Storm | None = None
    storm_interval_s: float = 20.0
    looks: bool = False
    """Whether people subscribe to their guild's member list when they log in."""
    upload_bytes: int = 65_536
    room_size: int = 10
    """The people of a voice channel."""
    speakers: int = 2
    """Those of them who speak. A node passes on the loudest eight of a room (`voice.most_voices`)."""
    stay_s: float = 60.0
    """The time of a stay in voice. A person may join every five seconds."""
    forgives_ends: bool = False
    """Whether lost connections and refused requests belong to the scenario."""

    @property
    def has_voice(self) -> bool:
        """Return whether people use voice channels."""
        return self.acts.get(Act.VOICE, 0) > 0

    def count_rooms(self, people: int) -> int:
        """Return the voice channels that a guild of so many people needs."""
        return -(-people // self.room_size) if self.has_voice else 0


_TALK: Final = {Act.SAY: 4, Act.HISTORY: 3, Act.READ: 2, Act.TYPE: 2, Act.REACT: 1}

SCENARIOS: Final[dict[str, Scenario]] = {
    "quiet": Scenario(
        about="a quiet community: small guilds, a word from each person now and then",
        guild_size=25, channels=3, pause_s=60, acts={**_TALK, Act.STATUS: 1},
    ),
    "busy": Scenario(
        about="a busy channel: everybody in one guild and one channel, with much talk",
        guild_size=0, channels=1, pause_s=20, acts={Act.SAY: 6, Act.TYPE: 2, Act.READ: 1, Act.REACT: 1},
    ),
    "login-storm": Scenario(
        about="everybody leaves and logs in in the same moment, while some talk",
        guild_size=50, channels=2, pause_s=60, acts=_TALK, storm=Storm.LOGIN,
    ),
    "presence-storm": Scenario(
        about="everybody changes their status in the same moment",
        guild_size=50, channels=2, pause_s=60, acts=_TALK, storm=Storm.PRESENCE,
    ),
    "reconnect-storm": Scenario(
        about="everybody loses the connection in the same moment, as when a server is killed, and resumes",
        guild_size=50, channels=2, pause_s=30, acts=_TALK, storm=Storm.RECONNECT, forgives_ends=True,
    ),
    "large-guild": Scenario(
        about="one guild of everybody, whose people look at its member list",
        guild_size=0, channels=10, pause_s=60, acts={Act.SAY: 2, Act.HISTORY: 3, Act.LOOK: 4, Act.READ: 2}, looks=True,
    ),
    "uploads": Scenario(
        about="messages with files",
        guild_size=25, channels=2, pause_s=15, acts={Act.UPLOAD: 5, Act.SAY: 2, Act.HISTORY: 1},
    ),
    "voice": Scenario(
        about="voice channels, in which some speak and all listen",
        guild_size=50, channels=1, pause_s=5, acts={Act.VOICE: 1},
    ),
    "mixed": Scenario(
        about="a mixed day: talk, reading, reactions, presences and files",
        guild_size=50, channels=4, pause_s=30,
        acts={Act.SAY: 8, Act.HISTORY: 6, Act.READ: 4, Act.TYPE: 4, Act.REACT: 3, Act.STATUS: 2, Act.UPLOAD: 1},
    ),
}  # fmt: skip
