"""What a person's client can do, as it says at Identify: the bits of `capabilities`.

Each bit changes the form of READY or of an event. A client that sends none, as all bots, gets the oldest form. Bits
that are not named here change nothing in this server. Source: the behaviour of people's clients.
"""

import enum
from typing import Final


class Capability(enum.IntFlag):
    """The bits that this server heeds."""

    LAZY_NOTES = 1 << 0
    """READY has no `notes`; the client asks for them."""
    VERSIONED_READ_STATES = 1 << 2
    """`read_state` is `{entries, partial, version}`, not a list."""
    VERSIONED_GUILD_SETTINGS = 1 << 3
    """`user_guild_settings` is such an object too."""
    DEDUPED_USERS = 1 << 4
    """Members and presences stand beside READY's guilds (`merged_members`), not in them."""
    PRIORITISED_READY = 1 << 5
    """READY has only one's own members; others follow in READY_SUPPLEMENTAL. Only with `DEDUPED_USERS`."""
    SETTINGS_PROTO = 1 << 9
    """Changes of the settings come as USER_SETTINGS_PROTO_UPDATE."""
    GUILD_PROPERTIES = 1 << 10
    """The fields of a guild stand in its `properties`."""
    PASSIVE_UPDATES = 1 << 11
    """Unread channels of a guild that is not looked at come as PASSIVE_UPDATE_V1, not as CHANNEL_UNREAD_UPDATE."""
    PASSIVE_UPDATES_2 = 1 << 14
    """They come as PASSIVE_UPDATE_V2."""


MAX_CAPABILITIES: Final = (1 << 31) - 1
"""More bits than any client has. A larger number is no set of bits and counts as none."""


def has(capabilities: int, capability: Capability) -> bool:
    """Return whether a client has a capability."""
    return bool(capabilities & capability)
