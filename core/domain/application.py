"""Applications, to which bots belong."""

import msgspec

GATEWAY_PRESENCE = 1 << 12
GATEWAY_PRESENCE_LIMITED = 1 << 13
GATEWAY_GUILD_MEMBERS = 1 << 14
GATEWAY_GUILD_MEMBERS_LIMITED = 1 << 15
GATEWAY_MESSAGE_CONTENT = 1 << 18
GATEWAY_MESSAGE_CONTENT_LIMITED = 1 << 19

OPENS_PRESENCES = GATEWAY_PRESENCE | GATEWAY_PRESENCE_LIMITED
OPENS_MEMBERS = GATEWAY_GUILD_MEMBERS | GATEWAY_GUILD_MEMBERS_LIMITED
OPENS_CONTENT = GATEWAY_MESSAGE_CONTENT | GATEWAY_MESSAGE_CONTENT_LIMITED
"""Flags for privileged intents, one for verified bots and one for small ones. Either is enough."""

PRIVILEGED_FLAGS = GATEWAY_PRESENCE_LIMITED | GATEWAY_GUILD_MEMBERS_LIMITED | GATEWAY_MESSAGE_CONTENT_LIMITED
"""The privileged intents that a bot may ask for. A new application has all; `PATCH /applications/@me` changes them."""


class Application(msgspec.Struct, kw_only=True, frozen=True):
    """An application; its bot user, when it has one, carries the same id."""

    id: int
    owner_id: int
    name: str
    description: str = ""
    icon: str | None = None
    bot_id: int | None = None
    bot_public: bool = True
    bot_require_code_grant: bool = False
    verify_key: str = ""
    flags: int = PRIVILEGED_FLAGS
    tags: tuple[str, ...] = ()
    interactions_endpoint_url: str | None = None
    role_connections_verification_url: str | None = None
