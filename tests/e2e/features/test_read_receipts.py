"""Read receipts as devices see them: the events lead to what REST tells."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def watching(server: Server, alice: Person) -> AsyncIterator[GatewayClient]:
    """A device of Alice."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_gateway(server.gateway))
        await session.identify(alice.token, intents=None, capabilities=0)
        yield session


def receipts(session: GatewayClient) -> dict[str, str]:
    """Return the receipts that a device keeps, by user."""
    told = [each["d"] for each in session.dispatches if each["t"] == "READ_RECEIPT_UPDATE"]
    return {each["user_id"]: each["last_read_id"] for each in told}


async def test_device_is_told_how_far_the_other_has_read_while_both_want_it(
    alice: Person, bob: Person, watching: GatewayClient
) -> None:
    await alice.befriend(bob)
    channel = (await alice.call("POST", "/users/@me/channels", {"recipient_id": bob.id}))["id"]
    sent = [(await alice.send(channel, f"message {number}"))["id"] for number in range(3)]
    await ack(bob, channel, sent[0])
    for person in (alice, bob):
        await person.call("PATCH", "/users/@me/read-receipts", {"enabled": True})
    await watching.wait_for("READ_RECEIPT_SETTINGS_UPDATE", lambda d: d["enabled"])
    assert await shown(alice, channel) == {bob.id: sent[0]}, "REST tells what was read before"
    await ack(bob, channel, sent[2])
    await watching.wait_until(lambda: receipts(watching) == {bob.id: sent[2]})
    await ack(bob, channel, sent[1], {"manual": True})
    await watching.wait_until(lambda: receipts(watching) == {bob.id: sent[1]})
    assert await shown(alice, channel) == receipts(watching)
    await bob.call("PATCH", "/users/@me/read-receipts", {"enabled": False})
    await ack(bob, channel, sent[2])
    last = await bob.send(channel, "you do not know")
    await watching.wait_for("MESSAGE_CREATE", lambda d: d["id"] == last["id"])
    assert receipts(watching) == {bob.id: sent[1]}
    assert await shown(alice, channel) == {}


async def ack(person: Person, channel: str, message_id: str, fields: Any = None) -> None:
    await person.call("POST", f"/channels/{channel}/messages/{message_id}/ack", fields or {})


async def shown(person: Person, channel: str) -> dict[str, str]:
    found = await person.call("GET", f"/channels/{channel}/read-receipts")
    return {each["user_id"]: each["last_read_id"] for each in found}
