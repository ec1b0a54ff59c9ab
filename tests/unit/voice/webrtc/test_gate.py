"""The gate: what any datagram leads to, from strangers and from addresses that are known."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aioice.stun import Class, Message, Method
from aiortc.rtp import RtcpPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSrPacket
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Policy

from core.runtime.randomness import SYSTEM_RANDOMNESS
from core.voice.seats import Rights
from core_ext.media import Stream
from tests.fakes.clock import FakeClock
from tests.fakes.datagram_socket import record_into
from voice.crypto.suites import AesGcm
from voice.media.forwarder import Forwarder
from voice.media.passing import Codec
from voice.media.peer import Address, Circle
from voice.media.source import Source
from voice.media.tally import Tally
from voice.media.udp_peer import UdpPeer
from voice.video.camera import Camera
from voice.webrtc.connection import Connection
from voice.webrtc.gate import Gate
from voice.webrtc.handshake import NodeCertificate
from voice.webrtc.offer import Fingerprint, Offer
from voice.webrtc.srtp import SrtpKeys

HERE: Address = ("192.0.2.1", 5000)
THERE: Address = ("192.0.2.2", 5000)
OFFER = Offer("them", (Fingerprint("sha-256", "00"),), {Codec.OPUS: 111}, 0)
FILMS = Offer("them", (Fingerprint("sha-256", "00"),), {Codec.OPUS: 111, Codec.VP8: 96}, 0)
CERTIFICATE = NodeCertificate()
KEYS = (b"k" * 28, b"l" * 28)


class Network:
    """A gate with one circle. Handshakes are never run."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Address]] = []
        self.tally = Tally()
        self.spawned: list[Coroutine[Any, Any, None]] = []
        self.clock = clock = FakeClock()
        self.forwarder = Forwarder(
            departures=record_into(self.sent, self.tally),
            tally=self.tally,
            monotonic_s=clock.monotonic_s,
        )
        self.gate = Gate(
            forwarder=self.forwarder,
            tally=self.tally,
            clock=clock,
            randomness=SYSTEM_RANDOMNESS,
            certificate=CERTIFICATE,
            spawn=self._spawn,
            after_step=lambda: None,
        )
        self.circle = Circle()
        self.sequence = 0
        """Of the last packet."""

    def _spawn(self, handshake: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        handshake.close()
        self.spawned.append(handshake)
        return FakeTask()  # type: ignore[return-value]

    def add(self, ssrc: int, offer: Offer = OFFER) -> Connection:
        """Expect a browser."""
        rights = Rights(speak=True, hear=True, stream=True)
        connection = self.gate.open(
            ssrc=ssrc,
            rights=rights,
            offer=offer,
            voice=Stream(48_000),
            camera=Camera(ssrc + 100, [Stream(90_000)]),
            screen=Camera(ssrc + 300, [Stream(90_000)], is_screen=True),
        )
        self.forwarder.give(ssrc)
        self.forwarder.add(connection.peer, self.circle)
        return connection

    def check(self, connection: Connection, address: Address) -> None:
        """Let a browser check from an address."""
        self.gate.take(make_check(connection.name, connection.password), address)


class FakeTask:
    """A handshake that goes on."""

    def cancel(self) -> None:
        """End it."""


def make_check(name: str, password: str) -> bytes:
    """A check as a browser makes it."""
    check = Message(Method.BINDING, Class.REQUEST, attributes={"USERNAME": f"{name}:them"})
    check.add_message_integrity(password.encode())
    return bytes(check)


def give_keys(connection: Connection, address: Address) -> SrtpKeys:
    """Do what a handshake does; return the browser's keys."""
    connection.peer.keys = SrtpKeys(profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM, theirs=KEYS[0], ours=KEYS[1])
    connection.peer.address = address
    return SrtpKeys(profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM, theirs=KEYS[1], ours=KEYS[0])


def test_proven_address_is_not_given_to_another() -> None:
    network = Network()
    ada, eve = network.add(1), network.add(2)
    network.check(ada, HERE)
    network.check(eve, HERE)
    assert len(network.sent) == 2, "neither has proven it, so it is the later one's"
    network.check(ada, HERE)
    give_keys(ada, HERE)
    network.check(eve, HERE)
    assert len(network.sent) == 3
    assert network.gate.sizes == (2, 2, 1)


def test_browser_is_known_at_few_addresses_and_not_forgotten_at_its_own() -> None:
    network = Network()
    ada = network.add(1)
    network.check(ada, HERE)
    give_keys(ada, HERE)
    for port in range(100):
        network.check(ada, ("192.0.2.7", port))
    assert network.gate.sizes == (1, 1, 8)
    assert HERE in ada.addresses


def test_ended_browsers_leave_nothing() -> None:
    network = Network()
    ada, bob = network.add(1), network.add(2)
    theirs = give_keys(ada, HERE)
    give_keys(bob, THERE)
    network.check(ada, HERE)
    network.forwarder.take_back(1)
    assert network.gate.sizes == (1, 1, 0)
    sealed = theirs.seal_rtp(b"\x80\x6f" + bytes(10) + b"sound")
    assert sealed is not None
    del network.sent[:]
    network.gate.take(sealed, HERE)
    network.forwarder.take_back(2)
    assert (network.sent, network.gate.sizes, ada.peer.keys) == ([], (0, 0, 0), None)


async def test_keys_that_are_made_when_the_browser_has_left_are_not_taken() -> None:
    network = Network()
    ada = network.add(1)
    network.check(ada, HERE)
    given = give_keys(ada, HERE)
    ada.handshake = LateHandshake(given)  # type: ignore[assignment]
    ada.peer.keys = ada.peer.address = None
    shaking = network.gate._shake_hands(ada)
    network.forwarder.take_back(1)
    await shaking
    assert (ada.peer.keys, ada.peer.address, network.gate.sizes) == (None, None, (0, 0, 0))


class LateHandshake:
    """A handshake that is done when nobody waits for it any more."""

    def __init__(self, keys: SrtpKeys) -> None:
        self.keys = keys

    async def run(self, on_keys: Callable[[SrtpKeys], None]) -> None:
        """Hand over the keys."""
        on_keys(self.keys)


def test_packet_comes_once_and_unchanged() -> None:
    network = Network()
    ada, bob = network.add(1), network.add(2)
    theirs = give_keys(ada, HERE)
    give_keys(bob, THERE)
    network.check(ada, HERE)
    sealed = theirs.seal_rtp(b"\x80\x6f\0\1" + bytes(8) + b"sound")
    assert sealed is not None
    del network.sent[:]
    network.gate.take(sealed[:-1] + b"?", HERE)
    network.gate.take(sealed, HERE)
    network.gate.take(sealed, HERE)
    assert [to for _, to in network.sent] == [THERE]
    assert network.tally.read().drops == {"forged": 2}


def voice_of(source: int) -> bytes:
    """A packet of voice with an SSRC, in the clear."""
    return b"\x80\x6f" + bytes(6) + source.to_bytes(4, "big") + b"sound"


def test_browser_cannot_fill_the_memory_with_sources() -> None:
    network = Network()
    ada = network.add(1)
    theirs = give_keys(ada, HERE)
    network.check(ada, HERE)
    for source in range(200):
        sealed = theirs.seal_rtp(voice_of(source))
        assert sealed is not None
        network.gate.take(sealed, HERE)
    assert network.tally.read().drops == {"stranger": 72}


def test_browser_that_floods_is_heard_to_a_bound_until_its_next_reports() -> None:
    network = Network()
    ada, bob = network.add(4), network.add(8)
    theirs = give_keys(ada, HERE)
    give_keys(bob, THERE)
    network.check(ada, HERE)

    def flood(count: int) -> int:
        """Send so many packets; return how many Bob gets."""
        del network.sent[:]
        for _ in range(count):
            network.sequence += 1
            sealed = theirs.seal_rtp(b"\x80\x6f" + network.sequence.to_bytes(2, "big") + bytes(8) + b"sound")
            assert sealed is not None
            network.gate.take(sealed, HERE)
        return len(network.sent)

    assert flood(6000) == 5000
    assert network.tally.read().drops == {"flood": 1000}
    nack = theirs.seal_rtcp(bytes(RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=8, lost=[1])))
    assert nack is not None
    network.gate.take(nack, HERE)
    assert network.tally.read().drops == {"flood": 1001}
    for tick in range(10):
        network.gate.report(tick)
    assert flood(10) == 10


