"""The owners of a unit of work: the users and guilds that it answers for.

A unit checks, then acts. That is right only while nobody else changes what it has checked, so a unit names the owners
of all that it checks and changes, and units that name a common owner run one after another:

    a membership begins or ends   the user and the guild
    anything else of a guild      the guild
    a direct channel, a group     all recipients, and who is to become one
    a relationship                both users
    a user's public change        the user, and then each guild that shows it (`Transaction.lock`)

Owners are locked in one order, users before guilds and each ascending, so that no two units wait for each other (no id
is a user's and a guild's). For the same reason a unit that has named guilds cannot name more of them later. A store
with one writer needs no locks, as its units run alone, but it refuses an event of an owner who was not named: so what
is missing is found there too.

What is unique beyond one owner (usernames, vanity codes) is no matter of owners; the database's constraints decide.
"""

from collections.abc import Iterable

from core.wire.envelope import Envelope


class OwnerNotNamed(Exception):
    """A fault of the program: a unit of work announces an event, or locks a guild, against the rules of owners."""


class Owners:
    """The owners that one unit has named."""

    __slots__ = ("_guilds", "_users")

    def __init__(self, *, users: Iterable[int] = (), guilds: Iterable[int] = ()) -> None:
        self._users = frozenset(users)
        self._guilds = frozenset(guilds)

    def in_order(self) -> list[int]:
        """Return the ids in the order of their locks.

        Each is there once, for nobody can wait behind itself: a client may well name its user's id as a guild's.
        """
        return list(dict.fromkeys((*sorted(self._users), *sorted(self._guilds))))

    def add_guilds(self, guilds: Iterable[int]) -> list[int]:
        """Name guilds inside the unit; return their ids in the order of their locks.

        Raises:
            OwnerNotNamed: when the unit has named guilds before.
        """
        if self._guilds:
            raise OwnerNotNamed("a unit of work names its guilds once, in `write` or in `lock`")
        self._guilds = frozenset(guilds)
        return sorted(self._guilds)

    def check(self, envelope: Envelope) -> None:
        """Check that the envelope's owner was named.

        Raises:
            OwnerNotNamed
        """
        if envelope.guild_id:
            if envelope.guild_id not in self._guilds:
                raise OwnerNotNamed(f"{envelope.event}: the unit of work did not name guild {envelope.guild_id}")
        elif envelope.user_id not in self._users:
            raise OwnerNotNamed(f"{envelope.event}: the unit of work did not name user {envelope.user_id}")
