"""Cameras at a media node, without a browser: who is told of them and gets their packets, and how what is lost is mended."""

import asyncio

import pytest
from aiortc.rtp import RTCP_PSFB_PLI, RTCP_RTPFB_NACK, RtcpPsfbPacket, RtcpRtpfbPacket

from core.voice.seats import Rights, SeatKey
from tests.support.voice.node import EVERYTHING, GUILD, Stage
from tests.support.voice.rooms import bot, browsers, wait_for_drop
from tests.support.voice.webrtc_client import VP8, WebrtcTestClient

ADA, BOB, EVE = 1, 2, 3


def told_on(who: WebrtcTestClient) -> dict[str, object]:
    """What the others are told when a camera is on."""
    stream = {"type": "video", "ssrc": who.video_ssrc, "rtx_ssrc": who.video_ssrc + 1, "rid": "100", "quality": 100}
    return {
        "user_id": str(who.user_id),
        "audio_ssrc": who.ssrc,
        "video_ssrc": who.video_ssrc,
        "streams": [{**stream, "active": True, "max_framerate": 30}],
    }


def told_off(who: WebrtcTestClient) -> dict[str, object]:
    """What the others are told when a camera is off."""
    return {"user_id": str(who.user_id), "audio_ssrc": who.ssrc, "video_ssrc": 0, "streams": []}


async def test_camera_is_told_and_passed_on_while_it_is_on(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob), bot(stage, EVE) as eve:
        ada.film(b"nobody was told")
        await wait_for_drop(stage, "muted")
        await ada.switch_camera(is_on=True)
        assert await bob.expect(12) == await eve.expect(12) == told_on(ada)
        ada.film(b"picture")
        packet = await bob.listen()
        assert (packet.ssrc, packet.payload_type, packet.payload) == (ada.video_ssrc, VP8, b"picture")
        assert packet.marker == 1
        ada.film(b"another layer", ssrc=99)
        await wait_for_drop(stage, "unknown")
        async with browsers(stage, EVE + 1) as (late,):
            assert await late.expect(12) == told_on(ada)
        await ada.switch_camera(is_on=False)
        assert await bob.expect(12) == told_off(ada)
        ada.film(b"off")
        await wait_for_drop(stage, "muted", 2)
        assert bob.packets.empty()
        ada.talk(b"voice")
        assert await eve.hear() == (ada.ssrc, b"voice"), "and nothing of the video"


async def test_camera_needs_the_right_to_stream(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        await ada.switch_camera(is_on=True)
        assert await bob.expect(12) == told_on(ada)
        stage.nodes.change(SeatKey(GUILD, ADA), Rights(speak=True, hear=True, stream=False))
        assert await bob.expect(12) == told_off(ada)
        ada.film(b"forbidden")
        await wait_for_drop(stage, "muted")
        stage.nodes.change(SeatKey(GUILD, ADA), EVERYTHING)
        assert await bob.expect(12) == told_on(ada)
        ada.film(b"allowed")
        assert await bob.hear() == (ada.video_ssrc, b"allowed")


async def test_client_without_video_has_no_camera(stage: Stage) -> None:
    async with browsers(stage, ADA) as (ada,), bot(stage, EVE) as eve:
        await eve.say(12, {"audio_ssrc": eve.ssrc, "video_ssrc": 5, "rtx_ssrc": 0, "streams": []})
        await eve.say(5, {"speaking": 1, "delay": 0, "ssrc": eve.ssrc})
        assert await ada.expect(5)
        await eve.leave()
        said = await ada.next_message()
        assert said["op"] == 13, "and nothing of a camera before"


async def test_keyframe_is_asked_for_once_for_all(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB, EVE) as (ada, bob, eve):
        await ada.switch_camera(is_on=True)
        assert await bob.expect(12) == told_on(ada)
        ada.film(b"picture")
        await asyncio.gather(bob.listen(), eve.listen())
        for _ in range(5):
            for who in (bob, eve):
                await who.tell(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=9, media_ssrc=ada.video_ssrc))
        asked = await ada.next_report(RtcpPsfbPacket, RTCP_PSFB_PLI)
        assert asked.media_ssrc == ada.camera
        ada.film(b"keyframe")
        await bob.listen()
        assert (await ada.next_report(RtcpPsfbPacket, RTCP_PSFB_PLI)).media_ssrc == ada.camera, "for what came later"


async def test_what_a_browser_has_not_got_is_sent_again(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        await ada.switch_camera(is_on=True)
        assert await bob.expect(12) == told_on(ada)
        for number in range(3):
            ada.film(b"picture %d" % number)
        packets = [await bob.listen() for _ in range(3)]
        lost = packets[1].sequence_number
        bob.forget_what_came()
        await bob.tell(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=9, media_ssrc=ada.video_ssrc, lost=[lost, lost + 50]))
        again = await bob.listen()
        assert (again.sequence_number, again.payload) == (lost, b"picture 1")


async def test_packets_without_a_picture_are_not_passed_on_and_leave_no_gap(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        await ada.switch_camera(is_on=True)
        assert await bob.expect(12) == told_on(ada)
        for picture in (b"first", b"", b"", b"second"):
            ada.film(picture)
        packets = [await bob.listen() for _ in range(2)]
        assert [packet.payload for packet in packets] == [b"first", b"second"]
        assert packets[1].sequence_number == packets[0].sequence_number + 1
        await wait_for_drop(stage, "empty", 2)


async def test_what_the_node_has_not_got_is_asked_for(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        await ada.switch_camera(is_on=True)
        assert await bob.expect(12) == told_on(ada)
        ada.film(b"first")
        missing = ada.next_frame
        ada.next_frame += 1
        ada.film(b"third")
        asked = await ada.next_report(RtcpRtpfbPacket)
        assert (asked.fmt, asked.media_ssrc, asked.lost) == (RTCP_RTPFB_NACK, ada.camera, [missing])
        ada.film(b"second", sequence_number=missing)
        assert [(await bob.listen()).payload for _ in range(3)] == [b"first", b"third", b"second"]


@pytest.mark.parametrize(
    "plain", [b"", b"\x81\xce\0\1" + bytes(4), b"\x84\xce\0\3" + bytes(12), b"\x80\xc8" + bytes(30)]
)
async def test_broken_reports_of_a_member_do_nothing(stage: Stage, plain: bytes) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        ada.udp.send(ada.dtls._tx_srtp.protect_rtcp(plain.ljust(8, b"\0")))
        ada.talk(b"voice")
        assert await bob.hear() == (ada.ssrc, b"voice")
