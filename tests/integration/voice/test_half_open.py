"""Clients that begin to join and never end it, beside a room that must not notice. In the end nothing of them is left.

CI lets a few do so. Ten thousand take some minutes:

    HALF_OPEN_JOINS=10000 make test ARGS="-n 0 --timeout 3600 tests/integration/voice/test_half_open.py"
"""

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any

from core.voice.seats import SeatKey
from core.voice.tokens import Claims, read_token, sign_token
from tests.support.instances import count_instances
from tests.support.voice.client import GCM, UdpClient, VoiceTestClient
from tests.support.voice.dtls import say_hello
from tests.support.voice.node import GUILD, Stage, open_stage
from tests.support.voice.rooms import bot
from tests.support.voice.webrtc_client import WebrtcTestClient
from voice.rooms.bounds import Bounds
from voice.rooms.member import Member
from voice.signalling.client_socket import ClientSocket
from voice.signalling.conversation import Conversation
from voice.webrtc.connection import Connection
from voice.webrtc.handshake import Handshake

JOINS = int(os.environ.get("HALF_OPEN_JOINS", "60"))
AT_ONCE = 30
ADDRESSES = 20
ADA, BOB, FIRST_STRANGER = 1, 2, 1000
REMOTE_ROOM = 77
KINDS = (Member, ClientSocket, Conversation, Connection, Handshake)
BOUNDS = Bounds(resume_s=0.05)

Way = Callable[["Crowd", int], Coroutine[Any, Any, VoiceTestClient]]


class Crowd:
    """The strangers, and the UDP sockets that they share."""

    def __init__(self, stage: Stage, udp: list[UdpClient]) -> None:
        self.stage = stage
        self.udp = udp

    def make(self, user_id: int, kind: type[VoiceTestClient] = VoiceTestClient) -> Any:
        """Seat somebody."""
        return kind(user_id, GUILD, self.stage.seat(user_id, channel_id=REMOTE_ROOM + user_id % 7))

    async def say_nothing(self, user_id: int) -> VoiceTestClient:
        """Open a socket, and no more."""
        client: VoiceTestClient = self.make(user_id)
        await client.open()
        return client

    async def come_too_early(self, user_id: int) -> VoiceTestClient:
        """Identify with the token of a place that no gateway tells of."""
        client: VoiceTestClient = self.make(user_id)
        claims = read_token(self.stage.secret, client.server.token, now_ms=time.time_ns() // 1_000_000)
        later = Claims(claims.seat, claims.epoch + 1000, claims.expires_ms, secrets.token_bytes(12))
        client.server = type(client.server)(
            sign_token(self.stage.secret, later), client.server.host, client.server.port
        )
        await client.open()
        await client.identify()
        return client

    async def take_the_seat(self, user_id: int) -> VoiceTestClient:
        """Identify, and select nothing."""
        client: VoiceTestClient = self.make(user_id)
        await client.open()
        await client.identify()
        ready = await client.expect(2)
        client.ssrc = ready["ssrc"]
        return client

    async def send_no_media(self, user_id: int) -> VoiceTestClient:
        """Select UDP with keys, and ask for the own address from everywhere, but send nothing."""
        client = await self.take_the_seat(user_id)
        for each in self.udp:
            each.send(b"\0\1\0\x46" + client.ssrc.to_bytes(4, "big") + bytes(66))
        await client.select(GCM, "127.0.0.1", self.udp[0].transport.get_extra_info("sockname")[1])
        return client

    async def never_shake_hands(self, user_id: int) -> VoiceTestClient:
        """Select WebRTC, check from many addresses, begin a handshake, and do not go on."""
        client: WebrtcTestClient = self.make(user_id, WebrtcTestClient)
        await client.sit()
        await client.choose()
        own = client.udp
        for each in self.udp:
            client.udp = each  # type: ignore[assignment]
            client.send_check()
        client.udp = own
        await client.check()
        hello = say_hello()
        client.udp.send(hello)
        client.udp.send(hello[: len(hello) // 2])
        await client.udp.receive()  # the node's part of the handshake, so that it has one
        return client


WAYS: tuple[Way, ...] = (
    Crowd.say_nothing, Crowd.come_too_early, Crowd.take_the_seat, Crowd.send_no_media, Crowd.never_shake_hands,
)  # fmt: skip


def find_handshakes() -> list[asyncio.Task[Any]]:
    """The tasks of the node's handshakes."""
    return [task for task in asyncio.all_tasks() if "_shake_hands" in repr(task.get_coro())]


async def test_half_open_joins_leave_nothing_and_a_room_beside_them_loses_nothing() -> None:
    async with open_stage(BOUNDS) as stage, bot(stage, ADA) as ada, bot(stage, BOB) as bob:
        crowd = Crowd(stage, [await UdpClient.open(ada.media) for _ in range(ADDRESSES)])
        before, instances = stage.node.count(), count_instances(KINDS)
        for start in range(0, JOINS, AT_ONCE):
            for each in (ada, bob):
                await each.say(3, {"t": start, "seq_ack": each.seq})
                assert await each.expect(6) == {"t": start}
            strangers = []
            for number in range(start, min(start + AT_ONCE, JOINS)):
                user_id = FIRST_STRANGER + number
                strangers.append(await WAYS[number % len(WAYS)](crowd, user_id))
                ada.talk(b"frame %d" % number)
                assert await bob.hear() == (ada.ssrc, b"frame %d" % number)
            for name, count in stage.node.count().items():
                assert count <= before[name] + AT_ONCE * 9, name
            for number, each in enumerate(strangers):
                if number % 2 or each.ssrc == 0:
                    each.ws.transport.abort()
                else:
                    stage.nodes.remove(SeatKey(GUILD, each.user_id))
                assert await each.wait_closed() in (1006, 4006, 4009, 4014)  # on a slow machine it was too late before
                await each.leave()
                stage.nodes.remove(SeatKey(GUILD, each.user_id))
            await stage.news.wait_until(lambda: stage.node.count() == before and not find_handshakes())
        await stage.news.wait_until(lambda: not count_instances(KINDS) - instances)
        for socket in crowd.udp:
            socket.close()
