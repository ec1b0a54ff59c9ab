"""The `redis` package's client: a pool of connections, with its timeouts and errors.

Its calls cost ten times those of `core.redis.client`. They are for what is asked seldom, or written in batches.
"""

from collections.abc import Awaitable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.domain.errors import Unavailable
from core.redis.address import RedisAddress

T = TypeVar("T")


def make_pool(address: RedisAddress, *, timeout_s: float) -> Any:
    """Make a client, which connects when it is first asked. A call that takes longer than `timeout_s` has failed.

    A failed call may have had its effect.
    """
    return Redis(
        host=address.host,
        port=address.port,
        db=address.database,
        username=address.user or None,
        password=address.password or None,
        ssl=address.is_encrypted,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
    )


async def answer_of(call: Awaitable[T]) -> T:
    """Return the answer of a call. Raises Unavailable."""
    try:
        return await call
    except (RedisError, OSError) as error:
        raise Unavailable(f"Redis: {error}") from error
