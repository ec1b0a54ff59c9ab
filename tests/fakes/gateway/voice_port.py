"""A `VoicePort` that keeps its calls."""

from core.wire.voice_wish import VoiceWish


class FakeVoicePort:
    """A fake port: nothing changes."""

    def __init__(self) -> None:
        self.wishes: list[tuple[int, str, VoiceWish]] = []
        self.ended: list[tuple[int, int, str]] = []
        self.settled: list[tuple[int, int]] = []

    async def join_from_gateway(self, user_id: int, session_id: str, wish: VoiceWish) -> None:
        """Keep a wish."""
        self.wishes.append((user_id, session_id, wish))

    async def end_voice(self, guild_id: int, user_id: int, session_id: str) -> None:
        """Keep an end."""
        self.ended.append((guild_id, user_id, session_id))

    async def settle_voice(self, guild_id: int, user_id: int) -> None:
        """Keep a question."""
        self.settled.append((guild_id, user_id))