class Pair:
    """Two browsers that talk, of whom Bob may vanish."""

    def __init__(self) -> None:
        self.network = Network()
        self.ada, self.bob = self.network.add(4), self.network.add(8)
        self.network.check(self.ada, HERE)
        self.network.check(self.bob, THERE)
        self.adas, self.bobs = give_keys(self.ada, HERE), give_keys(self.bob, THERE)

    def pass_second(self) -> list[Address]:
        """Let Ada say something, and a second pass with its reports; return where anything was sent."""
        network = self.network
        del network.sent[:]
        network.sequence += 1
        sealed = self.adas.seal_rtp(b"\x80\x6f" + network.sequence.to_bytes(2, "big") + bytes(8) + b"sound")
        assert sealed is not None
        network.gate.take(sealed, HERE)
        for tick in range(10):
            network.gate.report(tick)
        network.clock.advance(1)
        return [to for _, to in network.sent]

    def pass_seconds(self, count: int) -> list[bool]:
        """Let so many pass; return for each whether anything was sent to Bob."""
        return [THERE in self.pass_second() for _ in range(count)]


def test_browser_that_has_vanished_is_sent_nothing_until_it_checks_again() -> None:
    pair = Pair()
    assert pair.pass_seconds(20) == [True] * 16 + [False] * 4
    assert pair.bob.peer.circle is not None, "it stays in the room"
    pair.network.check(pair.bob, ("192.0.2.9", 1))
    assert not any(pair.pass_seconds(1)), "nobody has proven that address"
    pair.network.check(pair.bob, THERE)
    assert pair.pass_seconds(20) == [True] * 16 + [False] * 4


