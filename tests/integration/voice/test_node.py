"""A media node over real sockets: a link to a gateway, WebSockets and UDP, with clients of the tests."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

import pytest
from websockets.exceptions import ConnectionClosed

from core.voice.seats import Rights, Room, SeatKey
from tests.support.voice.client import GCM, XCHACHA, UdpClient, VoiceTestClient
from tests.support.voice.node import CHANNEL, GUILD, Stage, open_stage
from tests.support.voice.rooms import bot, wait_for_drop
from voice.rooms.bounds import Bounds

ADA, BOB, EVE = 1, 2, 3


@contextlib.asynccontextmanager
async def joined(stage: Stage, *user_ids: int, mode: str = GCM) -> AsyncIterator[list[VoiceTestClient]]:
    """Clients in the room."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(bot(stage, user_id, mode)) for user_id in user_ids]


@pytest.mark.parametrize("mode", [GCM, XCHACHA])
async def test_two_clients_hear_each_other_in_order(stage: Stage, mode: str) -> None:
    async with joined(stage, ADA, BOB, mode=mode) as (ada, bob):
        for number in range(20):
            ada.talk(b"frame %d" % number)
        assert [await bob.hear() for _ in range(20)] == [(ada.ssrc, b"frame %d" % number) for number in range(20)]
        bob.talk(b"answer")
        assert await ada.hear() == (bob.ssrc, b"answer")


async def test_clients_of_both_ciphers_are_in_one_room(stage: Stage) -> None:
    async with joined(stage, ADA, mode=GCM) as (ada,), joined(stage, BOB, mode=XCHACHA) as (bob,):
        ada.talk(b"hello")
        assert await bob.hear() == (ada.ssrc, b"hello")


async def test_members_are_told_of_each_other(stage: Stage) -> None:
    async with joined(stage, ADA) as (ada,):
        await ada.say(5, {"speaking": 1, "delay": 0, "ssrc": ada.ssrc})
        async with joined(stage, BOB) as (bob,):
            assert await bob.expect(11) == {"user_ids": [str(ADA)]}
            assert await bob.expect(5) == {"user_id": str(ADA), "ssrc": ada.ssrc, "speaking": 1}
            assert await ada.expect(11) == {"user_ids": [str(BOB)]}
            await ada.say(5, {"speaking": 0, "delay": 0, "ssrc": 7})
            assert await bob.expect(5) == {"user_id": str(ADA), "ssrc": ada.ssrc, "speaking": 0}
        assert await ada.expect(13) == {"user_id": str(BOB)}


async def test_gateway_is_told_of_joins_and_ends(stage: Stage) -> None:
    async with joined(stage, ADA):
        await stage.news.wait_until(lambda: stage.news.connected == [SeatKey(GUILD, ADA)])
    await stage.news.wait_until(lambda: stage.news.ended == [SeatKey(GUILD, ADA)])


async def test_gateway_is_told_who_speaks_and_not_of_those_who_send_silence(stage: Stage) -> None:
    async with joined(stage, ADA, EVE) as (ada, eve):
        async with asyncio.timeout(60):
            for _ in range(5):  # as clients end what they say
                eve.talk(b"\xf8\xff\xfe")
            while SeatKey(GUILD, ADA) not in stage.news.spoken:
                ada.talk(b"a word" * 20)
                await asyncio.sleep(0.01)
        assert SeatKey(GUILD, EVE) not in stage.news.spoken


async def test_token_is_taken_once(stage: Stage) -> None:
    async with joined(stage, ADA) as (ada,):
        again = VoiceTestClient(ADA, GUILD, ada.server)
        await again.open()
        await again.identify()
        assert await again.wait_closed() == 4004
        await ada.say(3, {"t": 5, "seq_ack": -1})
        assert await ada.expect(6) == {"t": 5}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": ""}, 4004),
        ({"token": "x" * 200}, 4004),
        ({"user_id": str(EVE)}, 4004),
        ({"server_id": str(GUILD + 1)}, 4004),
        ({"session_id": "another"}, 4006),
        ({"user_id": "ada"}, 4002),
    ],
)
async def test_identify_that_does_not_fit_its_token_is_refused(
    stage: Stage, changes: dict[str, str], code: int
) -> None:
    client = VoiceTestClient(ADA, GUILD, stage.seat(ADA))
    await client.open()
    await client.identify(**changes)
    assert await client.wait_closed() == code
    assert stage.directory.member_count == 0


async def test_token_of_a_removed_seat_is_worth_nothing() -> None:
    async with open_stage(Bounds(admission_s=0.05)) as stage:
        client = VoiceTestClient(ADA, GUILD, stage.seat(ADA))
        stage.nodes.remove(SeatKey(GUILD, ADA))
        await client.open()
        await client.identify()
        assert await client.wait_closed() == 4006


