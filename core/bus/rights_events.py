"""Whose rights an event may take away, as the doors of channels count it (`core.door`).

Rights are those of a guild, or of one of its members. What a person may write in private depends on who is in the
channel and on blocks, friendships and settings of those people, and is told to each of them: so it has the person's
place in no guild. People who are no friends may write because both are members of one guild. So the sender's check
names that guild, and what it needs is what two members of it need.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from core.domain.events import MEMBER_EVENTS, PRIVATE_RIGHTS_EVENTS, RIGHTS_EVENTS
from core.wire.envelope import Envelope

NO_GUILD: Final = 0
EVERYBODY: Final = 0
"""Stands for all members of a guild."""


class Rights(NamedTuple):
    """The rights of a user in a guild, of EVERYBODY there, or of a user in private channels."""

    guild_id: int
    user_id: int

    @property
    def name(self) -> str:
        """The field of the key `perm{s}` (`core.redis.keys`)."""
        return str(self.guild_id) if self.user_id == EVERYBODY else f"{self.guild_id}:{self.user_id}"


def needed_in_private(user_ids: Sequence[int], shared_guild_id: int) -> list[Rights]:
    """Return the rights by which a message between these users was allowed, by a guild that they share or by none."""
    needed = [Rights(NO_GUILD, user_id) for user_id in user_ids]
    if shared_guild_id:
        needed += (Rights(shared_guild_id, user_id) for user_id in (EVERYBODY, *user_ids))
    return needed


def find_changed_rights(envelope: Envelope) -> Rights | None:
    """Return the rights that the event may have changed; None for other events."""
    event, guild_id = envelope.event, envelope.guild_id
    if not guild_id:
        return Rights(NO_GUILD, envelope.user_id) if event in PRIVATE_RIGHTS_EVENTS else None
    if event not in RIGHTS_EVENTS:
        return None
    return Rights(guild_id, envelope.user_id if event in MEMBER_EVENTS else EVERYBODY)
