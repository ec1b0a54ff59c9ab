"""The rate limit's headers: which limit an answer tells of, and where the caller stands with it.

On a route without a limit of its own they tell of the limit that every request counts against (`api.services.limits`).
"""

from msgspec import Struct

from api.http.scope import RATE_KEY, Scope
from api.services.limits import Standing


class Rate(Struct, frozen=True):
    """What the headers say. `bucket` is the same for all requests of a route."""

    standing: Standing
    bucket: str


def show_wait(scope: Scope, wait_s: float) -> None:
    """Let the headers of a refusal tell its wait: whichever limit they told of, nothing is left until then."""
    rate: Rate | None = scope.get(RATE_KEY)
    if rate is not None:
        scope[RATE_KEY] = Rate(Standing(rate.standing.limit, 0, wait_s, wait_s), rate.bucket)


def encode_rate(rate: Rate, now_ms: int) -> tuple[tuple[bytes, bytes], ...]:
    """The headers."""
    standing = rate.standing
    return (
        (b"x-ratelimit-limit", b"%d" % standing.limit),
        (b"x-ratelimit-remaining", b"%d" % standing.remaining),
        (b"x-ratelimit-reset", b"%.3f" % (now_ms / 1000 + standing.reset_after_s)),
        (b"x-ratelimit-reset-after", b"%.3f" % standing.reset_after_s),
        (b"x-ratelimit-bucket", rate.bucket.encode()),
    )