def test_browser_that_checks_or_reports_has_not_vanished() -> None:
    pair = Pair()
    for _ in range(3):
        assert all(pair.pass_seconds(10))
        pair.network.check(pair.bob, THERE)
    for _ in range(3):
        assert all(pair.pass_seconds(10))
        report = pair.bobs.seal_rtcp(bytes(RtcpRrPacket(ssrc=1)))
        assert report is not None
        pair.network.gate.take(report, THERE)
    assert all(pair.pass_seconds(10))


def test_browser_that_has_vanished_comes_back_from_elsewhere_with_an_authentic_packet() -> None:
    pair = Pair()
    elsewhere = ("192.0.2.9", 1)
    pair.pass_seconds(20)
    pair.network.check(pair.bob, elsewhere)
    report = pair.bobs.seal_rtcp(bytes(RtcpRrPacket(ssrc=1)))
    assert report is not None
    pair.network.gate.take(report, elsewhere)
    pair.network.check(pair.bob, THERE)
    assert set(pair.pass_second()) == {HERE, elsewhere}


def test_address_of_a_browser_that_has_vanished_may_become_anothers() -> None:
    pair = Pair()
    pair.pass_seconds(20)
    eve = pair.network.add(12)
    pair.network.check(eve, THERE)
    give_keys(eve, THERE)
    pair.network.check(pair.bob, THERE)
    assert (pair.bob.peer.address, eve.peer.address) == (None, THERE)


def test_listener_is_told_of_the_clocks_of_those_alone_who_were_heard_of_late() -> None:
    pair = Pair()
    for ssrc in range(12, 100, 4):
        give_keys(pair.network.add(ssrc), ("192.0.2.3", ssrc))

    def list_told() -> list[int]:
        """Let a second pass; return of whose streams Bob is told."""
        pair.network.check(pair.bob, THERE)
        del pair.network.sent[:]
        for tick in range(10):
            pair.network.gate.report(tick)
        pair.network.clock.advance(1)
        reports = [RtcpPacket.parse(pair.bobs.open_rtcp(sent)) for sent, to in pair.network.sent if to == THERE]
        return [each.ssrc for report in reports for each in report if isinstance(each, RtcpSrPacket)]

    assert list_told() == []
    pair.pass_second()
    assert list_told() == [4]
    for _ in range(10):
        list_told()
    assert list_told() == []
    pair.pass_second()
    assert list_told() == [4]


