"""READY on the wire, of bots and of people, and READY_SUPPLEMENTAL."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from core.wire.objects.channels.channel import DirectChannelObject
from core.wire.objects.people.presence import PresenceObject
from core.wire.objects.people.relationship import RelationshipObject
from core.wire.objects.people.session import SessionObject
from core.wire.objects.people.user import OwnUserObject, UserObject
from core.wire.objects.people.user_settings import UserSettingsObject


class UnavailableGuild(msgspec.Struct, kw_only=True):
    """A guild whose GUILD_CREATE follows."""

    id: str
    unavailable: bool = True


class ReadyApplication(msgspec.Struct, kw_only=True):
    """The application of a bot."""

    id: str
    flags: int


class Ready(msgspec.Struct, kw_only=True):
    """What READY of a bot has of its own. `gateway.login.ready` adds the pairs that are the same for all."""

    user: OwnUserObject
    guilds: list[UnavailableGuild]
    session_id: str
    resume_gateway_url: str
    shard: tuple[int, int] | UnsetType = UNSET
    application: ReadyApplication | UnsetType = UNSET


class VersionedList(msgspec.Struct, kw_only=True):
    """A list that clients keep from login to login. This server always sends it whole."""

    entries: Sequence[msgspec.Struct]
    partial: bool = False
    version: int = 0


class NotificationSettings(msgspec.Struct, kw_only=True):
    """The settings of notifications on all devices."""

    flags: int = 0


class MergedPresences(msgspec.Struct, kw_only=True):
    """The presences of friends, and of others for each guild in the order of READY's guilds."""

    guilds: Sequence[msgspec.Raw]
    friends: Sequence[PresenceObject] = ()


class PersonsReady(msgspec.Struct, kw_only=True):
    """What READY of a person has of its own. `gateway.login.peoples_ready` adds guilds and everybody's pairs."""

    user: OwnUserObject
    users: Sequence[UserObject]
    session_id: str
    resume_gateway_url: str
    shard: tuple[int, int] | UnsetType = UNSET
    auth_session_id_hash: str
    static_client_session_id: str
    sessions: Sequence[SessionObject]
    private_channels: Sequence[DirectChannelObject]
    relationships: Sequence[RelationshipObject]
    presences: Sequence[PresenceObject] = ()
    """The friends', for clients without `merged_presences`."""
    read_state: VersionedList | Sequence[msgspec.Struct]
    user_guild_settings: VersionedList | Sequence[msgspec.Struct]
    user_settings: UserSettingsObject
    user_settings_proto: str
    notification_settings: NotificationSettings
    notes: Mapping[str, str] | UnsetType = UNSET
    merged_members: Sequence[msgspec.Raw | Sequence[msgspec.Raw]]
    merged_presences: MergedPresences | UnsetType = UNSET


class SupplementalGuild(msgspec.Struct, kw_only=True):
    """What READY_SUPPLEMENTAL adds to a guild."""

    id: str
    voice_states: msgspec.Raw
    """The list of who is in voice in the channels that the session views."""
    activity_instances: Sequence[msgspec.Raw] = ()


class ReadySupplemental(msgspec.Struct, kw_only=True):
    """READY_SUPPLEMENTAL without `merged_members` and `merged_presences`. Lists have the order of READY's guilds."""

    guilds: Sequence[SupplementalGuild]
    lazy_private_channels: Sequence[DirectChannelObject] = ()
    disclose: Sequence[str] = ()
