"""A real Prometheus that watches servers of tests, and is asked what it has seen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx

from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel

WAIT_S: Final = 60.0
"""The longest time for a scrape, a rule or an alert on a busy machine. Each takes a second or two."""


class Watcher:
    """A Prometheus that runs."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def ask(self, query: str) -> list[Any]:
        """Return the series that a query gives now."""
        async with httpx.AsyncClient(timeout=60) as http:
            answer = await http.get(f"{self._address}/api/v1/query", params={"query": query})
        assert answer.status_code == httpx.codes.OK, answer.text
        result: list[Any] = answer.json()["data"]["result"]
        return result

    async def wait_for(self, query: str) -> list[Any]:
        """Wait until a query gives a series."""
        async with asyncio.timeout(WAIT_S):
            while True:
                if found := await self.ask(query):
                    return found
                await asyncio.sleep(0.2)

    async def wait_for_alert(self, name: str) -> Any:
        """Wait until an alert fires."""
        [found] = await self.wait_for(f'ALERTS{{alertname="{name}",alertstate="firing"}}')
        return found["metric"]


@contextlib.asynccontextmanager
async def talking(api: str, gateway: str) -> AsyncIterator[None]:
    """Have a person write and read without end, since rates of a server without requests are not numbers."""
    async with await Person.register(api) as person, open_gateway(gateway) as session:
        await session.identify(person.token)
        channel = text_channel(await person.make_guild())
        task = asyncio.create_task(_talk(person, channel))
        try:
            await session.wait_for("MESSAGE_CREATE")
            yield
        finally:
            task.cancel()


async def _talk(person: Person, channel: str) -> None:
    """Write and read, whatever is answered: faults are injected meanwhile."""
    while True:
        with contextlib.suppress(httpx.TransportError):
            await person.request("POST", f"/channels/{channel}/messages", {"content": "and another thing"})
            await person.request("GET", f"/channels/{channel}/messages")
        await asyncio.sleep(0.2)
