"""A person's sessions at the gateway on the wire, as the person's own clients show them: READY and SESSIONS_REPLACE."""

from typing import Any

import msgspec


class SessionClient(msgspec.Struct, kw_only=True):
    """The client of a session: `client` is desktop, mobile or web."""

    client: str
    os: str
    version: int = 0


class SessionObject(msgspec.Struct, kw_only=True):
    """One session."""

    session_id: str
    status: str
    activities: list[dict[str, Any]]
    client_info: SessionClient
    active: bool = True
    """Whether the user is at this client."""
