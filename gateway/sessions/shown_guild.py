"""A guild as READY shows it to a person's session."""

from typing import Final, NamedTuple

import msgspec

from gateway.payloads.shared_pairs import SharedPairs

NOBODY: Final = msgspec.Raw(b"[]")


class ShownGuild(NamedTuple):
    """The guild's `own` pairs as a JSON object, the `parts` that sessions share, and the people beside the guild."""

    guild_id: int
    own: bytes
    parts: tuple[SharedPairs, ...]
    member: msgspec.Raw
    """The session's own member."""
    members: msgspec.Raw = NOBODY
    """The listed members as a JSON list. The own one may be among them."""
    presences: msgspec.Raw = NOBODY
    """The presences of the listed members as a JSON list."""
