"""What ends a fetch without a result. Each error has a `reason`, one word, which is a label of a metric."""

from typing import ClassVar


class WebError(Exception):
    """The root of the tree."""

    reason: ClassVar[str] = "failed"


class RefusedTarget(WebError):
    """The address is none that this server fetches: its scheme, its port, or where its host is."""

    reason = "refused"


class FailedFetch(WebError):
    """The other server cannot be reached, breaks off, or answers with an error."""

    reason = "failed"


class LateFetch(WebError):
    """The other server takes longer than the bound."""

    reason = "late"


class TooManyRedirects(WebError):
    """The other server sends from place to place."""

    reason = "redirects"


class WrongContent(WebError):
    """The content is of a type or an encoding that is not read."""

    reason = "content"


class LargeContent(WebError):
    """The content is larger than the bound."""

    reason = "large"
