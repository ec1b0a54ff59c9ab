"""Video in several sizes at a media node, without a browser: who gets which, and what those who film are told."""

import asyncio
import itertools
from typing import Any

from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    unpack_remb_fci,
)

from tests.support.voice.node import Stage
from tests.support.voice.rooms import browsers
from tests.support.voice.webrtc_client import WebrtcTestClient
from voice.webrtc.bandwidth import FAIR_BPS, MOST_BPS

ADA, BOB = 1, 2
LAYERS = {"q": 101, "h": 102, "f": 103}
KEYFRAME, OTHER = b"\x10\0", b"\x10\1"
WANTS, VERSION = 15, 16


class Publisher:
    """A browser that films in three sizes, which are known by name, and sends keyframes when it is asked for them."""

    def __init__(self, ada: WebrtcTestClient) -> None:
        self.ada = ada
        self.next = dict.fromkeys(LAYERS, 65_500)

    async def run(self) -> None:
        """Film until cancelled."""
        streams = [
            {"type": "video", "rid": rid, "ssrc": 0, "active": True, "quality": quality}
            for rid, quality in (("f", 100), ("q", 25), ("h", 50))
        ]
        ada = self.ada
        await ada.say(12, {"audio_ssrc": ada.source, "video_ssrc": ada.video_ssrc, "rtx_ssrc": 0, "streams": streams})
        for rid in LAYERS:
            self.film(rid, KEYFRAME)
        while True:
            for rid in LAYERS:
                self.film(rid, OTHER)
            await asyncio.sleep(0.02)
            while not ada.reports.empty():
                report = ada.reports.get_nowait()
                if isinstance(report, RtcpPsfbPacket) and report.fmt == RTCP_PSFB_PLI:
                    self.film(next(rid for rid, ssrc in LAYERS.items() if ssrc == report.media_ssrc), KEYFRAME)

    def film(self, rid: str, kind: bytes) -> None:
        """Send the next packet of a layer, whose content says which one it is."""
        number = self.next[rid] = (self.next[rid] + 1) & 0xFFFF
        content = kind + f"{rid} {number}".encode()
        self.ada.film(content, rid=rid, ssrc=LAYERS[rid], sequence_number=number)


async def wait_for_keyframe_wish(ada: WebrtcTestClient, ssrc: int) -> None:
    """Wait until somebody wants a keyframe of a layer."""
    while (await ada.next_report(RtcpPsfbPacket, RTCP_PSFB_PLI)).media_ssrc != ssrc:
        pass


async def wait_for_choice(bob: WebrtcTestClient) -> None:
    """Wait until the node has chosen what a browser gets, after all that this has said before."""
    await bob.say(VERSION, {})
    await bob.expect(VERSION)
    for _ in range(2):  # the first may have been on its way; the node chooses and reports in one
        await bob.next_report(RtcpRrPacket)


async def test_viewer_sees_one_stream_of_the_layer_that_it_wants(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        publishing = asyncio.ensure_future(Publisher(ada).run())
        assert (await bob.expect(12))["streams"][0]["rid"] == "f"
        came = [await bob.listen()]
        await listen_until(bob, came, "f")
        await bob.say(WANTS, {"any": 100, str(ada.video_ssrc): 25})
        await listen_until(bob, came, "q")
        await bob.say(WANTS, {"any": 50})
        await listen_until(bob, came, "h")
        publishing.cancel()
    first = came[0].sequence_number
    assert [packet.sequence_number for packet in came] == [(first + place) & 0xFFFF for place in range(len(came))]
    assert {packet.ssrc for packet in came} == {ada.video_ssrc}
    changes = [after for before, after in itertools.pairwise(came) if before.payload[2] != after.payload[2]]
    assert [packet.payload[2:3] for packet in changes][-3:] == [b"f", b"q", b"h"]
    assert all(packet.payload.startswith(KEYFRAME) for packet in changes)


async def listen_until(bob: WebrtcTestClient, came: list[Any], rid: str) -> None:
    """Receive packets until one is of a layer."""
    while not came[-1].payload[2:].startswith(rid.encode()):
        came.append(await bob.listen())


async def test_what_was_lost_before_a_change_is_sent_again(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        publishing = asyncio.ensure_future(Publisher(ada).run())
        came = [await bob.listen()]
        await listen_until(bob, came, "f")
        publishing.cancel()
        ada.talk(b"the end")
        while (await bob.listen()).payload != b"the end":
            pass
        await check_repeat(ada, bob, came[-2])


async def check_repeat(ada: WebrtcTestClient, bob: WebrtcTestClient, packet: Any) -> None:
    """Let Bob lose a packet of the layer that he got before."""
    bob.forget_what_came()
    lost = [packet.sequence_number]
    await bob.tell(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=9, media_ssrc=ada.video_ssrc, lost=lost))
    again = await bob.listen()
    assert (again.sequence_number, again.timestamp) == (packet.sequence_number, packet.timestamp)
    assert again.payload == packet.payload
    assert again.extensions == packet.extensions, "its key encrypts no two packets with one number"


async def test_what_a_client_does_not_show_is_not_sent(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        await ada.switch_camera(is_on=True)
        await bob.expect(12)
        ada.film(OTHER + b"shown")
        bob.talk(b"so that there is something to report")
        shown = await bob.listen()
        await bob.say(WANTS, {"any": 0})
        await wait_for_choice(bob)
        ada.reports = asyncio.Queue()  # a keyframe may have been wanted at the beginning, too
        ada.film(OTHER + b"hidden")
        await bob.say(WANTS, {"any": 100})
        await wait_for_keyframe_wish(ada, ada.camera)
        ada.film(OTHER + b"too early")
        ada.film(KEYFRAME + b"shown again")
        again = await bob.listen()
        assert again.payload == KEYFRAME + b"shown again"
        assert again.sequence_number == (shown.sequence_number + 1) & 0xFFFF


async def test_who_films_is_told_what_the_poorest_line_carries(stage: Stage) -> None:
    async def next_share() -> int:
        return unpack_remb_fci((await ada.next_report(RtcpPsfbPacket, RTCP_PSFB_APP)).fci)[0]

    async with browsers(stage, ADA, BOB) as (ada, bob):
        await ada.switch_camera(is_on=True)
        await bob.expect(12)
        ada.film(bytes(1000))
        await bob.listen()
        assert await next_share() > MOST_BPS * 0.99
        for highest in (1, 101):
            info = RtcpReceiverInfo(
                ada.video_ssrc, fraction_lost=128, packets_lost=1, highest_sequence=highest, jitter=0, lsr=0, dlsr=0
            )
            await bob.tell(RtcpRrPacket(ssrc=9, reports=[info]))
        while (share := await next_share()) > MOST_BPS * 0.99:
            pass
        assert FAIR_BPS * 0.99 < share < FAIR_BPS * 1.01
