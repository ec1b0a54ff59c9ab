"""A guild as READY shows it to a person's session."""

from typing import NamedTuple

import msgspec

from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.shared_text import SharedText


class ShownGuild(NamedTuple):
    """The guild's `own` pairs as a JSON object, the `parts` that sessions share, and the people beside the guild."""

    guild_id: int
    own: bytes
    parts: tuple[SharedPairs, ...]
    member: msgspec.Raw
    """The session's own member."""
    members: SharedText | None = None
    """The list of members, None when others are not listed. The own one may be among them."""
    presences: SharedText | None = None
    """The list of the members' presences."""
    channel_ids: frozenset[int] = frozenset()
    """The channels that the session views."""
    voice_states: SharedText | None = None
    """The list of who is in voice in these channels, None while nobody in the guild is. It is also among `parts`."""
