"""What passes while logins are read from the store.

A login is read before anybody knows which user it is, so nothing can hold that user's events, and nothing keeps its memberships up
to date. Instead everything that passes from the beginning of a read until its logins are taken is noted in the read's window: the
users' events, the memberships that changed, and the guilds that were loaded. A row that was read meanwhile may be older than
any of them.

Owns the windows that are open.
"""

from collections.abc import Sequence

from core.wire.envelope import Envelope


class Window:
    """What passed since one read began."""

    __slots__ = ("_events", "_guilds", "_left", "_members")

    def __init__(self, logins: int) -> None:
        self._left = logins
        self._events: dict[int, list[Envelope]] = {}
        self._guilds: set[int] = set()
        self._members: set[tuple[int, int]] = set()

    def note_user(self, envelope: Envelope) -> None:
        """An event for a user is about to be handed to the user's actor."""
        self._events.setdefault(envelope.user_id, []).append(envelope)

    def note_member(self, guild_id: int, user_id: int) -> None:
        """A membership is about to change in its guild's actor."""
        self._members.add((guild_id, user_id))

    def note_guild(self, guild_id: int) -> None:
        """A guild has been loaded: its actor passes over the events that its snapshot has in it already."""
        self._guilds.add(guild_id)

    def events_of(self, user_id: int) -> Sequence[Envelope]:
        """The user's events that passed."""
        return self._events.get(user_id, ())

    def is_current(self, guild_id: int, user_id: int) -> bool:
        """Whether a row of this membership, read within the window, is as new as the guild's actor."""
        return guild_id not in self._guilds and (guild_id, user_id) not in self._members

    def end_one(self) -> bool:
        """One of the read's logins is taken. Whether it was the last one."""
        self._left -= 1
        return not self._left


class LoginWindows:
    """See the module."""

    __slots__ = ("_windows",)

    def __init__(self) -> None:
        self._windows: list[Window] = []

    def open(self, logins: int) -> Window:
        """A window for a read of so many logins, which is about to begin."""
        window = Window(logins)
        self._windows.append(window)
        return window

    def close(self, window: Window) -> None:
        """One login of the read is taken; with the last one the window closes."""
        if window.end_one():
            self._windows.remove(window)

    def note_user(self, envelope: Envelope) -> None:
        """An event for a user is about to be handed to the user's actor."""
        for window in self._windows:
            window.note_user(envelope)

    def note_member(self, guild_id: int, user_id: int) -> None:
        """A membership is about to change in its guild's actor."""
        for window in self._windows:
            window.note_member(guild_id, user_id)

    def note_guild(self, guild_id: int) -> None:
        """A guild has been loaded."""
        for window in self._windows:
            window.note_guild(guild_id)
