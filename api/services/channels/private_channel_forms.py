"""Bodies of requests about private channels: direct ones, and groups."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from api.forms.form import SnowflakeField
from api.forms.marks import unbuilt

_TOKENS: Final = "groups of OAuth2 tokens"
TokenPart = Annotated[Any, unbuilt(_TOKENS)]

_MOST_RECIPIENTS: Final = 1000
"""More than any setting of groups allows."""


class OpenPrivateChannel(msgspec.Struct, kw_only=True):
    """POST /users/@me/channels. Discord documents `recipient_id`; its own client sends `recipients`."""

    recipient_id: SnowflakeField | None = None
    recipients: Annotated[list[SnowflakeField], Meta(max_length=_MOST_RECIPIENTS)] | None = None
    access_tokens: TokenPart = None
    nicks: TokenPart = None

    @property
    def asked(self) -> list[int]:
        """The users that are asked for, each once."""
        return [self.recipient_id] if self.recipient_id is not None else list(dict.fromkeys(self.recipients or ()))


class AddRecipient(msgspec.Struct, kw_only=True):
    """PUT /channels/{channel}/recipients/{user}."""

    access_token: TokenPart = None
    nick: TokenPart = None