async def test_token_of_an_earlier_place_is_worth_nothing(stage: Stage) -> None:
    first = VoiceTestClient(ADA, GUILD, stage.seat(ADA))
    second = VoiceTestClient(ADA, GUILD, stage.seat(ADA, channel_id=CHANNEL + 1))
    await second.join()
    await first.open()
    await first.identify()
    assert await first.wait_closed() == 4006
    await second.leave()


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([(1, {"protocol": "udp"})], 4003),
        ([(99, None)], 4001),
        ([(21, {})], 4001),
    ],
)
async def test_strangers_may_say_little(stage: Stage, messages: list[tuple[int, object]], code: int) -> None:
    client = VoiceTestClient(ADA, GUILD, stage.seat(ADA))
    await client.open()
    for op, d in messages:
        await client.say(op, d)
    assert await client.wait_closed() == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"protocol": "carrier pigeon", "data": {}}, 4012),
        ({"protocol": "udp", "data": {"address": "127.0.0.1", "port": 1, "mode": "xsalsa20_poly1305"}}, 4016),
        ({"protocol": "udp", "data": {"address": "127.0.0.1", "port": 65536, "mode": GCM}}, 4002),
    ],
)
async def test_select_protocol_of_what_is_not_there_is_refused(stage: Stage, data: object, code: int) -> None:
    client = VoiceTestClient(ADA, GUILD, stage.seat(ADA))
    await client.open()
    await client.identify()
    await client.expect(2)  # the node may hear of the seat later than of its client
    await client.say(1, data)
    assert await client.wait_closed() == code


async def test_second_identify_is_refused(stage: Stage) -> None:
    async with joined(stage, ADA) as (ada,):
        await ada.identify()
        assert await ada.wait_closed() == 4005


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", 4002),
        (b"\x00\x01", 4001),
        (b"\x1a\x00", 4003),
        ("no json", 4002),
        ('{"op": "1"}', 4002),
        ("x" * 4000, 4002),
    ],
)
async def test_broken_messages_close_with_a_code(stage: Stage, frame: bytes | str, code: int) -> None:
    client = VoiceTestClient(ADA, GUILD, stage.seat(ADA))
    await client.open()
    await client.ws.send(frame)
    assert await client.wait_closed() == code


async def test_other_versions_are_refused(stage: Stage) -> None:
    from websockets.asyncio.client import connect

    async with connect(f"ws://{stage.seat(ADA).endpoint_for('')}/?v=4") as ws:
        with pytest.raises(ConnectionClosed):
            await ws.recv()
        assert ws.close_code == 4020


async def test_lost_socket_resumes_with_what_it_missed(stage: Stage) -> None:
    async with joined(stage, ADA) as (ada,):
        ada.ws.transport.abort()
        async with joined(stage, BOB) as (bob,):
            resumed = VoiceTestClient(ADA, GUILD, ada.server)
            await resumed.open()
            d = {"server_id": str(GUILD), "session_id": ada.session_id, "token": ada.server.token, "seq_ack": ada.seq}
            await resumed.say(7, d)
            assert (await resumed.next_message())["op"] == 9
            assert await resumed.expect(11) == {"user_ids": [str(BOB)]}
            ada.talk(b"still here")
            assert await bob.hear() == (ada.ssrc, b"still here")
            await resumed.leave()
    await stage.news.wait_until(lambda: len(stage.news.ended) == 2)


async def test_resume_with_another_token_is_refused(stage: Stage) -> None:
    async with joined(stage, ADA) as (ada,):
        other = VoiceTestClient(ADA, GUILD, ada.server)
        await other.open()
        await other.say(7, {"server_id": str(GUILD), "session_id": ada.session_id, "token": "x", "seq_ack": 0})
        assert await other.wait_closed() == 4006


async def test_seat_that_is_not_resumed_ends() -> None:
    async with open_stage(Bounds(resume_s=0.05)) as stage, joined(stage, ADA) as (ada,):
        ada.ws.transport.abort()
        await stage.news.wait_until(lambda: stage.news.ended == [SeatKey(GUILD, ADA)])
        assert stage.directory.member_count == 0


async def test_removed_member_is_silent_and_deaf_at_once(stage: Stage) -> None:
    async with joined(stage, ADA, BOB) as (ada, bob):
        stage.nodes.remove(SeatKey(GUILD, ADA))
        assert await ada.wait_closed() == 4014
        ada.talk(b"anybody?")
        await wait_for_drop(stage, "stranger")
        assert bob.udp.received.empty()
        assert await bob.expect(13) == {"user_id": str(ADA)}


async def test_closed_room_ends_all(stage: Stage) -> None:
    async with joined(stage, ADA, BOB) as (ada, bob):
        stage.nodes.close_room(Room(GUILD, CHANNEL))
        assert [await ada.wait_closed(), await bob.wait_closed()] == [4022, 4022]
        assert stage.directory.sizes == (0, 0, 0, 0, 0)


