"""A crowd that chats steadily: senders who repeat what was not answered, and listeners who resume when they are cut off.

Both keep a record, by which `records` checks the server's promises after whatever has happened to it. The listeners
speak the plain gateway protocol, because the record needs every dispatch with its `s`.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

import aiohttp
import msgspec

REPEAT_S: Final = 0.2
"""The pause before a send is repeated, or a connection made again."""
BEAT_S: Final = 20.0

_nonces = itertools.count(1)


class Payload(msgspec.Struct):
    """A payload of the gateway."""

    op: int
    d: Any = None
    s: int | None = None
    t: str | None = None


_decode = msgspec.json.Decoder(Payload).decode


class Sender:
    """A person who sends to one channel, by each API in turn, until each message is answered."""

    def __init__(
        self,
        *,
        http: aiohttp.ClientSession,
        apis: Sequence[str],
        token: str,
        channel_id: str,
        on_answer: Callable[[], None] = lambda: None,
    ) -> None:
        self._http = http
        self._on_answer = on_answer
        self._apis = itertools.cycle(apis)
        self._token = token
        self._channel_id = channel_id
        self.answered: dict[str, str] = {}
        """The id of the message of each nonce that was answered with 2xx."""
        self.statuses: list[int] = []
        """The statuses of refused tries."""

    async def run(self, pause_s: float) -> None:
        """Send one message after the other until cancelled."""
        while True:
            await self.send()
            await asyncio.sleep(pause_s)

    async def send(self) -> str:
        """Send one message until it is answered, and return its id."""
        nonce = f"n{next(_nonces)}"
        body = {"content": nonce, "nonce": nonce}
        while True:
            message_id = await self.try_once(next(self._apis), body)
            if message_id is not None:
                self.answered[nonce] = message_id
                self._on_answer()
                return message_id
            await asyncio.sleep(REPEAT_S)

    async def try_once(self, api: str, body: dict[str, str]) -> str | None:
        """Send a body to one API, and return the message's id if it was stored. A lost connection is no answer."""
        url = f"{api}/api/v10/channels/{self._channel_id}/messages"
        try:
            async with self._http.post(url, json=body, headers={"Authorization": self._token}) as answer:
                read = await answer.json()
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return None
        if answer.status == 200:
            return str(read["id"])
        self.statuses.append(answer.status)
        return None


class Seen(msgspec.Struct):
    """A message that a listener has been told of. `life` counts the times that the listener had to begin anew."""

    channel_id: str
    message_id: int
    life: int


class Listener:
    """A client that stays: it resumes after each loss of its connection, and identifies anew after op 9."""

    def __init__(self, *, http: aiohttp.ClientSession, gateway: str, token: str) -> None:
        self._http = http
        self.gateway = gateway
        self._token = token
        self._session_id = ""
        self._seq = 0
        self.seen: list[Seen] = []
        self.faults: list[str] = []
        self.life = 0
        self.resumes = 0
        self.ready = asyncio.Event()
        self.news = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                await self._connect()
            await asyncio.sleep(REPEAT_S)

    async def wait_for(self, channel_id: str, message_id: int) -> None:
        """Wait until a message, or a later one of its channel, has been told."""
        while not any(seen.channel_id == channel_id and seen.message_id >= message_id for seen in reversed(self.seen)):
            self.news.clear()
            await self.news.wait()

    def describe(self) -> str:
        """Return how far the listener has come."""
        newest = {seen.channel_id: seen.message_id for seen in self.seen[-50:]}
        return f"life {self.life}, {self.resumes} resumes, s {self._seq}, {len(self.seen)} seen, newest {newest}"

    async def _connect(self) -> None:
        async with self._http.ws_connect(f"{self.gateway}/?v=10&encoding=json", max_msg_size=0) as socket:
            beating = asyncio.create_task(self._beat(socket))
            try:
                await self._hear(socket)
            finally:
                beating.cancel()

    async def _hear(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                return
            payload = _decode(frame.data)
            if payload.op == 10:
                await self._greet(socket)
            elif payload.op == 9:
                self._session_id = ""
                await self._greet(socket)
            elif payload.op == 7:
                await socket.close(code=4000)
                return
            elif payload.op == 0:
                self._take(payload)

    async def _greet(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        if self._session_id:
            body = {"token": self._token, "session_id": self._session_id, "seq": self._seq}
            await socket.send_json({"op": 6, "d": body})
            return
        body = {"token": self._token, "intents": (1 << 0) | (1 << 9) | (1 << 12) | (1 << 15), "properties": {}}
        await socket.send_json({"op": 2, "d": body})

    def _take(self, payload: Payload) -> None:
        if payload.t == "READY":
            self.life += 1
            self._seq = 0
            self._session_id = payload.d["session_id"]
            self.ready.set()
        elif payload.t == "RESUMED":
            self.resumes += 1
        if payload.s != self._seq + 1:
            self.faults.append(f"s {payload.s} follows {self._seq} ({payload.t})")
        self._seq = payload.s or self._seq
        if payload.t == "MESSAGE_CREATE":
            self.seen.append(Seen(payload.d["channel_id"], int(payload.d["id"]), self.life))
        self.news.set()

    async def _beat(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await socket.send_json({"op": 1, "d": self._seq})
