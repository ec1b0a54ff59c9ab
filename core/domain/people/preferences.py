"""What a person has set for itself and its devices: settings, settings of guilds, notes about others.

Settings are the client's. This server keeps them, hands them to the person's other clients, and acts on few: the
status, and who may write to the person and ask to be a friend.
"""

from collections.abc import Mapping

import msgspec

NO_GUILD = 0
"""The `guild_id` of the settings of direct messages."""


class UserSettings(msgspec.Struct, kw_only=True, frozen=True):
    """The settings of one person, in the two forms that clients have. What both have changes in both at once."""

    user_id: int
    changed: str = "{}"
    """The older form: a JSON object of the settings that are not as in a new account."""
    preloaded_proto: bytes = b""
    """The newer form: the protobuf that clients need at once (`core.domain.people.settings`)."""
    frecency_proto: bytes = b""
    """The protobuf that clients load later: what is used often."""
    notification_flags: int = 0
    pronouns: str = ""
    read_receipts: bool = False
    """Whether others in direct channels may see how far the person has read, and the person how far they have."""
    peer_to_peer: bool = False
    """Whether calls may go from client to client, which shows the person's address to the others in the call."""


class GuildSettings(msgspec.Struct, kw_only=True, frozen=True):
    """A person's settings of one guild, or of direct messages."""

    user_id: int
    guild_id: int
    entry: str
    """A JSON object, as `core.wire.objects.people.guild_settings` has it."""
    version: int = 0
    """The number of changes so far."""


class Preferences(msgspec.Struct, kw_only=True, frozen=True):
    """All of one person."""

    settings: UserSettings
    guild_settings: tuple[GuildSettings, ...] = ()
    notes: Mapping[int, str] = {}
    """The notes, keyed by the user whom each is about."""
