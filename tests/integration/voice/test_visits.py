"""What the log says of a stay: bytes, loss and the time to the client and back, of both kinds of clients."""

import asyncio

import pytest
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket, RtcpSrPacket

from core.domain.guilds.voice_session import VoiceSession
from core.voice.seats import SeatKey
from tests.support.voice.node import CHANNEL, GUILD, Stage
from tests.support.voice.rooms import bot, browsers

ADA, BOB = 1, 2
PACKETS, ONE_LOST_OF = 250, 5
SOUND = b"twenty bytes of sound"
DELAY_S = 0.25
HEARTBEAT, HEARTBEAT_ACK = 3, 6


async def visit(stage: Stage, user_id: int) -> VoiceSession:
    """End somebody's stay, and wait for its line in the log."""
    stage.nodes.remove(SeatKey(GUILD, user_id))
    await stage.news.wait_until(lambda: any(each.user_id == user_id for each in stage.news.visits))
    return next(each for each in stage.news.visits if each.user_id == user_id)


async def test_stay_of_a_bot_tells_its_loss_and_how_far_it_is(stage: Stage) -> None:
    async with bot(stage, ADA) as ada, bot(stage, BOB) as bob:
        for number in range(PACKETS):
            packet = ada.make_packet(SOUND)
            if number % ONE_LOST_OF:
                ada.udp.send(packet)
                assert await bob.hear() == (ada.ssrc, SOUND)
        await ada.say(HEARTBEAT, {"t": 1, "seq_ack": ada.seq})
        await ada.expect(HEARTBEAT_ACK)
        quality = stage.directory._members[SeatKey(GUILD, ADA)].voice.quality
        await stage.news.wait_until(lambda: quality.rtts[1] > 0)
        stay = await visit(stage, ADA)
        check(stay, ADA, sent=PACKETS - PACKETS // ONE_LOST_OF)
        assert stay.mean_rtt_ms is not None
        heard = await visit(stage, BOB)
        assert (heard.peak_loss, heard.mean_rtt_ms, heard.bytes_sent) == (None, None, 0), "it has said nothing"
        assert heard.bytes_received > stay.bytes_sent


async def test_stay_of_a_browser_tells_its_loss_and_how_far_it_is(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        bob.talk(b"hello")
        await ada.listen()
        for number in range(PACKETS):
            if number % ONE_LOST_OF:
                ada.talk(SOUND)
                await bob.listen()
            else:
                ada.next_sequence = (ada.next_sequence + 1) & 0xFFFF
        for highest, lost in ((1000, 0), (1300, 75)):  # of what Bob was sent
            report = RtcpReceiverInfo(ada.ssrc, 0, packets_lost=lost, highest_sequence=highest, jitter=0, lsr=0, dlsr=0)
            await bob.tell(RtcpRrPacket(ssrc=bob.source, reports=[report]))
        ada.reports = asyncio.Queue()  # older reports may tell of a way that is too long to be true
        sent = (await ada.next_report(RtcpSrPacket)).sender_info.ntp_timestamp
        told = RtcpReceiverInfo(
            bob.ssrc, fraction_lost=0, packets_lost=0, highest_sequence=1, jitter=0,
            lsr=(sent >> 16) - round(DELAY_S * 65536) & 0xFFFFFFFF, dlsr=0,
        )  # fmt: skip
        await ada.tell(RtcpRrPacket(ssrc=ada.source, reports=[told]))
        ada.talk(SOUND)
        await bob.listen()  # so the node has read the report
        stay = await visit(stage, ADA)
        check(stay, ADA, sent=PACKETS - PACKETS // ONE_LOST_OF + 1)
        assert stay.mean_rtt_ms is not None
        assert stay.mean_rtt_ms >= 1000 * DELAY_S - 1
        heard = await visit(stage, BOB)
        assert (heard.peak_loss, heard.bytes_sent) == (0.25, len(b"hello")), "of what it was sent"


def check(stay: VoiceSession, user_id: int, *, sent: int) -> None:
    """Check what both kinds have in common."""
    assert (stay.guild_id, stay.channel_id, stay.user_id) == (GUILD, CHANNEL, user_id)
    assert 0 < stay.began_ms <= stay.ended_ms
    assert stay.bytes_sent == sent * len(SOUND)
    assert stay.peak_loss == pytest.approx(1 / ONE_LOST_OF, abs=0.02)
