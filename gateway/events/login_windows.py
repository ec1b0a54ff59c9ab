"""The windows of login reads: the events that pass while logins are read from the store.

The user of a login is not known before the read, so nothing can hold the user's events or keep the memberships up to
date meanwhile. Instead a window notes everything from the beginning of a read until its logins are taken: the users'
events, the memberships that changed, and the guilds that were loaded. A row that was read within the window may be
older than any of them.

Owns the open windows.
"""

from collections.abc import Sequence

from core.wire.envelope import Envelope


class Window:
    """The events that have passed since one read began."""

    __slots__ = ("_events", "_guilds", "_left", "_members")

    def __init__(self, logins: int) -> None:
        self._left = logins
        self._events: dict[int, list[Envelope]] = {}
        self._guilds: set[int] = set()
        self._members: set[tuple[int, int]] = set()

    def note_user(self, envelope: Envelope) -> None:
        """Note an event for a user, before its actor gets it."""
        self._events.setdefault(envelope.user_id, []).append(envelope)

    def note_member(self, guild_id: int, user_id: int) -> None:
        """Note a membership that is about to change in its guild's actor."""
        self._members.add((guild_id, user_id))

    def note_guild(self, guild_id: int) -> None:
        """Note that a guild has been loaded: its actor skips the events that its snapshot has already."""
        self._guilds.add(guild_id)

    def events_of(self, user_id: int) -> Sequence[Envelope]:
        """Return the user's events that have passed."""
        return self._events.get(user_id, ())

    def is_current(self, guild_id: int, user_id: int) -> bool:
        """Return whether a row of this membership, read within the window, is as new as the guild's actor."""
        return guild_id not in self._guilds and (guild_id, user_id) not in self._members

    def end_one(self) -> bool:
        """Count one of the read's logins as taken. Return whether it was the last one."""
        self._left -= 1
        return not self._left


class LoginWindows:
    __slots__ = ("_windows",)

    def __init__(self) -> None:
        self._windows: list[Window] = []

    def open(self, logins: int) -> Window:
        """Open a window for a read of so many logins that is about to begin."""
        window = Window(logins)
        self._windows.append(window)
        return window

    def close(self, window: Window) -> None:
        """Count one login of the read as taken. The window closes with the last one."""
        if window.end_one():
            self._windows.remove(window)

    def note_user(self, envelope: Envelope) -> None:
        """Note an event for a user, before its actor gets it."""
        for window in self._windows:
            window.note_user(envelope)

    def note_member(self, guild_id: int, user_id: int) -> None:
        """Note a membership that is about to change in its guild's actor."""
        for window in self._windows:
            window.note_member(guild_id, user_id)

    def note_guild(self, guild_id: int) -> None:
        """Note that a guild has been loaded."""
        for window in self._windows:
            window.note_guild(guild_id)
