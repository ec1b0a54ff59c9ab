"""The limit of a user's sessions, for logins at the same time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from core.runtime.settings.settings import LimitSettings
from core.store.sql.store import SqlStore
from gateway.app import Gateway
from tests.fakes.gated_store import GatedStore
from tests.integration.gateway.conftest import LOOPBACK, RunGateway
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.stores.store_writer import Login, StoreWriter

LIMIT = 3


@pytest.fixture
def gateway_store(store: SqlStore) -> GatedStore:
    """The gateway's store, with gates."""
    return GatedStore(store)


@pytest.fixture
async def gateway(run_gateway: RunGateway) -> AsyncIterator[Gateway]:
    """A gateway with a low limit."""
    async with run_gateway(LOOPBACK, limits=LimitSettings(sessions_per_user=LIMIT)) as running:
        yield running


@pytest.fixture
async def clients(gateway: Gateway) -> AsyncIterator[list[GatewayClient]]:
    """More clients than may log in."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_gateway(gateway.url)) for _ in range(LIMIT + 2)]


async def identify_all(clients: list[GatewayClient], login: Login) -> list[GatewayClient]:
    """Identify with all clients. Wait until those beyond the limit are refused, and return the others."""
    for client in clients:
        await client.send(2, {"token": login.token, "properties": {}})
    answers = {asyncio.create_task(client.wait_for_op(9)): client for client in clients}
    waiting = set(answers)
    while len(waiting) > LIMIT:
        _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for answer in waiting:
        answer.cancel()
    return [answers[answer] for answer in waiting]


async def test_logins_at_the_same_time_are_refused_beyond_the_limit(
    writer: StoreWriter, gateway_store: GatedStore, clients: list[GatewayClient]
) -> None:
    alice = await writer.person()
    await writer.guild(alice)
    gate = gateway_store.hold("guilds.load_snapshots")
    accepted = await identify_all(clients, alice)
    assert len(accepted) == LIMIT
    gate.open()
    for client in accepted:
        await client.wait_for("READY")
    assert sum(len(client.bodies("READY")) for client in clients) == LIMIT


@pytest.mark.guilds_are("here")
async def test_login_that_fails_gives_its_place_back(
    writer: StoreWriter, gateway_store: GatedStore, gateway: Gateway, clients: list[GatewayClient]
) -> None:
    alice = await writer.person()
    await writer.guild(alice)
    gate = gateway_store.hold("guilds.load_snapshots")
    failed = await identify_all(clients, alice)
    gate.open(fails=True)
    for client in failed:
        assert await client.wait_closed() == 4000
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(LIMIT):
            await (await stack.enter_async_context(open_gateway(gateway.url))).identify(alice.token)


async def test_client_that_goes_away_before_ready_gives_its_place_back_at_once(
    writer: StoreWriter, gateway_store: GatedStore, gateway: Gateway, clients: list[GatewayClient]
) -> None:
    alice = await writer.person()
    await writer.guild(alice)
    gate = gateway_store.hold("guilds.load_snapshots")
    for client in await identify_all(clients, alice):
        await client.socket.close(4000)
    async with contextlib.AsyncExitStack() as stack:
        others = [await stack.enter_async_context(open_gateway(gateway.url)) for _ in range(LIMIT + 2)]
        accepted = await identify_all(others, alice)
        gate.open()
        for client in accepted:
            await client.wait_for("READY")
