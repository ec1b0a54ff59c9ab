"""The forwarder: to which addresses it sends, and what it does with any datagram."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from core.voice.seats import Rights
from core_ext.media import Stream
from tests.fakes.clock import FakeClock
from tests.fakes.datagram_socket import record_into
from voice.crypto.suites import AesGcm
from voice.media.forwarder import Forwarder
from voice.media.passing import Codec
from voice.media.peer import Address, Circle
from voice.media.tally import Tally
from voice.media.udp_peer import UdpPeer

HERE: Address = ("192.0.2.1", 5000)
THERE: Address = ("192.0.2.2", 5000)
ELSEWHERE: Address = ("203.0.113.9", 9)
BOTH = Rights(speak=True, hear=True)


class Network:
    """A forwarder with one circle."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Address]] = []
        self.tally = Tally()
        self.clock = FakeClock()
        self.forwarder = Forwarder(
            departures=record_into(self.sent, self.tally), tally=self.tally, monotonic_s=self.clock.monotonic_s
        )
        self.circle = Circle()

    def add(self, ssrc: int) -> UdpPeer:
        """Add a peer whose key is its SSRC."""
        voice = Stream(Codec.OPUS.clock_rate)
        peer = UdpPeer(ssrc=ssrc, suite=AesGcm(bytes([ssrc]) * 32), rights=BOTH, voice=voice)
        self.forwarder.give(ssrc)
        self.forwarder.add(peer, self.circle)
        return peer

    def ask(self, ssrc: int, address: Address) -> None:
        """Ask for the own address."""
        self.forwarder.take(struct.pack(">HHI64sH", 1, 70, ssrc, b"", 0), address)


def make_packet(ssrc: int, number: int, sound: bytes = b"sound", nonce_number: int | None = None) -> bytes:
    """A packet of a peer. Its nonce is its number, where there is no other."""
    header = struct.pack(">BBHII", 0x80, 0x78, number, number * 960, ssrc)
    nonce = struct.pack(">I", number if nonce_number is None else nonce_number)
    return header + AesGcm(bytes([ssrc]) * 32).seal(sound, header, nonce) + nonce


def test_address_is_bound_by_an_authentic_packet_alone() -> None:
    network = Network()
    network.add(1)
    network.add(2)
    network.forwarder.take(make_packet(1, 0)[:-5] + b"wrong", HERE)
    assert network.forwarder.sizes == (2, 2, 0)
    network.forwarder.take(make_packet(1, 1), HERE)
    assert network.forwarder.sizes == (2, 2, 1)
    network.forwarder.take(make_packet(2, 0), THERE)
    assert [to for _, to in network.sent] == [HERE]


def test_discovered_address_is_bound_when_the_connection_comes_from_there() -> None:
    network = Network()
    peer = network.add(1)
    assert not network.forwarder.bind_discovered(peer, HERE, HERE[0]), "nobody has asked from there"
    network.ask(1, HERE)
    assert not network.forwarder.bind_discovered(peer, HERE, THERE[0]), "the connection comes from elsewhere"
    assert not network.forwarder.bind_discovered(peer, THERE, THERE[0]), "nobody has asked from there"
    assert network.forwarder.bind_discovered(peer, HERE, HERE[0])
    assert peer.address == HERE


def test_strangers_are_not_answered() -> None:
    network = Network()
    network.ask(9, ELSEWHERE)
    assert not network.sent
    assert network.tally.read().drops == {"stranger": 1}


def test_answer_is_as_long_as_the_request() -> None:
    network = Network()
    network.add(1)
    network.ask(1, HERE)
    ((answer, to),) = network.sent
    assert (len(answer), to) == (74, HERE)


def test_client_that_asks_from_many_addresses_is_not_remembered_everywhere() -> None:
    network = Network()
    peer = network.add(1)
    for port in range(1000):
        network.ask(1, ("192.0.2.1", port))
    assert not network.forwarder.bind_discovered(peer, ("192.0.2.1", 0), "192.0.2.1")
    assert network.forwarder.bind_discovered(peer, ("192.0.2.1", 999), "192.0.2.1")


