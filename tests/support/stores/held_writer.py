"""The writer, held during a request: a change falls between the check of its rights and its turn to write."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from core.store.interfaces import Transaction
from tests.support.embedded_api import Actor, ApiUnderTest

_TURNS = 300
"""The turns of the loop after which a request waits for the writer. A later one would be refused all the same."""


class HeldWriter:
    """A held writer of the API's store."""

    def __init__(self, api: ApiUnderTest) -> None:
        self._api = api

    async def answer_to(
        self, sender: Actor, method: str, path: str, body: Any, *, meanwhile: Callable[[Transaction], Awaitable[Any]]
    ) -> Any:
        """Make a request, and make a change in a unit of work that the request has to wait for."""
        async with self._api.store.write() as tx:
            options = {} if body is None else {"json": body}
            asking = asyncio.create_task(sender.request(method, path, **options))
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            await meanwhile(tx)
        return await asking
