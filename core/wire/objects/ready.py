"""READY on the wire."""

import msgspec

from core.wire.objects.channel import DirectChannelObject
from core.wire.objects.user import OwnUserObject


class UnavailableGuild(msgspec.Struct, kw_only=True):
    """A guild whose GUILD_CREATE follows."""

    id: str
    unavailable: bool = True


class ReadyApplication(msgspec.Struct, kw_only=True):
    """The application of a bot."""

    id: str
    flags: int


class Ready(msgspec.Struct, kw_only=True):
    """The part of READY that is a session's own. `gateway.login.ready` adds the pairs that are the same for all."""

    user: OwnUserObject
    guilds: list[UnavailableGuild]
    session_id: str
    resume_gateway_url: str
    shard: tuple[int, int] | msgspec.UnsetType = msgspec.UNSET
    application: ReadyApplication | msgspec.UnsetType = msgspec.UNSET
    private_channels: list[DirectChannelObject]
