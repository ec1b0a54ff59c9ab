"""Bodies of requests about members and bans."""

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.forms.form import SnowflakeField
from api.forms.marks import as_set, text
from api.forms.moments import Moment
from core.domain import texts

Nick = Annotated[str, text(texts.NICK)]
MAX_DELETE_DAYS: Final = 7
MAX_DELETE_S: Final = MAX_DELETE_DAYS * 86_400
DeleteSeconds = Annotated[int, Meta(ge=0, le=MAX_DELETE_S)]
DeleteDays = Annotated[int, Meta(ge=0, le=MAX_DELETE_DAYS)]
DASHED_DAYS: Final = "delete-message-days"
"""The spelling of the API's first versions, which old libraries send."""


class UpdateMember(msgspec.Struct, kw_only=True):
    """PATCH /guilds/{guild}/members/{user}."""

    nick: Nick | UnsetType | None = UNSET
    roles: Annotated[list[SnowflakeField | None], as_set(350)] | UnsetType | None = UNSET
    mute: bool | UnsetType | None = UNSET
    deaf: bool | UnsetType | None = UNSET
    channel_id: SnowflakeField | UnsetType | None = UNSET
    communication_disabled_until: Moment | UnsetType | None = UNSET
    flags: Annotated[int, Meta(ge=0, le=0x7FFFFFFF)] | UnsetType | None = UNSET

    @property
    def is_about_voice(self) -> bool:
        """Whether it mutes, deafens or moves."""
        return isinstance(self.mute, bool) or isinstance(self.deaf, bool) or self.channel_id is not UNSET


class UpdateOwnMember(msgspec.Struct, kw_only=True):
    """PATCH /guilds/{guild}/members/@me."""

    nick: Nick | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    banner: str | UnsetType | None = UNSET
    bio: Annotated[str, text(texts.BIO)] | UnsetType | None = UNSET


class UpdateMemberProfile(UpdateOwnMember, kw_only=True):
    """PATCH /guilds/{guild}/profile/@me."""

    pronouns: Annotated[str, text(texts.PRONOUNS)] | UnsetType | None = UNSET


class UpdateOwnNick(msgspec.Struct, kw_only=True):
    """PATCH /guilds/{guild}/members/@me/nick, as older clients do."""

    nick: Nick | UnsetType | None = UNSET


class BanUser(msgspec.Struct, kw_only=True):
    """PUT /guilds/{guild}/bans/{user}."""

    delete_message_seconds: DeleteSeconds | None = None
    delete_message_days: DeleteDays | None = None
    dashed_days: DeleteDays | None = msgspec.field(name=DASHED_DAYS, default=None)
    reason: Annotated[str, text(texts.REASON)] | None = None
    """The reason of older clients, in place of the header."""

    @property
    def delete_s(self) -> int:
        """The age in seconds up to which the user's messages are deleted."""
        return compute_delete_s(self.delete_message_seconds, self.delete_message_days, self.dashed_days)


def compute_delete_s(seconds: int | None, days: int | None, dashed_days: int | None) -> int:
    """Return the age in seconds up to which messages are deleted. Older versions of the API have days."""
    return (days or dashed_days or 0) * 86_400 if seconds is None else seconds


class BanUsers(msgspec.Struct, kw_only=True):
    """POST /guilds/{guild}/bulk-ban."""

    user_ids: Annotated[list[SnowflakeField], as_set(200)]
    delete_message_seconds: DeleteSeconds | None = None


class PruneGuild(msgspec.Struct, kw_only=True):
    """POST /guilds/{guild}/prune."""

    days: Annotated[int, Meta(ge=1, le=30)] | None = None
    compute_prune_count: bool | None = None
    include_roles: Annotated[list[SnowflakeField], as_set(100)] | str | None = None
