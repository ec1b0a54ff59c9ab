"""Screens that are shared at a media node, without a browser: beside a camera or alone, and only with STREAM."""

from typing import Any

from aiortc.rtp import RTCP_PSFB_PLI, RTCP_RTPFB_NACK, RtcpPsfbPacket, RtcpRtpfbPacket

from core.voice.seats import Rights, SeatKey
from tests.support.voice.node import EVERYTHING, GUILD, Stage
from tests.support.voice.rooms import browsers, wait_for_drop
from tests.support.voice.webrtc_client import WebrtcTestClient

ADA, BOB, EVE = 1, 2, 3


def told(who: WebrtcTestClient, *, camera: bool = False, screen: bool = False) -> dict[str, Any]:
    """What the others are told of what somebody films."""
    one = {"rid": "100", "quality": 100, "active": True}
    streams: list[dict[str, Any]] = []
    if camera:
        rtx = {"rtx_ssrc": who.video_ssrc + 1}
        streams.append({"type": "video", "ssrc": who.video_ssrc, **rtx, **one, "max_framerate": 30})
    if screen:
        streams.append({"type": "screen", "ssrc": who.screen_ssrc, **one, "max_framerate": 15})
    video_ssrc = who.video_ssrc if camera else 0
    return {"user_id": str(who.user_id), "audio_ssrc": who.ssrc, "video_ssrc": video_ssrc, "streams": streams}


async def test_screen_is_another_stream_beside_the_camera(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        await ada.switch_camera(is_on=True, shares=True)
        assert await bob.expect(12) == told(ada, camera=True, screen=True)
        ada.film(b"face", sequence_number=100)
        ada.film(b"screen", ssrc=ada.screen, sequence_number=500)
        assert await bob.hear() == (ada.video_ssrc, b"face")
        assert await bob.hear() == (ada.screen_ssrc, b"screen")
        await ada.switch_camera(is_on=False, shares=True)
        assert await bob.expect(12) == told(ada, screen=True)
        ada.film(b"hidden face")
        await wait_for_drop(stage, "unknown")
        ada.film(b"screen alone", ssrc=ada.screen, sequence_number=501)
        assert await bob.hear() == (ada.screen_ssrc, b"screen alone")
        async with browsers(stage, EVE) as (late,):
            assert await late.expect(12) == told(ada, screen=True)
        await ada.switch_camera(is_on=False)
        assert await bob.expect(12) == told(ada)
        ada.film(b"over", ssrc=ada.screen)
        await wait_for_drop(stage, "muted")
        assert bob.packets.empty()


async def test_screen_that_was_not_told_is_not_passed_on_as_the_camera(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        await ada.switch_camera(is_on=True)
        assert await bob.expect(12) == told(ada, camera=True)
        ada.film(b"nobody was told", ssrc=ada.screen)
        await wait_for_drop(stage, "unknown")
        ada.film(b"face")
        assert await bob.hear() == (ada.video_ssrc, b"face")


async def test_screen_needs_the_right_to_stream_and_ends_with_it(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        await ada.switch_camera(is_on=False, shares=True)
        assert await bob.expect(12) == told(ada, screen=True)
        ada.film(b"allowed", ssrc=ada.screen)
        assert await bob.hear() == (ada.screen_ssrc, b"allowed")
        stage.nodes.change(SeatKey(GUILD, ADA), Rights(speak=True, hear=True, stream=False))
        assert await bob.expect(12) == told(ada)
        ada.film(b"forbidden", ssrc=ada.screen)
        await wait_for_drop(stage, "muted")
        await ada.switch_camera(is_on=True, shares=True)
        ada.film(b"still forbidden", ssrc=ada.screen)
        await wait_for_drop(stage, "muted", 2)
        assert bob.packets.empty()
        stage.nodes.change(SeatKey(GUILD, ADA), EVERYTHING)
        assert await bob.expect(12) == told(ada, camera=True, screen=True)


async def test_what_is_lost_of_a_screen_is_mended(stage: Stage) -> None:
    async with browsers(stage, ADA, BOB) as (ada, bob):
        await ada.switch_camera(is_on=True, shares=True)
        await bob.expect(12)
        for number in (0, 1, 3):
            ada.film(b"screen %d" % number, ssrc=ada.screen, sequence_number=number)
        asked = await ada.next_report(RtcpRtpfbPacket)
        assert (asked.fmt, asked.media_ssrc, asked.lost) == (RTCP_RTPFB_NACK, ada.screen, [2])
        packets = [await bob.listen() for _ in range(3)]
        bob.forget_what_came()
        lost = packets[1].sequence_number
        await bob.tell(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=9, media_ssrc=ada.screen_ssrc, lost=[lost]))
        again = await bob.listen()
        assert (again.ssrc, again.sequence_number, again.payload) == (ada.screen_ssrc, lost, b"screen 1")
        await bob.tell(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=9, media_ssrc=ada.screen_ssrc))
        assert (await ada.next_report(RtcpPsfbPacket, RTCP_PSFB_PLI)).media_ssrc == ada.screen
