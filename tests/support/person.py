"""A person at the API, who registers, makes guilds and bots, and sends any request."""

import itertools
import ssl
from typing import Any, Final, Self

import httpx

KEPT_S: Final = 2.0
"""The time for which a connection is used again: less than the 5 s after which the server may close it meanwhile."""

_NO_CERTIFICATES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Servers of tests speak plain HTTP. To read the system's certificates takes longer than to register a person."""

_numbers = itertools.count(1)


class Person:
    """An account with its token. Calls return the decoded body, and raise `AssertionError` unless the status is 2xx."""

    def __init__(self, api: str, token: str = "", *, trust: ssl.SSLContext = _NO_CERTIFICATES) -> None:
        """`api` is the server's URL, or `unix:` and a path. `trust` is needed where the server speaks TLS."""
        self.api = api
        self.token = token
        self.id = ""
        self.name = ""
        limits = httpx.Limits(keepalive_expiry=KEPT_S)
        path = api.removeprefix("unix:") if api.startswith("unix:") else None
        self._http = httpx.AsyncClient(
            base_url=f"{'http://localhost' if path else api}/api/v10",
            timeout=60,
            transport=httpx.AsyncHTTPTransport(verify=trust, limits=limits, uds=path),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    @classmethod
    async def register(cls, api: str, *, trust: ssl.SSLContext = _NO_CERTIFICATES) -> "Person":
        """Register a new account with a name of its own."""
        person = cls(api, trust=trust)
        number = next(_numbers)
        person.name = f"person{number}"
        answer = await person.call(
            "POST",
            "/auth/register",
            {
                "username": person.name,
                "email": f"{person.name}@example.org",
                "password": "correct horse battery",
                "date_of_birth": "1990-01-01",
            },
        )
        person.token = answer["token"]
        person.id = (await person.call("GET", "/users/@me"))["id"]
        return person

    async def request(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Send a request and return the response."""
        headers = {"Authorization": self.token} if self.token else {}
        headers |= options.pop("headers", {})
        return await self._http.request(method, path, json=body, headers=headers, **options)

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Send a request and return the body of a 2xx answer."""
        response = await self.request(method, path, body, **options)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def make_guild(self, name: str = "Test guild") -> dict[str, Any]:
        """Make a guild, as POST /guilds answers it, with `channels`."""
        guild: dict[str, Any] = await self.call("POST", "/guilds", {"name": name})
        guild["channels"] = await self.call("GET", f"/guilds/{guild['id']}/channels")
        return guild

    async def make_bot(self, guild_id: str | None = None, permissions: int = 8) -> dict[str, Any]:
        """Make a bot {id, token}, and let it into the guild when one is given."""
        application = await self.call("POST", "/applications", {"name": f"bot{next(_numbers)}"})
        bot = await self.call("POST", f"/applications/{application['id']}/bot")
        if guild_id is not None:
            await self.add_bot(application["id"], guild_id, permissions)
        return {"id": application["id"], "token": bot["token"]}

    async def add_bot(self, application_id: str, guild_id: str, permissions: int = 8) -> None:
        """Let the bot into a guild."""
        await self.call(
            "POST",
            f"/oauth2/authorize?client_id={application_id}&scope=bot&permissions={permissions}",
            {"guild_id": guild_id, "authorize": True, "permissions": str(permissions)},
        )

    async def invite(self, channel_id: str, other: "Person") -> None:
        """Bring another person into the channel's guild."""
        invite = await self.call("POST", f"/channels/{channel_id}/invites", {"max_age": 0})
        await other.call("POST", f"/invites/{invite['code']}")

    async def befriend(self, *others: "Person") -> None:
        """Become friends with other people."""
        for other in others:
            for asking, asked in ((self, other), (other, self)):
                await asking.call("PUT", f"/users/@me/relationships/{asked.id}", {})

    async def send(self, channel_id: str, content: str, **fields: Any) -> dict[str, Any]:
        """Send a message."""
        message: dict[str, Any] = await self.call(
            "POST", f"/channels/{channel_id}/messages", {"content": content, **fields}
        )
        return message

    async def history(self, channel_id: str) -> list[dict[str, Any]]:
        """Return the whole channel, oldest message first."""
        pages: list[dict[str, Any]] = []
        before = ""
        while page := await self.call("GET", f"/channels/{channel_id}/messages?limit=100{before}"):
            pages += page
            before = f"&before={page[-1]['id']}"
        return pages[::-1]


def text_channel(guild: dict[str, Any]) -> str:
    """Return the id of a guild's first text channel."""
    return next(channel["id"] for channel in guild["channels"] if channel["type"] == 0)
