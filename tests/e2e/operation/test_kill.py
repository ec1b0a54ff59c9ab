"""kill -9 during sends: answered messages are stored once, in order; repeats give the first message, dispatched."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.conftest import GENEROUS
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

SENDS = 2_000
CONNECTIONS = 500
"""The connections at once; the other sends wait for one of them."""
KILL_AFTER = 500
"""The number of answers after which the server is killed."""


class Burst:
    """Many sends at once, each with its own nonce, and the record of their answers."""

    def __init__(self, api: str, token: str, channel_id: str) -> None:
        self._url = f"{api}/api/v10/channels/{channel_id}/messages"
        self._headers = {"Authorization": token}
        self.answered: dict[str, dict[str, Any]] = {}
        self.statuses: Counter[int] = Counter()
        self.reached = asyncio.Event()

    async def run(self) -> None:
        """Send all. Broken connections are no errors here."""
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        async with aiohttp.ClientSession(connector=connector, headers=self._headers) as http:
            await asyncio.gather(*(self._send(http, f"n{number}") for number in range(SENDS)))

    async def _send(self, http: aiohttp.ClientSession, nonce: str) -> None:
        body = {"content": f"message {nonce}", "nonce": nonce}
        try:
            async with http.post(self._url, json=body) as answer:
                message = json.loads(await answer.read())
        except (aiohttp.ClientError, ConnectionError):
            return
        self.statuses[answer.status] += 1
        if answer.status == 200:
            self.answered[nonce] = message
        if self.statuses.total() >= KILL_AFTER:
            self.reached.set()


@pytest.mark.timeout(600)
async def test_kill_during_two_thousand_sends_loses_and_repeats_nothing(tmp_path: Path) -> None:
    server = await Server(tmp_path / "data", GENEROUS).start()
    try:
        async with await Person.register(server.api) as alice:
            channel_id = text_channel(await alice.make_guild())
            burst = Burst(server.api, alice.token, channel_id)
            sending = asyncio.create_task(burst.run())
            await burst.reached.wait()
            await server.kill()
            await sending
            assert set(burst.statuses) == {200}
            assert KILL_AFTER <= len(burst.answered) < SENDS

            await server.start()
            assert alice.api == server.api
            history = await alice.history(channel_id)
            _check_order(history)
            stored = {message["id"]: message["content"] for message in history}
            for nonce, message in burst.answered.items():
                assert stored[message["id"]] == f"message {nonce}"

            await _repeat_everything(server, alice, channel_id, burst)
            history = await alice.history(channel_id)
            _check_order(history)
            assert sorted(message["content"] for message in history) == sorted(f"message n{n}" for n in range(SENDS))
    finally:
        await server.stop()


async def _repeat_everything(server: Server, alice: Person, channel_id: str, killed: Burst) -> None:
    """Repeat every send, while a client is online that must get each message once."""
    again = Burst(server.api, alice.token, channel_id)
    async with open_gateway(server.gateway) as session:
        await session.identify(alice.token)
        await session.wait_for_guild()
        await again.run()
        last = await alice.send(channel_id, "message last")
        await session.wait_for("MESSAGE_CREATE", lambda message: message["id"] == last["id"])
        heard = [message["id"] for message in session.bodies("MESSAGE_CREATE")]
    await alice.call("DELETE", f"/channels/{channel_id}/messages/{last['id']}")
    assert again.statuses == {200: SENDS}
    for nonce, message in killed.answered.items():
        assert again.answered[nonce] == message
    assert sorted(heard) == sorted([last["id"], *(message["id"] for message in again.answered.values())])


def _check_order(history: list[dict[str, Any]]) -> None:
    """Each message exists once, in the order of the ids."""
    ids = [int(message["id"]) for message in history]
    assert ids == sorted(set(ids))
