"""What every request passes between routing and its handler: who is it, and is it too much?

Runs as Litestar's `before_request`, that is after routing (the route is known) and before the body is read. It leaves the
`Caller` and the rate limit's standing in the ASGI scope, for `api.binding` and `api.edge`. A handler is for callers with a
token unless it says `opt={"public": True}`.
"""

import hashlib
from typing import Any, Final

from litestar import Request
from msgspec import Struct

from api.binding import CALLER_KEY
from api.limits import Limits, Standing
from api.services.authenticator import Authenticator
from core.domain.errors import RateLimited, Unauthorized

RATE_KEY: Final = "guildway.rate"
"""Where the `Rate` is left in the ASGI scope."""


class Rate(Struct, frozen=True):
    """What the rate limit's headers say. `bucket` is the same for all requests of a route."""

    standing: Standing
    bucket: str


class Gate:
    """Authenticates and counts."""

    __slots__ = ("_authenticator", "_buckets", "_limits")

    def __init__(self, *, authenticator: Authenticator, limits: Limits) -> None:
        self._authenticator = authenticator
        self._limits = limits
        self._buckets: dict[tuple[str, str], str] = {}

    async def admit(self, request: Request[Any, Any, Any]) -> None:
        """Raises Unauthorized or RateLimited."""
        scope: Any = request.scope
        if scope["method"] == "OPTIONS":  # answered by the framework; browsers send no token with it
            return
        header = find_authorization(scope["headers"])
        caller = await self._authenticator.find(header) if header else None
        route = (scope["method"], scope["path_template"])
        if caller is None:
            await self._count(scope, route, scope["client"][0] if scope["client"] else "")
            if not request.route_handler.opt.get("public"):
                raise Unauthorized
            return
        scope[CALLER_KEY] = caller
        await self._count(scope, route, caller.user_id)

    async def _count(self, scope: Any, route: tuple[str, str], who: int | str) -> None:
        standing = await self._limits.stand_request(who)
        if standing is not None:
            scope[RATE_KEY] = Rate(standing, self._bucket(route))
            if standing.retry_after_s:
                raise RateLimited(standing.retry_after_s, scope="global")

    async def show_message_rate(self, request: Request[Any, Any, Any], user_id: int, channel_id: int) -> None:
        """Let the answer's headers tell the standing of the message limits, which the service has counted against."""
        standing = await self._limits.look_message(user_id, channel_id)
        scope: Any = request.scope
        if standing is not None:
            scope[RATE_KEY] = Rate(standing, self._bucket((scope["method"], scope["path_template"])))

    def _bucket(self, route: tuple[str, str]) -> str:
        bucket = self._buckets.get(route)
        if bucket is None:
            bucket = self._buckets[route] = hashlib.sha256(" ".join(route).encode()).hexdigest()[:32]
        return bucket


def show_wait(scope: Any, wait_s: float) -> None:
    """Let the headers of a refusal tell its wait: whichever limit they told of, nothing is left until then."""
    rate: Rate | None = scope.get(RATE_KEY)
    if rate is not None:
        scope[RATE_KEY] = Rate(Standing(rate.standing.limit, 0, wait_s, wait_s), rate.bucket)


def find_authorization(headers: list[tuple[bytes, bytes]]) -> str:
    """The Authorization header, "" without one. Bytes that are no text stay what they are and match no token."""
    for name, value in headers:
        if name == b"authorization":
            return value.decode("utf-8", "surrogateescape")
    return ""