async def test_muted_and_deafened_members_are_dropped_at_the_door(stage: Stage) -> None:
    async with joined(stage, ADA, BOB, EVE) as (ada, bob, eve):
        stage.nodes.change(SeatKey(GUILD, ADA), Rights(speak=False, hear=True))
        stage.nodes.change(SeatKey(GUILD, EVE), Rights(speak=True, hear=False))
        await ada.say(5, {"speaking": 5, "delay": 0, "ssrc": ada.ssrc})
        while (await bob.expect(5))["speaking"] != 0:
            pass  # what ada has said may have come before the gateway's order
        ada.talk(b"muted")
        await wait_for_drop(stage, "muted")
        eve.talk(b"deaf, and heard")
        assert await bob.hear() == (eve.ssrc, b"deaf, and heard")
        bob.talk(b"not for the deaf")
        assert await ada.hear() == (eve.ssrc, b"deaf, and heard")
        assert await ada.hear() == (bob.ssrc, b"not for the deaf")
        assert eve.udp.received.empty()


async def test_rooms_do_not_hear_each_other(stage: Stage) -> None:
    async with joined(stage, ADA, BOB) as (ada, bob):
        elsewhere = VoiceTestClient(EVE, GUILD, stage.seat(EVE, channel_id=CHANNEL + 1))
        await elsewhere.join()
        elsewhere.talk(b"alone")
        ada.talk(b"not alone")
        assert await bob.hear() == (ada.ssrc, b"not alone")
        assert bob.udp.received.empty()
        assert elsewhere.udp.received.empty()
        await elsewhere.leave()


async def test_member_that_changes_its_network_is_followed(stage: Stage) -> None:
    async with joined(stage, ADA, BOB) as (ada, bob):
        old = ada.udp
        ada.udp = await UdpClient.open(ada.media)
        ada.talk(b"from elsewhere")
        assert await bob.hear() == (ada.ssrc, b"from elsewhere")
        bob.talk(b"to there")
        assert await ada.hear() == (bob.ssrc, b"to there")
        assert old.received.empty()
        old.close()


async def test_repeated_and_changed_packets_are_not_passed_on(stage: Stage) -> None:
    async with joined(stage, ADA, BOB) as (ada, bob):
        packet = ada.make_packet(b"once")
        thief = await UdpClient.open(ada.media)
        ada.udp.send(packet)
        assert await bob.hear() == (ada.ssrc, b"once")
        thief.send(packet)
        changed = bytearray(ada.make_packet(b"twice"))
        changed[3] ^= 1
        thief.send(bytes(changed))
        await wait_for_drop(stage, "repeated")
        await wait_for_drop(stage, "forged")
        bob.talk(b"private")
        assert await ada.hear() == (bob.ssrc, b"private")
        assert thief.received.empty()
        assert bob.udp.received.empty()
        thief.close()


async def test_packets_of_the_node_sent_back_are_not_heard(stage: Stage) -> None:
    async with joined(stage, ADA, BOB) as (ada, bob):
        ada.talk(b"to bob")
        packet = await bob.udp.receive()
        forged = packet[:8] + bob.ssrc.to_bytes(4, "big") + packet[12:]
        bob.udp.send(forged)
        bob.udp.send(packet)
        await wait_for_drop(stage, "repeated", 1)
        assert ada.udp.received.empty()


async def test_random_datagrams_do_nothing(stage: Stage) -> None:
    chance = random.Random(7)
    async with joined(stage, ADA, BOB) as (ada, bob):
        stranger = await UdpClient.open(ada.media)
        for _ in range(2000):
            datagram = bytearray(chance.randbytes(chance.randrange(0, 200)))
            if len(datagram) > 12 and chance.random() < 0.5:
                datagram[0] = 0x80 | (datagram[0] & 0x1F)
                datagram[8:12] = ada.ssrc.to_bytes(4, "big")
            stranger.send(bytes(datagram))
            if not chance.randrange(50):
                await asyncio.sleep(0)
        await wait_for_drop(stage, "forged", 1)
        ada.talk(b"undisturbed")
        assert await bob.hear() == (ada.ssrc, b"undisturbed")
        assert stranger.received.empty()
        stranger.close()


async def test_keepalives_come_back_to_members_alone(stage: Stage) -> None:
    async with joined(stage, ADA) as (ada,):
        ada.udp.send(b"\x05\0\0\0\0\0\0\0")
        assert await ada.udp.receive() == b"\x05\0\0\0\0\0\0\0"
        stranger = await UdpClient.open(ada.media)
        stranger.send(b"\x05\0\0\0\0\0\0\0")
        await wait_for_drop(stage, "keepalive")
        assert stranger.received.empty()
        stranger.close()


async def test_too_many_commands_close(stage: Stage) -> None:
    async with joined(stage, ADA) as (ada,):
        for number in range(300):
            await ada.say(3, {"t": number, "seq_ack": -1})
        assert await ada.wait_closed() == 4021


async def test_silent_sockets_are_closed() -> None:
    async with open_stage(Bounds(identify_s=0.05)) as stage:
        client = VoiceTestClient(ADA, GUILD, stage.seat(ADA))
        await client.open()
        assert await client.wait_closed() == 4009
