"""What the layers of the API read from a request's ASGI scope, and leave there for each other.

edge → router (template) → gate (caller, rate) → handler (rate) → edge (rate's headers, metrics by template)
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PREFIX: Final = "/api/v10"
"""Where the API's routes stand."""

CALLER_KEY: Final = "guildway.caller"
"""The `Caller`; absent without a token."""

RATE_KEY: Final = "guildway.rate"
"""The `Rate` that the answer's headers tell."""

TEMPLATE_KEY: Final = "guildway.template"
"""The matched route's path with its parameters' names; absent when none matched."""


def find_header(scope: Scope, wanted: bytes) -> str:
    """The header's first value, "" without one."""
    for name, value in scope["headers"]:
        if name == wanted:
            text: str = value.decode("latin-1")
            return text
    return ""


def address_of(scope: Scope) -> str:
    """The client's address, "" when it has none."""
    client = scope["client"]
    return client[0] if client else ""
