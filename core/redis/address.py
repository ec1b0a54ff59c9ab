"""Where a Redis is and how it lets us in, read from a URL."""

from urllib.parse import unquote, urlsplit

import msgspec
from typing_extensions import override


class RedisAddress(msgspec.Struct, kw_only=True, frozen=True):
    """A server. Its password is in no `repr`, so that it reaches no log."""

    host: str = "127.0.0.1"
    port: int = 6379
    database: int = 0
    user: str = ""
    password: str = ""
    is_encrypted: bool = False

    @property
    def url(self) -> str:
        """The address without the password, for logs."""
        return f"redis{'s' * self.is_encrypted}://{self.host}:{self.port}/{self.database}"

    @override
    def __repr__(self) -> str:
        return f"RedisAddress({self.url})"


def parse_address(url: str) -> RedisAddress:
    """Read `redis://user:password@host:port/database`, or `rediss://` with TLS.

    Raises:
        ValueError: when it is no such URL.
    """
    parts = urlsplit(url)
    database = parts.path.strip("/") or "0"
    if parts.scheme not in ("redis", "rediss") or not parts.hostname or not database.isdecimal():
        raise ValueError("a Redis URL looks like redis://user:password@host:6379/0")
    return RedisAddress(
        host=parts.hostname,
        port=parts.port or 6379,
        database=int(database),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        is_encrypted=parts.scheme == "rediss",
    )
