"""What browsers are told from time to time: nothing that they know, and again what they have not done yet."""

from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSrPacket

from tests.fakes.clock import START_MS
from tests.unit.voice.webrtc.test_gate import FILMS, HERE, OFFER, THERE, Network, give_keys
from voice.media.source import Source
from voice.webrtc.connection import Connection
from voice.webrtc.offer import Offer
from voice.webrtc.srtp import SrtpKeys

SOURCE = 7
PLI = 1
SECONDS_TO_1970 = 2_208_988_800
"""Since 1900, where the clock of reports begins."""


class Told:
    """Ada, whom the node tells something, and Bob, who hears and sees her."""

    def __init__(self, offer: Offer = OFFER) -> None:
        self.network = network = Network()
        self.ada, self.bob = network.add(4, offer), network.add(8, offer)
        network.check(self.ada, HERE)
        network.check(self.bob, THERE)
        self.adas, self.bobs = give_keys(self.ada, HERE), give_keys(self.bob, THERE)
        del network.sent[:]

    def send(self, sequence: int, payload_type: int = 111) -> None:
        """Let Ada send a packet."""
        head = bytes((0x80, payload_type)) + sequence.to_bytes(2, "big") + bytes(4) + SOURCE.to_bytes(4, "big")
        sealed = self.adas.seal_rtp(head + b"sound")
        assert sealed is not None
        self.network.gate.take(sealed, HERE)

    def say(self, keys: SrtpKeys, report: object, connection: Connection) -> None:
        """Let somebody report."""
        sealed = keys.seal_rtcp(bytes(report))  # type: ignore[call-overload]  # any packet of aiortc
        assert sealed is not None
        assert connection.peer.address is not None
        self.network.gate.take(sealed, connection.peer.address)

    def pass_ticks(self, count: int = 10) -> list[object]:
        """Let a tenth of a second pass so often; return what Ada is told by RTCP, from before that too."""
        for tick in range(count):
            self.network.gate.report(tick % 10)
            self.network.clock.advance(0.1)
        told = [sent for sent, to in self.network.sent if to == HERE and 192 <= sent[1] < 224]
        del self.network.sent[:]
        return [each for sent in told for each in RtcpPacket.parse(self.adas.open_rtcp(sent))]


def test_browser_is_told_once_how_its_streams_came() -> None:
    told = Told()
    assert told.pass_ticks() == []
    told.send(1)
    (report,) = told.pass_ticks()
    assert isinstance(report, RtcpRrPacket)
    assert [(each.ssrc, each.highest_sequence) for each in report.reports] == [(SOURCE, 1)]
    assert told.pass_ticks(20) == []


def test_browser_that_reports_alone_is_told_too_so_that_it_measures_the_way() -> None:
    told = Told()
    told.send(1)
    told.pass_ticks()
    told.say(told.adas, RtcpRrPacket(ssrc=SOURCE), told.ada)
    assert [type(each) for each in told.pass_ticks()] == [RtcpRrPacket]
    assert told.pass_ticks() == []


def test_browser_that_is_silent_is_told_of_the_clocks_of_others() -> None:
    told = Told()
    head = b"\x80\x6f\0\1" + bytes(4) + b"\0\0\0\x09"
    sealed = told.bobs.seal_rtp(head + b"sound")
    assert sealed is not None
    told.network.gate.take(sealed, THERE)
    empty, report = told.pass_ticks()
    assert isinstance(empty, RtcpRrPacket)
    assert isinstance(report, RtcpSrPacket)
    assert (empty.reports, report.reports, report.ssrc) == ([], [], 8)
    info = report.sender_info
    assert (info.packet_count, info.octet_count, info.rtp_timestamp) == (1, len(b"sound"), 48_000 // 10)
    assert info.ntp_timestamp >> 32 == START_MS // 1000 + SECONDS_TO_1970


def test_what_is_missing_is_asked_for_four_times_at_most() -> None:
    told = Told()
    told.send(1)
    told.send(4)
    nacks = [each for each in told.pass_ticks(20) if isinstance(each, RtcpRtpfbPacket)]
    assert [each.lost for each in nacks] == [[2, 3]] * 4


def test_what_has_come_is_not_asked_for_again() -> None:
    told = Told()
    told.send(1)
    told.send(4)
    told.pass_ticks(1)
    told.send(3)
    nacks = [each for each in told.pass_ticks(20) if isinstance(each, RtcpRtpfbPacket)]
    assert [each.lost for each in nacks] == [[2]] * 2


def test_keyframe_that_is_wanted_too_soon_is_asked_for_later() -> None:
    told = Told(FILMS)
    told.ada.peer.film([Source(SOURCE)])
    told.send(1, payload_type=96)
    wish = RtcpPsfbPacket(fmt=PLI, ssrc=1, media_ssrc=told.ada.peer.camera.ssrc)
    told.say(told.bobs, wish, told.bob)
    told.say(told.bobs, wish, told.bob)

    def count_wishes(ticks: int) -> int:
        """Let time pass; return how many keyframes Ada was asked for."""
        return sum(isinstance(each, RtcpPsfbPacket) and each.fmt == PLI for each in told.pass_ticks(ticks))

    assert count_wishes(1) == 1
    assert count_wishes(8) == 1


def test_browser_that_has_left_is_asked_for_nothing() -> None:
    told = Told()
    told.send(1)
    told.send(4)
    told.network.forwarder.take_back(4)
    assert told.network.gate._feedback.waiting == []
    del told.network.sent[:]
    assert told.pass_ticks() == []
