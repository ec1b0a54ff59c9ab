"""Browsers at a media node, without a browser: ICE, DTLS and SRTP over real sockets, beside clients of Discord's own
protocol in one room.
"""

from typing import Any

import pytest
from aiortc.rtp import RTCP_RTPFB_NACK, RtcpReceiverInfo, RtcpRrPacket, RtcpRtpfbPacket, RtcpSrPacket

from core.voice.seats import Rights, SeatKey
from tests.support.voice.client import GCM, XCHACHA
from tests.support.voice.node import EVERYTHING, GUILD, Stage
from tests.support.voice.rooms import bot, browsers, wait_for_drop
from tests.support.voice.webrtc_client import CODECS, WebrtcTestClient

ADA, BOB, EVE = 1, 2, 3


async def test_two_browsers_hear_each_other_in_order(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        for number in range(600):
            ada.talk(b"frame %d" % number)
            packet = await bob.listen()
            assert (packet.ssrc, packet.payload) == (ada.ssrc, b"frame %d" % number)
        assert packet.sequence_number == 0x1000 + 599, "which the sender's own number, gone round, is not"
        bob.talk(b"answer")
        assert await ada.hear() == (bob.ssrc, b"answer")


@pytest.mark.parametrize("mode", [GCM, XCHACHA])
async def test_browser_and_bot_hear_each_other(stage: Stage, mode: str) -> None:
    async with browsers(stage, ADA) as (ada,), bot(stage, BOB, mode) as bob:
        ada.talk(b"hello")
        assert await bob.hear() == (ada.ssrc, b"hello")
        for number in range(3):
            bob.talk(b"frame %d" % number)
            packet = await ada.listen()
            assert (packet.ssrc, packet.payload_type, packet.payload) == (bob.ssrc, 111, b"frame %d" % number)


async def test_each_browser_has_its_own_numbers(stage: Stage) -> None:
    bob = WebrtcTestClient(BOB, GUILD, stage.seat(BOB))
    await bob.sit()
    await bob.choose(codecs=[{**CODECS[0], "payload_type": 96}])
    await bob.check()
    await bob.shake_hands()
    async with browsers(stage, ADA) as (ada,):
        ada.talk(b"hello")
        packet = await bob.listen()
        assert (packet.payload_type, packet.payload) == (96, b"hello")
        bob.talk(b"answer", payload_type=96)
        answer = await ada.listen()
        assert (answer.payload_type, answer.payload) == (111, b"answer")
    await bob.leave()


async def test_reports_end_at_the_node(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        ada.talk(b"one")
        ada.next_sequence = (ada.next_sequence + 1) & 0xFFFF
        ada.talk(b"three")
        assert [(await bob.listen()).payload for _ in range(2)] == [b"one", b"three"]
        (told,) = (await ada.next_report(RtcpRrPacket)).reports
        assert (told.ssrc, told.packets_lost, told.fraction_lost) == (ada.source, 1, 256 // 3)
        heard = await bob.next_report(RtcpSrPacket)
        assert (heard.ssrc, heard.sender_info.packet_count, heard.sender_info.octet_count) == (ada.ssrc, 2, 8)


async def test_voice_that_was_lost_is_sent_again(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob), bot(stage, EVE) as eve:
        for speaker in (ada, eve):
            for sound in (b"one", b"two", b"three"):
                speaker.talk(sound)
            heard = [await bob.listen() for _ in range(3)]
            bob.forget_what_came()
            lost = heard[1].sequence_number
            await bob.tell(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=9, media_ssrc=speaker.ssrc, lost=[lost, lost + 9]))
            again = await bob.listen()
            assert (again.ssrc, again.sequence_number, again.payload) == (speaker.ssrc, lost, b"two")


async def test_voice_that_the_node_has_not_got_is_asked_for(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        ada.talk(b"one")
        missing = ada.next_sequence
        ada.next_sequence += 1
        ada.talk(b"three")
        asked = await ada.next_report(RtcpRtpfbPacket)
        assert (asked.fmt, asked.media_ssrc, asked.lost) == (RTCP_RTPFB_NACK, ada.source, [missing])
        ada.talk(b"two", sequence_number=missing)
        assert [(await bob.listen()).payload for _ in range(3)] == [b"one", b"three", b"two"]


async def test_voice_of_the_room_is_not_sent_again_to_who_is_deaf(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        ada.talk(b"one")
        lost = (await bob.listen()).sequence_number
        stage.nodes.change(SeatKey(GUILD, BOB), Rights(speak=True, hear=False))
        await stage.news.wait_until(lambda: all_have(stage, BOB, "hear"))
        bob.forget_what_came()
        await bob.tell(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=9, media_ssrc=ada.ssrc, lost=[lost]))
        bob.talk(b"after the report")
        assert await ada.hear() == (bob.ssrc, b"after the report")
        assert bob.packets.empty()


async def test_speaker_is_told_of_the_worst_hearers_loss(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB, EVE) as (ada, bob, eve):
        ada.talk(b"voice")
        await bob.listen()
        for who, loss in ((bob, 26), (eve, 3)):
            for highest in (1, 101):
                heard = RtcpReceiverInfo(
                    ada.ssrc, loss, packets_lost=9, highest_sequence=highest, jitter=0, lsr=0, dlsr=0
                )
                await who.tell(RtcpRrPacket(ssrc=9, reports=[heard]))
        while not (told := (await ada.next_report(RtcpRrPacket)).reports[0]).fraction_lost:
            pass  # a report of before
        assert (told.ssrc, told.fraction_lost, told.packets_lost) == (ada.source, 26, 0)


async def test_muted_and_deafened_browsers(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob), bot(stage, EVE) as eve:
        ada.talk(b"before")
        assert await bob.hear() == (ada.ssrc, b"before")
        stage.nodes.change(SeatKey(GUILD, ADA), Rights(speak=False, hear=True))
        stage.nodes.change(SeatKey(GUILD, EVE), Rights(speak=True, hear=False))
        stage.nodes.change(SeatKey(GUILD, BOB), Rights(speak=True, hear=False))
        await stage.news.wait_until(lambda: all_have(stage, ADA, "speak") and all_have(stage, BOB, "hear"))
        ada.talk(b"muted")
        await wait_for_drop(stage, "muted")
        eve.talk(b"to the deaf")
        assert await ada.hear() == (eve.ssrc, b"to the deaf")
        for user_id in (ADA, BOB, EVE):
            stage.nodes.change(SeatKey(GUILD, user_id), EVERYTHING)
        await stage.news.wait_until(lambda: not all_have(stage, ADA, "speak") and not all_have(stage, BOB, "hear"))
        ada.next_sequence = 20_000  # as far behind as an hour of silence leads
        ada.talk(b"after")
        assert await bob.hear() == (ada.ssrc, b"after")


def all_have(stage: Stage, user_id: int, right: str) -> bool:
    """Whether the node knows that a user has not this right."""
    member = stage.directory._members[SeatKey(GUILD, user_id)]
    return not getattr(member.seat.rights, right)


async def test_removed_browser_is_heard_no_more(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        stage.nodes.remove(SeatKey(GUILD, ADA))
        assert await ada.wait_closed() == 4014
        await ada.wait_over()
        ada.talk(b"too late")
        await wait_for_drop(stage, "stranger")
        bob.talk(b"alone")
        assert (ada.packets.empty(), bob.packets.empty()) == (True, True)


async def test_browser_that_comes_anew_is_heard_on(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        ada.talk(b"first")
        first = await bob.listen()
        await ada.choose()
        await ada.check()
        await ada.shake_hands()
        ada.talk(b"second", ssrc=77, sequence_number=3)
        second = await bob.listen()
        assert (second.ssrc, second.payload) == (ada.ssrc, b"second")
        assert second.sequence_number == first.sequence_number + 1


async def test_keys_are_for_whom_the_offer_named(stage: Stage) -> None:
    ada = WebrtcTestClient(ADA, GUILD, stage.seat(ADA))
    ada.fingerprint = "00:" * 31 + "00"
    await ada.sit()
    await ada.choose()
    await ada.check()
    await ada.shake_hands()
    async with browsers(stage, BOB) as (bob,):
        ada.talk(b"hello")
        await wait_for_drop(stage, "no keys")
        assert bob.packets.empty()
    await ada.leave()


@pytest.mark.parametrize("changes", [{"ice-pwd": "0" * 32}, {"ice-ufrag": "nobody"}])
async def test_strangers_are_not_answered(stage: Stage, changes: dict[str, str]) -> None:
    ada = WebrtcTestClient(ADA, GUILD, stage.seat(ADA))
    await ada.sit()
    await ada.choose()
    right, ada.answer = ada.answer, ada.answer | changes
    ada.send_check()
    await wait_for_drop(stage, "forged" if "ice-pwd" in changes else "stranger")
    ada.answer = right
    await ada.check()
    assert ada.socket.checks.empty(), "the first one was not answered"
    await ada.leave()


async def test_browser_that_moves_is_followed(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        old = await ada.move()
        await ada.check()
        ada.talk(b"from elsewhere")
        assert await bob.hear() == (ada.ssrc, b"from elsewhere")
        bob.talk(b"answer")
        assert await ada.hear() == (bob.ssrc, b"answer")
        assert old.received.empty()
        old.close()


@pytest.mark.parametrize(
    "data",
    ["", "v=0", None, 5, "a=ice-ufrag:them\na=fingerprint:sha-256 00:11", "x" * 30_000],
)
async def test_offer_that_is_none_is_refused(stage: Stage, data: Any) -> None:
    ada = WebrtcTestClient(ADA, GUILD, stage.seat(ADA))
    await ada.sit()
    await ada.say(1, {"protocol": "webrtc", "data": data})
    assert await ada.wait_closed() == 4002
