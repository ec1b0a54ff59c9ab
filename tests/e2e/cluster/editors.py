"""People who change rows while a crowd chats: channels, roles, nicknames, memberships.

Each change is repeated until it is answered. `check` compares what was answered with what every API process shows and
with what a listener was told.
"""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any, Final

import aiohttp
from typing_extensions import override

from tests.e2e.cluster.crowd import REPEAT_S, Listener, Payload

_PAUSE_S: Final = 0.1
_MOST_ROLES: Final = 50
"""The most roles of one editor. A guild can have 250, of several editors."""


class RowListener(Listener):
    """A listener that also records topics of channels and new roles.

    READY, which shows guilds whole, stands for what was not told before, if the listener had to begin anew.
    """

    def __init__(self, *, http: aiohttp.ClientSession, gateway: str, token: str) -> None:
        super().__init__(http=http, gateway=gateway, token=token)
        self.topics: dict[str, list[int]] = {}
        self.roles: set[str] = set()

    @override
    def _take(self, payload: Payload) -> None:
        if payload.t == "CHANNEL_UPDATE":
            self.topics.setdefault(payload.d["id"], []).append(int(payload.d["topic"] or 0))
        elif payload.t == "GUILD_ROLE_CREATE":
            self.roles.add(payload.d["role"]["id"])
        elif payload.t == "READY" and self.life:
            for guild in payload.d["guilds"]:
                self._begin_anew(guild)
        elif payload.t == "GUILD_CREATE" and self.life > 1:  # one that was not loaded in time for READY
            self._begin_anew(payload.d)
        super()._take(payload)

    def _begin_anew(self, guild: dict[str, Any]) -> None:
        self.roles.update(role["id"] for role in guild.get("roles", ()))
        for channel in guild.get("channels", ()):
            told = self.topics.setdefault(channel["id"], [])
            told += range(max(told, default=0) + 1, int(channel.get("topic") or 0) + 1)


class Editor:
    """A person who edits a channel and its own nickname, and makes some roles."""

    def __init__(
        self, *, http: aiohttp.ClientSession, apis: Sequence[str], token: str, guild_id: str, channel_id: str
    ) -> None:
        self._http = http
        self._all = apis
        self._apis = itertools.cycle(apis)
        self._token = token
        self._guild_id = guild_id
        self._channel_id = channel_id
        self.answered = 0
        """The newest number that was answered as topic and nickname."""
        self.roles: list[str] = []

    async def run(self) -> None:
        """Make one change after the other until cancelled."""
        while True:
            await self.change()
            await asyncio.sleep(_PAUSE_S)

    async def change(self) -> None:
        """Change everything once, until it is answered."""
        number = self.answered + 1
        await self._repeat("PATCH", f"/channels/{self._channel_id}", {"topic": str(number)})
        await self._repeat("PATCH", f"/guilds/{self._guild_id}/members/@me", {"nick": str(number)})
        if len(self.roles) < _MOST_ROLES:
            role = await self._repeat("POST", f"/guilds/{self._guild_id}/roles", {"name": str(number)})
            self.roles.append(role["id"])
        self.answered = number

    async def check(self, listener: RowListener) -> list[str]:
        """Change everything a last time, and return what the processes or the listener do not know."""
        await self.change()
        while self.roles[-1] not in listener.roles or self.answered not in listener.topics.get(self._channel_id, ()):
            listener.news.clear()
            await listener.news.wait()
        faults = []
        for api in self._all:
            channel = await self._call(api, "GET", f"/channels/{self._channel_id}")
            roles = await self._call(api, "GET", f"/guilds/{self._guild_id}/roles")
            member = await self._call(api, "GET", f"/users/@me/guilds/{self._guild_id}/member")
            if (channel["topic"], member["nick"]) != (str(self.answered),) * 2:
                faults.append(f"{self.answered} was answered, {api} has {channel['topic']} and {member['nick']}")
            faults += [f"role {role} is lost" for role in {*self.roles} - {role["id"] for role in roles}]
        faults += [f"role {role} was never told" for role in {*self.roles} - listener.roles]
        told = listener.topics.get(self._channel_id, [])
        faults += [f"topic {number} was never told" for number in {*range(1, self.answered + 1)} - {*told}]
        return faults

    async def _repeat(self, method: str, path: str, body: dict[str, str]) -> Any:
        while True:
            answer = await self._call(next(self._apis), method, path, body)
            if answer is not None:
                return answer
            await asyncio.sleep(REPEAT_S)

    async def _call(self, api: str, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        """Send one request, and return its body; None if there was no answer or the server could not serve it."""
        headers = {"Authorization": self._token}
        try:
            async with self._http.request(method, f"{api}/api/v10{path}", json=body, headers=headers) as answer:
                read = await answer.json()
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return None
        if answer.status < 300:
            return read
        assert answer.status == 503, f"{method} {path}: {answer.status} {read}"
        return None
