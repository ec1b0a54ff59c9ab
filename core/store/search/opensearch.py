"""The connection to OpenSearch, which a cluster may have for full-text search.

Nothing is indexed yet. The connection knows whether OpenSearch can do its work; what is written and asked comes here
with the index. OpenSearch speaks JSON over HTTP, so a session of aiohttp is all that it takes.
"""

from typing import Final, Self

import aiohttp
import msgspec

from core.runtime.settings.settings import SearchSettings

_HEALTH: Final = "_cluster/health"
_RED: Final = "red"
"""The health of an OpenSearch that has lost a primary shard: some of what was indexed is not there."""
_REFUSALS: Final = frozenset({401, 403})


class _Health(msgspec.Struct):
    """What is read of the answer to GET /_cluster/health."""

    cluster_name: str
    status: str


_health = msgspec.json.Decoder(_Health)


class OpenSearch:
    """The OpenSearch that the settings name. Nothing is connected until something is asked."""

    __slots__ = ("_http",)

    def __init__(self, http: aiohttp.ClientSession) -> None:
        """`http` has the address, the user and the bounds."""
        self._http = http

    @classmethod
    def at(cls, settings: SearchSettings) -> Self:
        """Make the connection. It must be closed. Call this within a running loop."""
        user, password = settings.user, settings.password
        return cls(
            aiohttp.ClientSession(
                base_url=settings.url.rstrip("/") + "/",
                headers={"Authorization": aiohttp.encode_basic_auth(user, password)} if user else None,
                timeout=aiohttp.ClientTimeout(total=settings.timeout_s),
            )
        )

    async def find_fault(self) -> str | None:
        """Return what keeps OpenSearch from its work in a few words, None when all is well."""
        try:
            async with self._http.get(_HEALTH, allow_redirects=False) as answer:
                body = await answer.read()
        except TimeoutError:
            return "OpenSearch does not answer in time"
        except aiohttp.ClientError:
            return "OpenSearch cannot be reached"
        if answer.status in _REFUSALS:
            return "OpenSearch refuses search.user and search.password"
        if answer.status != 200:
            return f"OpenSearch answers {answer.status}"
        try:
            health = _health.decode(body)
        except msgspec.DecodeError:
            return "what answers at search.url is no OpenSearch"
        return "OpenSearch has lost a part of its data (status red)" if health.status == _RED else None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
