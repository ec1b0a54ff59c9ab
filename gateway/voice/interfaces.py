"""The ways by which the gateway has voice states changed: by the API's service, in units of work of the guild."""

from typing import Protocol

from core.domain.guilds.voice_session import VoiceSession
from core.wire.voice_wish import VoiceWish


class VoiceEnds(Protocol):
    """Takes the voice states that are over, or may be. No method waits."""

    def note_rights(self, guild_id: int, user_id: int) -> None:
        """Note that a user in voice may have other rights than before."""

    def end(self, guild_id: int, user_id: int, session_id: str) -> None:
        """End the user's voice state if it still belongs to this session."""

    def settle(self, guild_id: int, user_id: int) -> None:
        """Bring the user's voice state in line with the user's present rights, or end it."""


class VoicePort(Protocol):
    """Changes voice states, with the checks of REST. The API tier implements it."""

    async def join_from_gateway(self, user_id: int, session_id: str, wish: VoiceWish) -> None:
        """Do what a client wishes (op 4).

        Raises:
            DomainError: when it may not. Nothing has changed then.
        """

    async def end_voice(self, guild_id: int, user_id: int, session_id: str) -> None:
        """End the user's voice state if it belongs to this session. The guild is 0 for a call. Raises Unavailable."""

    async def show_call(self, user_id: int, channel_id: int) -> bytes | None:
        """Return `d` of CALL_CREATE of a private channel's call, None when there is none for the user.

        Raises:
            Unavailable
        """

    async def show_statuses(self, user_id: int, guild_id: int) -> bytes | None:
        """Return `d` of CHANNEL_STATUSES, with the channels that the user views; None for who is no member.

        Raises:
            Unavailable
        """

    async def log_session(self, session: VoiceSession) -> None:
        """Keep a stay that is over, for the guild's log. Raises Unavailable."""

    async def move_idle(self, guild_id: int, user_id: int, channel_id: int) -> None:
        """Move somebody who is idle in this channel to the guild's AFK channel, if it may go there.

        Raises:
            Unavailable
        """

    async def settle_voice(self, guild_id: int, user_id: int) -> None:
        """Bring the user's voice state in line with the present rights, or end it. Raises Unavailable."""
