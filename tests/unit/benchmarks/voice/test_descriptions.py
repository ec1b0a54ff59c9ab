"""What the benchmark's browsers read of servers' descriptions, and how they measure ages."""

import socket

from benchmarks.voice.browser import Way, parse_way
from benchmarks.voice.talk import Ears
from core.runtime.sockets import bind_datagram_socket
from voice.webrtc.answer import Answer


def test_way_is_the_first_address_of_ipv4() -> None:
    sdp = (
        "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret:with:colons\r\n"
        "a=candidate:1 1 udp 2015363327 fd00::2 5000 typ host\r\n"
        "a=candidate:2 1 udp 2015363327 192.0.2.2 5001 typ host\r\na=end-of-candidates\r\n"
    )
    assert parse_way(sdp) == Way("192.0.2.2", 5001, "abcd", "secret:with:colons")


def test_way_is_read_of_the_nodes_own_answer() -> None:
    answer = Answer("192.0.2.1", 7000, "ufrag", "password", "sha-256 00")
    assert parse_way(answer.encode()) == Way("192.0.2.1", 7000, "ufrag", "password")


class Hearer:
    """A browser with a socket alone."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock


def test_sharp_ears_know_how_old_packets_are_and_pass_reports_over() -> None:
    with bind_datagram_socket("127.0.0.1", 0) as sock, bind_datagram_socket("127.0.0.1", 0) as sender:
        ears = Ears([Hearer(sock)], are_sharp=True)  # type: ignore[list-item]
        report = bytes((0x80, 200)) + bytes(20)
        long_ago = bytes((0x80, 111, 0, 1)) + bytes(16)
        for datagram in (report, long_ago):
            sender.sendto(datagram, sock.getsockname())
        ears.hear()
        assert ears.came == 1
        [age_us] = ears.ages_us
        assert 0 <= age_us < 1 << 32