def test_removed_peers_leave_nothing() -> None:
    network = Network()
    for ssrc in (1, 2):
        network.add(ssrc)
        network.forwarder.take(make_packet(ssrc, 0), (f"192.0.2.{ssrc}", 1))
    for ssrc in (1, 2):
        network.forwarder.take_back(ssrc)
    assert network.forwarder.sizes == (0, 0, 0)
    assert network.circle.peers == []
    sent = len(network.sent)
    network.forwarder.take(make_packet(1, 1), HERE)
    assert len(network.sent) == sent


def test_address_that_another_has_had_goes_to_who_proves_it() -> None:
    network = Network()
    first, second = network.add(1), network.add(2)
    network.forwarder.take(make_packet(1, 0), HERE)
    network.forwarder.take(make_packet(2, 0), HERE)
    assert (first.address, second.address) == (None, HERE)
    assert network.forwarder.sizes == (2, 2, 1)


def test_second_packet_with_one_number_is_not_passed_on() -> None:
    network = Network()
    network.add(1)
    network.add(2)
    network.forwarder.take(make_packet(2, 0), THERE)
    del network.sent[:]
    for nonce, sound in enumerate((b"one", b"two"), 100):
        network.forwarder.take(make_packet(1, 7, sound, nonce), HERE)
    assert len(network.sent) == 1
    assert network.tally.read().drops == {"repeated": 1}


def test_client_that_floods_is_heard_to_a_bound_in_each_second() -> None:
    network = Network()
    network.add(1)
    network.add(2)
    network.forwarder.take(make_packet(2, 0), THERE)
    del network.sent[:]
    for number in range(6000):
        network.forwarder.take(make_packet(1, number), HERE)
    assert len(network.sent) == 5000
    assert network.tally.read().drops == {"flood": 1000}
    network.forwarder.take(make_packet(1, 6000), ELSEWHERE)
    assert network.tally.read().drops == {"flood": 1001}, "also from where it has moved to"
    network.clock.advance(1)
    for number in range(6001, 6011):
        network.forwarder.take(make_packet(1, number), ELSEWHERE)
    assert len(network.sent) == 5010


def test_packets_that_others_forge_do_not_count_as_a_clients_flood() -> None:
    network = Network()
    network.add(1)
    network.add(2)
    network.forwarder.take(make_packet(2, 0), THERE)
    del network.sent[:]
    for number in range(6000):
        network.forwarder.take(make_packet(1, number)[:-5] + b"wrong", HERE)
    network.forwarder.take(make_packet(1, 6000), HERE)
    assert [to for _, to in network.sent] == [THERE]


@given(st.lists(st.tuples(st.binary(max_size=120), st.sampled_from([HERE, THERE, ELSEWHERE])), max_size=20))
def test_any_datagrams_of_strangers_send_nothing_but_answers_to_discovery(
    datagrams: list[tuple[bytes, Address]],
) -> None:
    network = Network()
    network.add(1)
    network.add(2)
    for datagram, address in datagrams:
        network.forwarder.take(datagram, address)
    assert not [sent for sent, _ in network.sent if sent[:4] != b"\x00\x02\x00\x46"]
    assert network.forwarder.sizes[2] == 0
    assert network.tally.read().packets_in == len(datagrams)


@given(cut=st.integers(0, 40), flips=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 7)), min_size=1, max_size=3))
def test_changed_packets_are_not_passed_on(cut: int, flips: list[tuple[int, int]]) -> None:
    network = Network()
    network.add(1)
    network.add(2)
    network.forwarder.take(make_packet(2, 0), THERE)
    original = make_packet(1, 5)
    packet = bytearray(original[: len(original) - cut])
    for position, bit in flips:
        if position < len(packet):
            packet[position] ^= 1 << bit
    if bytes(packet) != original:
        network.forwarder.take(bytes(packet), HERE)
        assert not network.sent
