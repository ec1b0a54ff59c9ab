"""Sessions that get another socket, or give up their slot, between two parts of a flush. Over real sockets no event is
lost, doubled or sent to another session.
"""

import asyncio
import contextlib
import random
from typing import Any

import pytest

from core.wire.close_codes import UNKNOWN_ERROR
from core_ext.delivery import Track, deliver
from core_ext.guild import SlotSet
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.connection import Connection
from tests.integration.transport.listener.conftest import RecordingListener, RunListener
from tests.integration.transport.listener.test_listener import COMPRESS, json_of, log_in
from tests.support.gateway.websocket_client import WebSocketClient, open_websocket

SLOTS = 12
ROUNDS = 40


class Guest:
    """A session and its client, on the current socket."""

    def __init__(self, served: RecordingListener, compress: str) -> None:
        self.track = Track(max_events=1000, max_bytes=1 << 30)
        self.owed: list[str] = []
        """The text of each dispatch, by its number from 1 on."""
        self.seen = 0
        """The number of the last dispatch that the client read."""
        self.client: WebSocketClient
        self.connection: Connection
        self._served = served
        self._compress = compress
        self._sockets = contextlib.AsyncExitStack()

    async def connect(self) -> None:
        """Connect on a new socket and resume after the last dispatch read. Bytes for the old one are lost."""
        if self.seen or self.owed:
            self.client.abort()
        name, make = COMPRESS[self._compress]
        query = f"v=10&encoding=json&compress={name}"
        opened = open_websocket(self._served.address, query, decompressor=make() if make else None)
        self.client = await self._sockets.enter_async_context(opened)
        await log_in(self.client)
        self.connection = self._served.handler.connections[-1]
        self.track.attach(self.connection.outlet)
        self.track.replay_after(self.seen)

    async def read(self, count: int) -> None:
        """Read the next dispatches, which must be this session's, in the order of their numbers."""
        for _ in range(count):
            payload = await self.client.read_payload()
            self.seen += 1
            assert (payload["s"], payload["d"]) == (self.seen, self.owed[self.seen - 1])

    async def leave(self) -> None:
        """Read all owed dispatches up to the end of the stream. No others may come."""
        self.connection.close(UNKNOWN_ERROR)
        await self.read(len(self.owed) - self.seen)
        assert await self.client.read_close_code() == UNKNOWN_ERROR.code
        await self._sockets.aclose()


@pytest.mark.parametrize("compress", COMPRESS)
async def test_sessions_that_come_and_go_within_a_flush_get_each_dispatch_once(
    run_listener: RunListener, compress: str
) -> None:
    chance = random.Random(compress)
    async with run_listener(socket_buffer_bytes=4096) as served:
        guests = [Guest(served, compress) for _ in range(SLOTS)]
        for guest in guests:
            await guest.connect()
        queue = guests[0].connection.outlet.queue
        for number in range(ROUNDS):
            for part in range(chance.choice((1, 1, 3))):
                tell(guests, chance, f"{number} {part} " + "x" * chance.choice((1, 50, 3000)))
            queue.flush(chance.randrange(1, SLOTS))
            slot = chance.randrange(SLOTS)
            match chance.randrange(4):
                case 0:
                    await guests[slot].connect()
                case 1:
                    # Another session has the slot from now on, in the middle of the flush.
                    before, guests[slot] = guests[slot], Guest(served, compress)
                    await asyncio.gather(before.leave(), guests[slot].connect())
                case 2:
                    guest = guests[slot]
                    await guest.read(chance.randrange(len(guest.owed) - guest.seen + 1))
                case _:
                    guests[slot].connection.outlet.cut()
                    await guests[slot].connect()
        for guest in guests:
            await guest.leave()
        assert len(queue) == 0


def tell(guests: list[Guest], chance: random.Random, text: str) -> None:
    """Send an event to some of them, mostly to all but a few."""
    slots = [slot for slot in range(SLOTS) if chance.random() < 0.9]
    tracks: list[Any] = [guest.track for guest in guests]
    assert deliver(tracks, SlotSet(slots), DispatchBody("E", json_of(text))) == len(slots)
    for slot in slots:
        guests[slot].owed.append(text)
