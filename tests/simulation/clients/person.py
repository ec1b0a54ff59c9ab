"""A user of the simulated server: its requests, which are written into the ledger, and its gateway client."""

import asyncio
from random import Random
from typing import Any, Final

from tests.simulation.clients.gateway_client import GatewayClient
from tests.simulation.clients.ledger import Deed, Ledger, Send
from tests.simulation.world.network import Answer, ConnectionLost, HttpPort, Request
from tests.simulation.world.process_loop import ProcessLoop
from tests.simulation.world.trace import Trace

_TIMEOUT_S: Final = 10.0
_MOST_ATTEMPTS: Final = 12
_RETRY_S: Final = (0.1, 1.5)


class Person:
    """A person or a bot with a token."""

    def __init__(self, *, loop: ProcessLoop, port: HttpPort, ledger: Ledger, trace: Trace, chance: Random) -> None:
        self._loop = loop
        self._port = port
        self._ledger = ledger
        self._trace = trace
        self.chance = chance
        self.id = 0
        self.token = ""
        self.client: GatewayClient
        self.clients: list[GatewayClient] = []
        """All of them, the one that it acts with first."""

    @property
    def name(self) -> str:
        """Its name in the trace."""
        return f"user {self.id % 10_000:04}"

    async def ask(self, method: str, path: str, body: Any = None) -> Deed:
        """Send one request and write it down. The answer is None when nobody knows what became of it."""
        request = Request(method=method, path=path, body=body, token=self.token)
        deed = Deed(user_id=self.id, request=request, begun_s=self._loop.time())
        self._ledger.deeds.append(deed)
        try:
            deed.answer = await self._port.call(request, timeout_s=_TIMEOUT_S)
        except ConnectionLost:
            deed.answer = None
        deed.ended_s = self._loop.time()
        status = "lost" if deed.answer is None else str(deed.answer.status)
        self._trace.note(self.name, f"{method} {path} {body or ''} → {status} {_id_of(deed.answer)}")
        return deed

    async def insist(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request until it succeeds; return the decoded body. For the time without faults."""
        while True:
            deed = await self.ask(method, path, body)
            if deed.answer is not None and deed.answer.is_good:
                return deed.answer.json()
            if deed.answer is not None and deed.answer.status not in (429, 503):
                raise AssertionError(f"{method} {path}: {deed.answer}")
            await asyncio.sleep(_wait_s(deed.answer, self.chance))

    async def send(self, send: Send) -> None:
        """Send a message until it is answered with a success or a refusal, as libraries do."""
        for _ in range(_MOST_ATTEMPTS):
            body = {"content": send.content, "nonce": send.nonce, "enforce_nonce": True}
            deed = await self.ask("POST", f"/channels/{send.channel_id}/messages", body)
            send.attempts.append(deed)
            if deed.answer is not None and deed.answer.status not in (429, 500, 502, 503):
                return
            await asyncio.sleep(_wait_s(deed.answer, self.chance))


def _wait_s(answer: Answer | None, chance: Random) -> float:
    if answer is not None and answer.status == 429:
        return float(answer.json()["retry_after"]) + chance.random() * 0.2
    return chance.uniform(*_RETRY_S)


def _id_of(answer: Answer | None) -> str:
    if answer is None or not answer.body:
        return ""
    body = answer.json()
    if isinstance(body, dict):
        return str(body.get("id") or body.get("message") or "")
    return f"{len(body)} items" if isinstance(body, list) else ""
