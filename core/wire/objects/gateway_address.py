"""The gateway's address on the wire."""

import msgspec


class SessionStartLimit(msgspec.Struct, kw_only=True):
    """The number of times that a bot may identify. `reset_after` is in milliseconds."""

    total: int
    remaining: int
    reset_after: int
    max_concurrency: int


class GatewayObject(msgspec.Struct, kw_only=True):
    """GET /gateway."""

    url: str


class BotGatewayObject(msgspec.Struct, kw_only=True):
    """GET /gateway/bot."""

    url: str
    shards: int
    session_start_limit: SessionStartLimit
