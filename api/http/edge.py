"""The outermost layer of the API, the ASGI application: it handles what all requests share, matched by a route or not.

- Addresses are rewritten to the canonical ones (`api.http.addresses`) before routing.
- HEAD is GET without its body.
- Pages of other origins may call, also with credentials: their browsers' preflights are answered, and every answer
  says so. No cookie is a proof of identity, so a page can do no more than the token allows that it was given.
- Bounds: too many or too long headers (431), NUL in an address (400), too many invalid requests from one client address
  (429). A request with a good token passes the last one, as it is not responsible for its neighbours.
- Answers get a date and the rate limit's headers, and no body headers with 204. Status and duration go into the
  metrics, and into the access log if there is one.
"""

from collections.abc import Iterable
from typing import Any, Final

from api.http.addresses import is_canonical, rewrite_path
from api.http.answers import Answer
from api.http.date_header import DateHeader
from api.http.errors import HeadersTooLarge, refuse
from api.http.gate import Gate
from api.http.rate_headers import Rate, encode_rate
from api.http.router import Router
from api.http.scope import CALLER_KEY, RATE_KEY, STAFF_KEY, TEMPLATE_KEY, Message, Receive, Scope, Send, address_of
from api.services.administration.staff_authenticator import Staff
from api.services.caller import Caller
from api.services.limits import Limits
from core.domain.errors import DomainError, Invalid, RateLimited
from core.runtime.access_log import AccessLog
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.runtime.traces.request import CURRENT

MAX_HEADERS_BYTES: Final = 32 * 1024
"""The bound of all names and values. Tokens, encoded reasons (512 characters) and proxies' additions fit many times."""

_COUNTED_AS_INVALID: Final = frozenset({401, 403, 429})
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_UNMATCHED: Final = "unmatched"

_EXPOSED: Final = (
    b"access-control-expose-headers",
    (
        b"Date, Retry-After, X-RateLimit-Global, X-RateLimit-Scope, X-RateLimit-Bucket, X-RateLimit-Limit, "
        b"X-RateLimit-Remaining, X-RateLimit-Reset, X-RateLimit-Reset-After, Content-Length, Content-Range, ETag"
    ),
)
"""The headers that pages may read. With credentials an asterisk would be a plain name."""

_FOR_ANY_ORIGIN: Final = ((b"access-control-allow-origin", b"*"), (b"vary", b"Origin"), _EXPOSED)
"""The headers of answers to requests that name no origin, as a cache may give an answer to another client."""
_FOR_THAT_ORIGIN: Final = ((b"access-control-allow-credentials", b"true"), (b"vary", b"Origin"), _EXPOSED)
"""The headers beside the name of the origin that has asked: with credentials browsers refuse the asterisk."""

_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        (
            b"Authorization, Content-Type, X-Super-Properties, X-Discord-Locale, X-Discord-Timezone, "
            b"X-Audit-Log-Reason, X-Captcha-Key, X-Fingerprint, X-Context-Properties, X-Debug-Options, "
            b"X-Installation-ID, Range, *"
        ),
    ),
    (b"access-control-max-age", b"86400"),
)
"""The headers of requests are named, since without credentials alone the asterisk stands for others."""


class InvalidApiVersion(DomainError):
    """The path names an API version that Discord does not serve."""

    code = 50041
    message = "Invalid API version provided"


