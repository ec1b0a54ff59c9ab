"""Ended sessions leave nothing for the garbage collector, which does not look at frozen objects."""

import gc

import pytest

from core_ext.delivery import Track
from gateway.sessions.session import Session
from tests.integration.gateway.conftest import Connect
from tests.support.stores.store_writer import StoreWriter

pytestmark = pytest.mark.guilds_are("here")

PARTS = (Session, Track)
"""The parts of an ended session. Connections are released later, by the watch over heartbeats."""


def count_parts() -> int:
    """Count sessions and the parts that they keep for a resume."""
    return sum(type(each) in PARTS for each in gc.get_objects())


async def test_sessions_that_end_are_freed_without_a_collection(writer: StoreWriter, connect: Connect) -> None:
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    channel_id = await writer.channel(guild_id)
    async with connect() as staying:
        await staying.identify(alice.token)
        gc.collect()
        gc.disable()
        before = count_parts()
        try:
            for _ in range(3):
                async with connect() as client:
                    await client.identify(alice.token)
                    await writer.say(channel_id, alice, "text", guild_id=guild_id)
                    await client.wait_for("MESSAGE_CREATE")
            # Each message comes a turn of the loop later.
            for number in range(200):
                if count_parts() == before:
                    break
                await writer.say(channel_id, alice, f"after {number}", guild_id=guild_id)
                await staying.wait_for("MESSAGE_CREATE", lambda message, n=number: message["content"] == f"after {n}")
            assert count_parts() == before
        finally:
            gc.enable()
