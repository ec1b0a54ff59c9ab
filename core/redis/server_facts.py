"""What a Redis says of itself, for whoever checks that a cluster can rely on it."""

import contextlib
from typing import Any, Final

import msgspec
from redis.exceptions import RedisError

from core.domain.errors import Unavailable
from core.redis.address import RedisAddress
from core.redis.pooled import answer_of, make_pool

_TIMEOUT_S: Final = 3.0
_WANTED: Final = ("appendonly", "appendfsync", "maxmemory-policy")


class RedisFacts(msgspec.Struct, kw_only=True, frozen=True):
    """A server's version, its clock in Unix milliseconds, and the options that it lets us see."""

    version: str
    now_ms: int
    options: dict[str, str]


async def read_redis_facts(address: RedisAddress) -> RedisFacts:
    """Ask a server. Raises Unavailable."""
    redis: Any = make_pool(address, timeout_s=_TIMEOUT_S)
    try:
        info = await answer_of(redis.info("server"))
        seconds, microseconds = await answer_of(redis.time())
        options: dict[str, str] = {}
        with contextlib.suppress(RedisError):  # a user may be kept from CONFIG
            for name in _WANTED:
                options |= {_text(key): _text(value) for key, value in (await redis.config_get(name)).items()}
        return RedisFacts(
            version=str(info["redis_version"]), now_ms=seconds * 1000 + microseconds // 1000, options=options
        )
    except OSError as error:
        raise Unavailable(f"Redis: {error}") from error
    finally:
        await redis.aclose()


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
