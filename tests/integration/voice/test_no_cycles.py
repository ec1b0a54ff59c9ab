"""What a browser had at the node is gone with it. A cycle would stay until the collector walks all of a node's objects,
which it does seldom, as everybody's voice waits meanwhile.
"""

import asyncio
import contextlib
import gc
import weakref
from collections.abc import Iterator
from typing import Any

from aiortc.rtcdtlstransport import RTCDtlsTransport

from core.voice.seats import SeatKey
from tests.support.voice.client import WAIT_S
from tests.support.voice.node import GUILD, Stage
from tests.support.voice.rooms import browsers

ADA, BOB = 1, 2


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Let nothing but references keep objects."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def tell_end(watched: Any) -> asyncio.Event:
    """Return an event that is set when nothing refers to an object any more."""
    gone = asyncio.Event()
    weakref.finalize(watched, gone.set)
    return gone


def find_transports() -> list[Any]:
    """Return the node's ends of handshakes, those of other tests too."""
    return [each for each in gc.get_objects() if type(each) is RTCDtlsTransport and each._role == "server"]


async def test_peer_and_handshake_of_a_browser_that_leaves_are_freed_without_the_collector(stage: Stage) -> None:
    earlier = find_transports()
    async with browsers(stage, ADA, BOB) as (ada, bob):
        ada.talk(b"hello")
        await bob.listen()
        with without_collector():
            ends = [tell_end(member.peer) for member in stage.directory.members]
            ends += [tell_end(each) for each in find_transports() if each not in earlier]
            assert len(ends) == 4
            for user_id in (ADA, BOB):
                stage.nodes.remove(SeatKey(GUILD, user_id))
            async with asyncio.timeout(WAIT_S):
                for end in ends:
                    await end.wait()
