"""What people have set for themselves (`core.domain.people.preferences`)."""

from collections.abc import Collection
from typing import Protocol

from core.domain.people.preferences import GuildSettings, Preferences, UserSettings


class PreferenceReader(Protocol):
    async def find_many(self, user_ids: Collection[int]) -> dict[int, Preferences]:
        """Return all preferences of each of these users. Many cost hardly more than one."""

    async def find_settings(self, user_id: int) -> UserSettings:
        """Return a user's settings: those of a new account when nothing was set."""

    async def find_guild_settings(self, user_id: int, guild_id: int) -> GuildSettings | None:
        """Find a user's settings of one guild."""

    async def find_note(self, user_id: int, about_id: int) -> str | None:
        """Find a user's note about another."""

    async def list_notes(self, user_id: int) -> dict[int, str]:
        """Return a user's notes, keyed by the user whom each is about."""


class PreferenceWriter(PreferenceReader, Protocol):
    async def put_settings(self, settings: UserSettings) -> None:
        """Add a user's settings, or replace them. The user exists."""

    async def put_guild_settings(self, settings: GuildSettings) -> None:
        """Add settings of a guild, or replace them. The user exists."""

    async def put_note(self, user_id: int, about_id: int, note: str) -> None:
        """Add a note, replace it, or delete it when it is empty. Both users exist."""

    async def forget(self, user_id: int) -> None:
        """Delete all that a user has set, and the notes that they have written. Notes about them stay."""
