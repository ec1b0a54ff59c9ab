"""One request of each kind to one API, timed: what a client is answered while a server is away."""

import itertools
import time
from typing import Final

import httpx
import msgspec

from tests.e2e.cluster.crowd_scene import Scene

_HANGS_S: Final = 30.0
_numbers = itertools.count(1)


class Answers(msgspec.Struct, frozen=True):
    """What an API has answered."""

    send_status: int
    send_again: bool
    """Whether the answer to the send says when to try again."""
    read_status: int
    slowest_s: float


class Probe:
    """Asks one API as the owner of a scene."""

    def __init__(self, api: str, scene: Scene) -> None:
        self._api = api
        self._url = f"{api}/api/v10/channels/{scene.channels[0]}/messages"
        self._headers = {"Authorization": scene.owner.token}

    async def ask(self) -> Answers:
        """Send a message, then read the channel's history."""
        async with httpx.AsyncClient(headers=self._headers, timeout=_HANGS_S) as http:
            began = time.monotonic()
            sent = await http.post(self._url, json={"content": f"probe {next(_numbers)}"})
            middle = time.monotonic()
            read = await http.get(self._url)
            slowest_s = max(middle - began, time.monotonic() - middle)
        return Answers(sent.status_code, "retry-after" in sent.headers, read.status_code, slowest_s)

    async def is_ready(self) -> bool:
        """Return whether the process asks for requests."""
        async with httpx.AsyncClient(timeout=_HANGS_S) as http:
            return (await http.get(f"{self._api}/ready")).status_code == 200
