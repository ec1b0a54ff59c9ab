"""The rate limit's headers: the limit that an answer shows, and the caller's standing.

A route without a limit of its own shows the limit that every request counts against (`api.services.limits`).
"""

from msgspec import Struct

from api.http.scope import RATE_KEY, Scope
from core.live.interfaces import Standing


class Rate(Struct, frozen=True):
    """The content of the headers. `bucket` is the same for all requests of a route."""

    standing: Standing
    bucket: str


def show_wait(scope: Scope, wait_s: float) -> None:
    """Make the headers of a refusal show its wait: until then nothing is left of the limit."""
    rate: Rate | None = scope.get(RATE_KEY)
    if rate is not None:
        scope[RATE_KEY] = Rate(Standing(rate.standing.limit, 0, wait_s, wait_s), rate.bucket)


def encode_rate(rate: Rate, now_ms: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers."""
    standing = rate.standing
    return (
        (b"x-ratelimit-limit", b"%d" % standing.limit),
        (b"x-ratelimit-remaining", b"%d" % standing.remaining),
        (b"x-ratelimit-reset", b"%.3f" % (now_ms / 1000 + standing.reset_after_s)),
        (b"x-ratelimit-reset-after", b"%.3f" % standing.reset_after_s),
        (b"x-ratelimit-bucket", rate.bucket.encode()),
    )