class Edge:
    """Wraps the router."""

    __slots__ = ("_access_log", "_clock", "_date", "_gate", "_limits", "_metrics", "_router", "_timers")

    def __init__(
        self,
        *,
        router: Router,
        gate: Gate,
        limits: Limits,
        clock: Clock,
        metrics: Metrics,
        access_log: AccessLog | None = None,
    ) -> None:
        self._access_log = access_log
        self._router = router
        self._gate = gate
        self._limits = limits
        self._clock = clock
        self._date = DateHeader()
        self._metrics = metrics
        self._timers: dict[tuple[str, str, int], Any] = {}
        """The histogram's children. A lookup by labels costs more than an observation."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_s = self._clock.monotonic_s()
        status = 500
        asked = scope
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope = {**scope, "method": "GET"}
        try:
            answer = await self._find_answer(scope, receive)
            status = answer.status
            if answer.stream is not None:
                await answer.stream(asked, self._finish_stream(scope, answer, send))
                status = answer.status
                return
            await send({"type": "http.response.start", "status": status, "headers": self._finish(scope, answer)})
            await send({"type": "http.response.body", "body": b"" if is_head else answer.body})
        finally:
            self._observe(scope, status, self._clock.monotonic_s() - started_s)
        if status in _COUNTED_AS_INVALID and CALLER_KEY not in scope and STAFF_KEY not in scope:
            await self._limits.count_invalid(address_of(scope))

    def _finish_stream(self, scope: Scope, answer: Answer, send: Send) -> Send:
        """Return a `send` that notes the status of a stream, and gives it the headers of every answer."""

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
                message = {**message, "headers": self._finish(scope, answer)}
            await send(message)

        return send_on

    async def _find_answer(self, scope: Scope, receive: Receive) -> Answer:
        refusal = self._prepare(scope)
        if refusal is not None:
            return refuse(scope, refusal)
        if scope["method"] == "OPTIONS" and is_preflight(scope["headers"]):
            return Answer.empty(*_PREFLIGHT)
        # An address that is shut out may still send good tokens, so there is nothing to ask for one that is known.
        blocked_s = 0.0 if self._gate.finds_known_caller(scope) else await self._limits.find_block(address_of(scope))
        if blocked_s and (refusal := await self._judge_blocked(scope, blocked_s)) is not None:
            return refuse(scope, refusal)
        return await self._router.answer(scope, receive)

    async def _judge_blocked(self, scope: Scope, blocked_s: float) -> DomainError | None:
        """Return the refusal of a request whose client address is blocked, or None."""
        try:
            if await self._gate.find_caller(scope) is not None:
                return None
        except DomainError as error:
            return error
        self._limits.tell_block(address_of(scope))
        return RateLimited(blocked_s, scope="global")

    def _prepare(self, scope: Scope) -> DomainError | None:
        """Prepare the scope for routing, or return the refusal."""
        if _measure(scope["headers"]) > MAX_HEADERS_BYTES:
            return HeadersTooLarge()
        path = scope["path"]
        if "\x00" in path or b"%00" in scope["query_string"]:
            return Invalid(message="Addresses may not hold NUL characters.")
        if not is_canonical(path):
            rewritten = rewrite_path(path)
            if rewritten is None:
                return InvalidApiVersion()
            scope["path"] = rewritten
        return None

    def _finish(self, scope: Scope, answer: Answer) -> list[tuple[bytes, bytes]]:
        now_ms = self._clock.now_ms()
        headers = [*answer.headers, self._date.at(now_ms), *_cross_origin(scope)]
        rate: Rate | None = scope.get(RATE_KEY)
        if rate is not None:
            headers += encode_rate(rate, now_ms)
        return headers

    def _observe(self, scope: Scope, status: int, duration_s: float) -> None:
        method = scope["method"]
        key = (scope.get(TEMPLATE_KEY, _UNMATCHED), method if method in _METHODS else "OTHER", status)
        timer = self._timers.get(key)
        if timer is None:
            timer = self._metrics.api.api_latency_seconds.labels(key[0], key[1], str(status))
            self._timers[key] = timer
        timer.observe(duration_s)
        if self._access_log is not None:
            self._log(self._access_log, scope, status, duration_s)

    def _log(self, log: AccessLog, scope: Scope, status: int, duration_s: float) -> None:
        caller: Caller | None = scope.get(CALLER_KEY)
        staff: Staff | None = scope.get(STAFF_KEY)
        request = CURRENT.get()
        log.write(
            at_ms=self._clock.now_ms(),
            method=scope["method"],
            route=scope.get(TEMPLATE_KEY, _UNMATCHED),
            status=status,
            duration_s=duration_s,
            user_id=None if caller is None else caller.user_id,
            staff_id=None if staff is None else staff.actor_id,
            trace_id="" if request is None else request.trace_id,
        )


def _cross_origin(scope: Scope) -> Iterable[tuple[bytes, bytes]]:
    for name, value in scope["headers"]:
        if name == b"origin":
            return ((b"access-control-allow-origin", value), *_FOR_THAT_ORIGIN)
    return _FOR_ANY_ORIGIN


def _measure(headers: Iterable[tuple[bytes, bytes]]) -> int:
    size_bytes = 0
    for name, value in headers:
        size_bytes += len(name) + len(value)
    return size_bytes


def is_preflight(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell whether the request is a browser's preflight for a page of another origin; it carries no token."""
    return {b"origin", b"access-control-request-method"} <= {name for name, _ in headers}
