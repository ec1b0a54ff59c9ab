"""Clients of the tests in the room of a media node, of both kinds."""

import contextlib
import ssl
from collections.abc import AsyncIterator

from tests.support.voice.client import GCM, VoiceTestClient
from tests.support.voice.node import GUILD, Stage
from tests.support.voice.webrtc_client import WebrtcTestClient


@contextlib.asynccontextmanager
async def browsers(stage: Stage, *user_ids: int) -> AsyncIterator[list[WebrtcTestClient]]:
    """Browsers in the room."""
    clients = [WebrtcTestClient(user_id, GUILD, stage.seat(user_id)) for user_id in user_ids]
    async with contextlib.AsyncExitStack() as stack:
        for client in clients:
            stack.push_async_callback(client.leave)
            await client.join()
        yield clients


@contextlib.asynccontextmanager
async def bot(
    stage: Stage, user_id: int, mode: str = GCM, tls: ssl.SSLContext | None = None
) -> AsyncIterator[VoiceTestClient]:
    """A client of Discord's own protocol in the room."""
    client = VoiceTestClient(user_id, GUILD, stage.seat(user_id))
    client.tls = tls
    try:
        await client.join(mode)
        yield client
    finally:
        await client.leave()


async def wait_for_drop(stage: Stage, reason: str, count: int = 1) -> None:
    """Wait until so many datagrams were dropped for a reason."""
    await stage.news.wait_until(lambda: stage.news.loads[-1].counts.drops.get(reason, 0) >= count)
