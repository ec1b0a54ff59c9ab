"""What the layers of the API leave for each other in a request's ASGI scope.

edge → gate (caller, rate) → handler (rate) → edge (rate's headers, metrics by template)
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

CALLER_KEY: Final = "guildway.caller"
"""The `Caller`; absent without a token."""

RATE_KEY: Final = "guildway.rate"
"""The `Rate` that the answer's headers tell."""

TEMPLATE_KEY: Final = "path_template"
"""The matched route's path with its parameters' names; absent when none matched."""

PATH_PARAMETERS_KEY: Final = "path_params"
"""The path's parameters as text; only of what the framework has routed."""
