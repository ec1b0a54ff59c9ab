"""A `VoicePort` that keeps its calls."""

from core.domain.guilds.voice_session import VoiceSession
from core.wire.voice_wish import VoiceWish


class FakeVoicePort:
    """A fake port: nothing changes."""

    def __init__(self) -> None:
        self.wishes: list[tuple[int, str, VoiceWish]] = []
        self.ended: list[tuple[int, int, str]] = []
        self.calls: dict[int, bytes] = {}
        """What is shown of each channel's call."""
        self.logged: list[VoiceSession] = []
        self.moved: list[tuple[int, int, int]] = []
        self.settled: list[tuple[int, int]] = []

    async def join_from_gateway(self, user_id: int, session_id: str, wish: VoiceWish) -> None:
        """Keep a wish."""
        self.wishes.append((user_id, session_id, wish))

    async def end_voice(self, guild_id: int, user_id: int, session_id: str) -> None:
        """Keep an end."""
        self.ended.append((guild_id, user_id, session_id))

    async def show_call(self, user_id: int, channel_id: int) -> bytes | None:
        """Show the channel's call."""
        return self.calls.get(channel_id)

    async def show_statuses(self, user_id: int, guild_id: int) -> bytes | None:
        """Show that there are none."""
        return b'{"guild_id":"%d","channels":[]}' % guild_id

    async def log_session(self, session: VoiceSession) -> None:
        """Keep a stay."""
        self.logged.append(session)

    async def move_idle(self, guild_id: int, user_id: int, channel_id: int) -> None:
        """Keep a move."""
        self.moved.append((guild_id, user_id, channel_id))

    async def settle_voice(self, guild_id: int, user_id: int) -> None:
        """Keep a question."""
        self.settled.append((guild_id, user_id))