def test_sources_that_strangers_name_in_a_browsers_place_take_no_room() -> None:
    network = Network()
    ada, bob = network.add(1), network.add(2)
    theirs = give_keys(ada, HERE)
    give_keys(bob, THERE)
    network.check(ada, HERE)
    for source in range(200):
        network.gate.take(voice_of(source) + bytes(16), HERE)
        network.gate.take(b"\x80\xc9\0\1" + source.to_bytes(4, "big") + bytes(20), HERE)
    del network.sent[:]
    sealed = theirs.seal_rtp(voice_of(1000))
    assert sealed is not None
    network.gate.take(sealed, HERE)
    assert [to for _, to in network.sent] == [THERE]
    assert network.tally.read().drops == {"forged": 400}


def test_views_of_a_browser_end_when_its_user_goes_on_with_another_client() -> None:
    network = Network()
    ada, bob = network.add(4), network.add(8)
    for ssrc in ada.peer.ssrcs:
        bob.peer.view(ssrc)
    peer = UdpPeer(ssrc=4, suite=AesGcm(bytes(32)), rights=ada.peer.rights, voice=ada.peer.voice)
    network.forwarder.add(peer, network.circle)
    assert list(bob.peer.views) == [4]


def test_shortest_datagram_of_dtls_is_read() -> None:
    network = Network()
    ada = network.add(1)
    network.check(ada, HERE)
    network.gate.take(b"\x14\xfe\xfd" + bytes(8) + b"\0\1\1", HERE)
    assert len(network.spawned) == 1
    network.gate.take(b"\x14\xfe\xfd" + bytes(8), HERE)
    network.gate.take(voice_of(1)[:15], HERE)
    assert network.tally.read().drops == {"unknown": 2}


def test_what_is_missing_around_the_turn_of_numbers_is_asked_for() -> None:
    network = Network()
    ada = network.add(1, FILMS)
    theirs = give_keys(ada, HERE)
    network.check(ada, HERE)
    ada.peer.film([Source(7)])
    for sequence in (65533, 2):
        sealed = theirs.seal_rtp(b"\x80\x60" + sequence.to_bytes(2, "big") + bytes(7) + b"\x07picture")
        assert sealed is not None
        network.gate.take(sealed, HERE)
    asked = [RtcpPacket.parse(theirs.open_rtcp(sent))[0] for sent, _ in network.sent[1:]]
    assert [each.lost for each in asked] == [[65534, 65535], [0, 1]]


def test_reports_go_on_when_those_to_one_browser_fail(caplog: pytest.LogCaptureFixture) -> None:
    network = Network()
    ada, bob = network.add(4), network.add(8)
    give_keys(ada, HERE)
    theirs = give_keys(bob, THERE)
    network.check(bob, THERE)
    sealed = theirs.seal_rtp(voice_of(1))
    assert sealed is not None
    network.gate.take(sealed, THERE)
    ada.peer.downlink = None  # type: ignore[assignment]  # a fault in what is known of Ada
    del network.sent[:]
    for tick in range(10):
        network.gate.report(tick)
    assert "reports to a browser have failed" in caplog.text
    assert {to for _, to in network.sent} == {THERE}


DATAGRAMS = st.one_of(
    st.binary(max_size=120),
    st.tuples(
        st.sampled_from([b"\x00\x01", b"\x16\xfe\xfd", b"\x80\x6f", b"\x80\xc8", b"\x81\xce", b"\x90\x6f"]),
        st.binary(max_size=200),
    ).map(b"".join),
    st.binary(max_size=100).map(lambda rest: b"\x00\x01" + len(rest).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + rest),
)


@settings(max_examples=100)
@given(st.lists(st.tuples(DATAGRAMS, st.sampled_from([HERE, THERE, ("203.0.113.9", 9)])), max_size=20))
def test_any_datagrams_send_nothing(datagrams: list[tuple[bytes, Address]]) -> None:
    network = Network()
    ada, bob = network.add(1), network.add(2)
    for connection, address in ((ada, HERE), (bob, THERE)):
        network.check(connection, address)
        give_keys(connection, address)
    del network.sent[:]
    for datagram, address in datagrams:
        network.gate.take(datagram, address)
    assert [sent for sent, _ in network.sent if sent[:4] != b"\x00\x02\x00\x46"] == []
    assert (ada.peer.address, bob.peer.address) == (HERE, THERE)
    assert network.tally.read().packets_in == len(datagrams) + 2
