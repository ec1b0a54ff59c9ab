"""The keys of a request's ASGI scope that the layers of the API use, and how they read it.

edge → router (template) → gate (caller, rate) → handler (rate) → edge (rate's headers, metrics by template)
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PREFIX: Final = "/api/v10"
"""The prefix of the API's routes."""

CALLER_KEY: Final = "guildway.caller"
"""The key of the `Caller`; absent without a token."""

STAFF_KEY: Final = "guildway.staff"
"""The key of the member of instance staff; absent but at routes of `/admin`."""

RATE_KEY: Final = "guildway.rate"
"""The key of the `Rate` that the answer's headers show."""

TEMPLATE_KEY: Final = "guildway.template"
"""The key of the matched route's path, with its parameters' names; absent when none matched."""


def find_header(scope: Scope, wanted: bytes) -> str:
    """Return the header's first value, or ""."""
    for name, value in scope["headers"]:
        if name == wanted:
            text: str = value.decode("latin-1")
            return text
    return ""


def address_of(scope: Scope) -> str:
    """Return the client's address, or ""."""
    client = scope["client"]
    return client[0] if client else ""
