"""The steps of a sampled message in gateways, from the log to the sockets, also over a link."""

import msgspec
import pytest

from core.domain.messages.message import Message
from tests.fakes.tracer import FakeTracer
from tests.integration.gateway.conftest import Connect
from tests.support.stores.store_writer import StoreWriter

CONTEXT = bytes(range(24))


@pytest.fixture
def tracer() -> FakeTracer:
    """Each gateway is traced."""
    return FakeTracer()


@pytest.fixture
async def steps(writer: StoreWriter, connect: Connect, tracer: FakeTracer) -> list[tuple[str, str]]:
    """The steps of a sampled message to one session, each with the one before it."""
    alice = await writer.person()
    guild_id = await writer.guild(alice)
    channel_id = await writer.channel(guild_id)
    async with connect() as client:
        await client.identify(alice.token)
        await client.wait_for_guild()
        message = Message(
            id=writer.ids.next(), channel_id=channel_id, guild_id=guild_id, author_id=alice.id, content="traced"
        )
        events = writer.message_events(message, alice)
        await writer.store.messages.add(message, [msgspec.structs.replace(event, trace=CONTEXT) for event in events])
        await client.wait_for("MESSAGE_CREATE")
    told = [span for span in tracer.spans if span.ended is not None]
    names = {span.context: span.name for span in told} | {CONTEXT: "store"}
    return [(span.name, names[span.parent or b""]) for span in told]


@pytest.mark.guilds_are("here")
async def test_message_goes_from_the_actor_to_the_sockets(steps: list[tuple[str, str]]) -> None:
    assert steps == [("actor", "store"), ("socket", "actor")]


@pytest.mark.guilds_are("elsewhere")
async def test_context_crosses_the_link_with_the_message(steps: list[tuple[str, str]]) -> None:
    assert steps == [("actor", "store"), ("link", "actor"), ("host", "link"), ("socket", "host")]
