"""The gate between routing and handlers: it authenticates a request and counts it against the rate limit.

The gate runs after routing (the route is known) and before the body is read. It leaves the `Caller` and the rate
limit's standing in the ASGI scope, for `api.http.binding` and `api.http.edge`. A route needs a token unless it is
declared public.
"""

import hashlib
from collections.abc import Callable
from typing import Final

from api.http.rate_headers import Rate
from api.http.scope import CALLER_KEY, RATE_KEY, TEMPLATE_KEY, Scope, address_of
from api.services.accounts.authenticator import Authenticator
from api.services.caller import Caller
from api.services.limits import Limits
from core.domain.errors import RateLimited, Unauthorized
from core.door.interfaces import Door
from core.live.interfaces import Standing

_READS: Final = frozenset({"GET", "HEAD"})


class Gate:
    """Authenticates requests and counts them."""

    __slots__ = ("_authenticator", "_buckets", "_door", "_forget", "_limits")

    def __init__(self, *, authenticator: Authenticator, limits: Limits, door: Door, forget: Callable[[], None]) -> None:
        """`forget` drops what this process remembers of entities, when that may be older than a request."""
        self._forget = forget
        self._authenticator = authenticator
        self._limits = limits
        self._door = door
        self._buckets: dict[tuple[str, str], str] = {}

    async def admit(self, scope: Scope, *, is_public: bool) -> None:
        """Authenticate a request and count it. Raises Unauthorized or RateLimited."""
        changes = self._authenticator.changes
        caller = await self.find_caller(scope)
        await self.count(scope, address_of(scope) if caller is None else caller.user_id)
        if caller is None:
            if not is_public:
                raise Unauthorized
        elif changes != self._authenticator.changes:
            await self.confirm(scope)

    async def find_caller(self, scope: Scope) -> Caller | None:
        """Find the account of the request's token, and leave it in the scope."""
        caller: Caller | None = scope.get(CALLER_KEY)
        if caller is None:
            header = find_authorization(scope["headers"])
            caller = await self._authenticator.find(header) if header else None
            if caller is not None:
                scope[CALLER_KEY] = caller
        return caller

    def finds_known_caller(self, scope: Scope) -> bool:
        """Tell whether the request's token has been seen before, and leave its account in the scope then."""
        header = find_authorization(scope["headers"])
        caller = self._authenticator.find_known(header) if header else None
        if caller is not None:
            scope[CALLER_KEY] = caller
        return caller is not None

    @property
    def changes(self) -> int:
        """A number that rises when an auth session ends or an account changes. Until then, found callers stay valid."""
        return self._authenticator.changes

    async def confirm(self, scope: Scope) -> None:
        """Look the caller up again, after a slow body. Raises Unauthorized when the auth session has ended."""
        if scope.pop(CALLER_KEY, None) is not None and await self.find_caller(scope) is None:
            raise Unauthorized

    async def count(self, scope: Scope, who: int | str) -> None:
        """Count a request of this user id or address. Raises RateLimited."""
        passage = await self._limits.admit_request(who, is_read=scope["method"] in _READS)
        if not passage.is_current:
            self._forget()
        standing = passage.standing
        if standing is not None:
            scope[RATE_KEY] = Rate(standing, self._bucket(scope))
            if standing.retry_after_s:
                raise RateLimited(standing.retry_after_s, scope="global")

    async def show_message_rate(self, scope: Scope, user_id: int, channel_id: int) -> None:
        """Make the headers of a refusal show the message limits."""
        self.show_rate(scope, await self._door.look(user_id, channel_id))

    async def count_reaction(self, scope: Scope, user_id: int, channel_id: int) -> None:
        """Count a change of reactions, and make the answer's headers show that limit. Raises RateLimited."""
        standing = await self._limits.take_reaction(user_id, channel_id)
        self.show_rate(scope, standing)
        if standing is not None and standing.retry_after_s:
            raise RateLimited(standing.retry_after_s)

    def show_rate(self, scope: Scope, standing: Standing | None) -> None:
        """Make the answer's headers show this limit, and not that of all requests. None leaves them as they are."""
        if standing is not None:
            scope[RATE_KEY] = Rate(standing, self._bucket(scope))

    def _bucket(self, scope: Scope) -> str:
        route = (scope["method"], scope[TEMPLATE_KEY])
        bucket = self._buckets.get(route)
        if bucket is None:
            bucket = self._buckets[route] = hashlib.sha256(" ".join(route).encode()).hexdigest()[:32]
        return bucket


def find_authorization(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the Authorization header, or "". Bytes that are not UTF-8 are kept as they are and match no token."""
    for name, value in headers:
        if name == b"authorization":
            return value.decode("utf-8", "surrogateescape")
    return ""
