"""Callers of the API under test, and the events that it committed."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec

from api.app import Api
from core.bus.interfaces import Delivery
from core.live.memory import MemoryOnlineCounts
from core.live.starts import CountedStarts
from core.runtime.clock import SystemClock
from core.runtime.metrics.metrics import Metrics
from core.store.sql.store import SqlStore
from core.wire.envelope import Envelope
from tests.support.conformance import assert_conforms
from tests.support.stores.store_writer import StoreWriter

BASE = "http://guildway/api/v10"
PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


class Actor:
    """A caller with a token, or without one. Methods take a path after /api/v10 (or an absolute address)."""

    def __init__(self, http: httpx.AsyncClient, authorization: str = "", user_id: str = "") -> None:
        self._http = http
        self.authorization = authorization
        self.id = user_id

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request. The answer must fit Discord's document."""
        headers = {"authorization": self.authorization} if self.authorization else {}
        headers.update(options.pop("headers", {}))
        url = path if path.startswith("http") else BASE + path
        return await self._http.request(method, url, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.request("POST", path, json={} if json is None else json, **options)

    async def put(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.request("PUT", path, **({} if json is None else {"json": json}), **options)

    async def patch(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.request("PATCH", path, json={} if json is None else json, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("DELETE", path, **options)


class ApiUnderTest:
    """An API with its store, the deliveries of its bus, and ways to make people and bots."""

    def __init__(
        self,
        built: Api,
        store: SqlStore,
        metrics: Metrics,
        http: httpx.AsyncClient,
        *,
        online: MemoryOnlineCounts,
        starts: CountedStarts,
    ) -> None:
        self.built = built
        self.store = store
        self.writer = StoreWriter(store, SystemClock())
        self.metrics = metrics
        self.online = online
        self.starts = starts
        self.deliveries: list[Delivery] = []
        self._http = http
        self.nobody = Actor(http)
        store.bus.subscribe(self.deliveries.append)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, built: Api, store: SqlStore, metrics: Metrics, *, online: MemoryOnlineCounts, starts: CountedStarts
    ) -> AsyncIterator["ApiUnderTest"]:
        """Run the API with its own tasks until the body ends."""
        transport = httpx.ASGITransport(app=built.asgi)  # type: ignore[arg-type] # httpx types scopes more narrowly
        async with httpx.AsyncClient(transport=transport, event_hooks={"response": [_check]}) as http:
            running = asyncio.create_task(built.run())
            try:
                yield cls(built, store, metrics, http, online=online, starts=starts)
            finally:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running

    def events(self, *names: str) -> list[Envelope]:
        """Return the events delivered so far, only those with the given names if there are any."""
        envelopes = [delivery.envelope for delivery in self.deliveries]
        return [envelope for envelope in envelopes if not names or envelope.event in names]

    def payloads(self, *names: str) -> list[Any]:
        """Return the decoded `d` of `events`."""
        return [msgspec.json.decode(envelope.payload) for envelope in self.events(*names)]

    def events_of(self, user_id: str) -> list[tuple[str, Any]]:
        """Return the events so far that were for this user alone, with their decoded `d`."""
        return [
            (envelope.event, msgspec.json.decode(envelope.payload))
            for envelope in self.events()
            if envelope.user_id == int(user_id) and not envelope.guild_id
        ]

    async def register(self, name: str | None = None) -> Actor:
        """Register a person. Names must differ, so a person without a name gets a number."""
        name = name or f"person{next(_numbers)}"
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "date_of_birth": "1990-01-01"}
        answer = await self.nobody.post("/auth/register", body)
        assert answer.status_code == 201, answer.text
        return Actor(self._http, answer.json()["token"], answer.json()["user_id"])

    async def make_bot(self, owner: Actor, name: str = "Echo") -> Actor:
        """Make a bot of the owner's, in no guild yet. Its application has the same id."""
        application = await owner.post("/applications", {"name": name})
        assert application.status_code == 201, application.text
        answer = await owner.post(f"/applications/{application.json()['id']}/bot")
        assert answer.status_code == 200, answer.text
        return Actor(self._http, f"Bot {answer.json()['token']}", application.json()["id"])

    async def let_in(self, owner: Actor, bot: Actor, guild_id: str, permissions: int = 0) -> None:
        """Authorize the bot for a guild that the owner may manage."""
        path = f"/oauth2/authorize?client_id={bot.id}&scope=bot&permissions={permissions}"
        answer = await owner.post(path, {"guild_id": guild_id, "authorize": True})
        assert answer.status_code == 200, answer.text

    async def befriend(self, one: Actor, *others: Actor) -> None:
        """Make people friends of one, so that they may write to each other."""
        for other in others:
            for asking, asked in ((one, other), (other, one)):
                answer = await asking.put(f"/users/@me/relationships/{asked.id}", {})
                assert answer.status_code == 204, answer.text

    def actor(self, authorization: str) -> Actor:
        """Return the caller with this Authorization header."""
        return Actor(self._http, authorization)


async def _check(response: httpx.Response) -> None:
    body = await response.aread()
    request = response.request
    assert_conforms(request.method, request.url.path, response.status_code, body, dict(response.headers))
