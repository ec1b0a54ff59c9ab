"""The fetching of what strangers' messages name, from servers that may be strangers' too.

Nothing of this server goes with a request: no cookie, no proxy's or netrc's password, no referrer. Each redirect is a
new request whose target is checked like the first. Times, sizes and redirects are bounded, and connections are as
`core.web.connections` says.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import msgspec
from yarl import URL

from core.web.address_rules import AddressRules
from core.web.connections import Lookup, RefusedAddress, make_connector
from core.web.decoding import ACCEPTED, bound, decode
from core.web.errors import FailedFetch, LargeContent, LateFetch, RefusedTarget, TooManyRedirects
from core.web.targets import parse_target, resolve_target

_USER_AGENT: Final = "Mozilla/5.0 (compatible; Guildway; previews of links)"
"""Many sites serve their cards only to what looks like a browser or says that it makes previews."""
_MAX_REDIRECTS: Final = 4
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_PIECE_BYTES: Final = 65_536
_WHOLE_S: Final = 60.0
"""The longest time for an answer with all of its content: a picture of the largest size over a slow line."""
_MOST_CONNECTIONS: Final = 256
"""More than the previews and pictures that are under way at a time by any sensible setting."""


class WebContent(msgspec.Struct, kw_only=True, frozen=True):
    """The beginning of an answer, and its content in pieces."""

    url: URL
    """Where it was found in the end."""
    content_type: str
    """The media type in small letters, as the server says it."""
    charset: str
    """The charset that the server names, or an empty text."""
    size_bytes: int | None
    """The size of the content, when the server tells it and it is not encoded."""
    pieces: AsyncIterator[bytes]
    """Raises FailedFetch, LateFetch, LargeContent, WrongContent."""


class WebFetcher:
    """Fetches over HTTP within the bounds. Its client is made for the first fetch."""

    __slots__ = ("_client", "_lookup", "_rules", "_timeout_s")

    def __init__(self, *, rules: AddressRules, lookup: Lookup, timeout_s: float) -> None:
        """`timeout_s` bounds the time until an answer has begun, redirects included, and each wait for more of it."""
        self._rules = rules
        self._lookup = lookup
        self._timeout_s = timeout_s
        self._client: aiohttp.ClientSession | None = None

    @property
    def rules(self) -> AddressRules:
        """The rules of addresses."""
        return self._rules

    @contextlib.asynccontextmanager
    async def open(self, url: str, *, accept: str, max_bytes: int, is_part: bool = False) -> AsyncIterator[WebContent]:
        """Fetch an address, following redirects; `accept` is the header. Encoded and decoded content is bounded.

        `is_part` says that not all of it will be read, so that the size of the whole does not matter.

        Raises:
            RefusedTarget, FailedFetch, LateFetch, TooManyRedirects, LargeContent.
        """
        response, found = await self._begin(parse_target(url, self._rules), accept)
        try:
            size = response.content_length
            if size is not None and size > max_bytes and not is_part:
                raise LargeContent(f"{size} bytes, which is more than {max_bytes}")
            encoding = response.headers.get("Content-Encoding", "")
            pieces = bound(decode(bound(_read(response), max_bytes), encoding), max_bytes)
            yield WebContent(
                url=found,
                content_type=response.content_type.lower(),
                charset=response.charset or "",
                size_bytes=None if encoding else size,
                pieces=pieces,
            )
        finally:
            response.close()

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.close()

    async def _begin(self, url: URL, accept: str) -> tuple[aiohttp.ClientResponse, URL]:
        """Return an answer that is no redirect and no error, and where it was found."""
        try:
            async with asyncio.timeout(self._timeout_s):
                for _ in range(_MAX_REDIRECTS + 1):
                    response = await self._request(url, accept)
                    if response.status == 200:
                        return response, url
                    response.close()
                    if response.status not in _REDIRECTS:
                        raise FailedFetch(f"status {response.status}")
                    url = resolve_target(url, response.headers.get("Location", ""), self._rules)
        except TimeoutError as error:
            raise LateFetch("no answer in time") from error
        raise TooManyRedirects(f"more than {_MAX_REDIRECTS}")

    async def _request(self, url: URL, accept: str) -> aiohttp.ClientResponse:
        headers = {"Accept": accept, "Accept-Encoding": ACCEPTED, "User-Agent": _USER_AGENT}
        try:
            return await self._open_client().get(url, headers=headers, allow_redirects=False)
        except aiohttp.ClientConnectorError as error:
            if is_refused(error.os_error):
                raise RefusedTarget("the host is at an address that is not permitted") from error
            raise FailedFetch(f"cannot be reached: {type(error).__name__}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise FailedFetch(f"{type(error).__name__}") from error

    def _open_client(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=make_connector(lookup=self._lookup, rules=self._rules, limit=_MOST_CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=_WHOLE_S, sock_read=self._timeout_s),
                auto_decompress=False,
                trust_env=False,
                read_bufsize=_PIECE_BYTES,
            )
        return self._client


def is_refused(error: BaseException | None) -> bool:
    """Tell whether an address was refused, however deep the client has wrapped it."""
    while error is not None:
        if isinstance(error, RefusedAddress):
            return True
        if isinstance(error, BaseExceptionGroup):
            return any(map(is_refused, error.exceptions))
        error = error.__cause__ or error.__context__
    return False


async def _read(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for piece in response.content.iter_any():
            yield piece
    except TimeoutError as error:
        raise LateFetch("the content comes too slowly") from error
    except (aiohttp.ClientError, OSError) as error:
        raise FailedFetch(f"the content breaks off: {type(error).__name__}") from error
