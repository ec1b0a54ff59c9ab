"""Somebody who does one thing after the other at all API processes in turns, and knows what was answered.

A request without an answer, or with 503, may have been done or not. So the thing that it was about has no known state
until the next request about it is answered.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import httpx

from tests.support.person import Person

PAUSE_S: Final = 0.02
REPEAT_S: Final = 0.1
"""The pause after a request that nobody has answered."""


class Everywhere:
    """One account at every API process."""

    def __init__(self, account: Person, apis: Sequence[str]) -> None:
        self.id = account.id
        self.token = account.token
        self.at = [Person(api, account.token) for api in apis]
        self._turns = itertools.cycle(self.at)

    async def close(self) -> None:
        """Close the connections."""
        for person in self.at:
            await person.__aexit__()

    async def try_once(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response | None:
        """Send a request to the next process; return the answer, None if there was none or a 503."""
        try:
            answer = await next(self._turns).request(method, path, body, **options)
        except httpx.HTTPError:
            answer = None
        if answer is None or answer.status_code == 503:
            await asyncio.sleep(REPEAT_S)
            return None
        return answer

    async def insist(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Send a request until it is answered."""
        while (answer := await self.try_once(method, path, body, **options)) is None:
            pass
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer


class Doer(Protocol):
    """Part of what goes on in a cluster."""

    async def do(self) -> bool:
        """Do one thing; return whether it was answered."""

    async def check(self) -> list[str]:
        """Compare what was answered with what every process shows; return the faults. Nobody does anything then."""


async def go_on_doing(doer: Doer, note: Callable[[], None], stopping: asyncio.Event) -> None:
    """Do things until told to stop, and call `note` after each that was answered. The last one is waited for."""
    while not stopping.is_set():
        if await doer.do():
            note()
        await asyncio.sleep(PAUSE_S)
