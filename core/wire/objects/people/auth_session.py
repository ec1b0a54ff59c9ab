"""Auth sessions on the wire."""

import msgspec


class FirstSettings(msgspec.Struct, kw_only=True):
    """The settings that a client needs before it is at the gateway."""

    locale: str
    theme: str


class LoginObject(msgspec.Struct, kw_only=True):
    """The answer to a registration, and to a request that logs in: the token of a new auth session."""

    token: str
    user_id: str
    user_settings: FirstSettings


class ClientInfo(msgspec.Struct, kw_only=True):
    """The client of an auth session, as far as it is known."""

    os: str | None = None
    platform: str | None = None
    location: str | None = None
    version: str | None = None


class SessionObject(msgspec.Struct, kw_only=True):
    """One auth session of the caller."""

    id: str
    id_hash: str
    approx_last_used_time: str
    created_at: str
    is_current: bool
    client_info: ClientInfo
    status: str = "unknown"
    """The auth session's presence, which is not known of a single one."""
    activities: list[str] = []
    client_status: dict[str, str] = {}
    last_seen: str
    last_seen_ip: str | None = None
    last_seen_location: str | None = None
    last_seen_location_info: None = None


class SessionList(msgspec.Struct, kw_only=True):
    """GET /auth/sessions."""

    user_sessions: list[SessionObject]
