"""An address on the web as this server fetches it: http or https, a host, a permitted port, nobody's password.

The parser is yarl's, which the HTTP client uses as well, so what is checked here is what is requested. Where the host
is gets checked later, when its address is known (`core.web.connections`).
"""

import re
from typing import Final

from yarl import URL

from core.web.address_rules import AddressRules
from core.web.errors import RefusedTarget

MAX_URL: Final = 2048
"""The longest address, as in embeds of senders."""
_SCHEMES: Final = frozenset(("http", "https"))
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
"""A name as it is looked up, or an IP address without a scope."""


def parse_target(text: str, rules: AddressRules) -> URL:
    """Return the address without its fragment. Raises RefusedTarget."""
    if len(text) > MAX_URL:
        raise RefusedTarget("the address is too long")
    try:
        url = URL(text)
        host, port = url.raw_host, url.port
    except ValueError as error:  # yarl's for all that is no address, with UnicodeError of a host's name
        raise RefusedTarget(f"no address: {error}") from error
    _check(url, host, port, rules)
    return url.with_fragment(None)


def resolve_target(base: URL, text: str, rules: AddressRules) -> URL:
    """Return the address that a page or a redirect at `base` names. Raises RefusedTarget."""
    try:
        joined = str(base.join(URL(text.strip())))
    except ValueError as error:
        raise RefusedTarget(f"no address: {error}") from error
    return parse_target(joined, rules)


def _check(url: URL, host: str | None, port: int | None, rules: AddressRules) -> None:
    if url.scheme not in _SCHEMES:
        raise RefusedTarget("only http and https are fetched")
    if not host or _HOST.fullmatch(host) is None:
        raise RefusedTarget("the address has no host that can be looked up")
    if url.user is not None or url.password is not None:
        raise RefusedTarget("the address has a user or a password")
    if port is None or not rules.permits_port(port):
        raise RefusedTarget("the port is not permitted")
