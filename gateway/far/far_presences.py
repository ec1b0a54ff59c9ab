"""The presences of users in guilds elsewhere, as the home of a guild answers who asks for them.

Owns what is asked and not answered yet.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Final

import msgspec

from gateway.far.frames import AskPresences, Presences

_ASK_S: Final = 2.0
"""The time for which presences of another worker are waited for. Who asks gets none then, as of users who are away."""


class FarPresences:
    __slots__ = ("_asked", "_last_request")

    def __init__(self) -> None:
        self._asked: dict[int, asyncio.Future[list[bytes]]] = {}
        self._last_request = 0

    async def ask(
        self, guild_id: int, user_ids: Collection[int], *, viewer_id: int, send: Callable[[AskPresences], bool]
    ) -> list[msgspec.Raw]:
        """Return the presences of those of the users who are connected to the guild and not offline for the viewer.

        `send` sends the question to the guild's home, and returns whether there is one.
        """
        self._last_request += 1
        request = self._last_request
        answer = self._asked[request] = asyncio.get_running_loop().create_future()
        try:
            if not send(AskPresences(request, guild_id, viewer_id, list(user_ids))):
                return []
            async with asyncio.timeout(_ASK_S):
                return [msgspec.Raw(presence) for presence in await answer]
        except TimeoutError:
            return []
        finally:
            del self._asked[request]

    def take(self, frame: Presences) -> None:
        """Take an answer. One that comes too late is passed over."""
        asked = self._asked.get(frame.request)
        if asked is not None and not asked.done():
            asked.set_result(frame.found)
