"""Datagrams that leave: which, in what order, to whom, and encrypted alike by both implementations."""

import contextlib
import socket
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Policy

from tests.unit.core_ext.twins import each, implementations_of
from voice.crypto.suites import _ENCRYPT, AesGcm, Suite, XChaCha
from voice.webrtc import srtp

KEY = bytes(range(32))
SRTP_KEYS = (b"t" * 28, b"o" * 28)
WAIT_S = 60.0
HEAD = b"\x80\x78\0\0" + bytes(7) + b"\x01"


class Ends:
    """The socket that sends and one that gets what is sent, on loopback."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.drops: list[str] = []
        self.sock = self._bind()
        self.sink = self._bind()
        self.departures = module.Departures(self.sock, self.drops.append)

    def _bind(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0)
        return sock

    def receiver(self, seal: Any) -> Any:
        """A receiver at the sink."""
        receiver = self.module.Receiver()
        receiver.address, receiver.seal = self.sink.getsockname(), seal
        return receiver

    def take(self, count: int) -> list[bytes]:
        """So many datagrams that come, and those beyond."""
        self.sink.settimeout(WAIT_S)
        taken = [self.sink.recv(4096) for _ in range(count)]
        self.sink.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                taken.append(self.sink.recv(4096))
        return taken

    def close(self) -> None:
        self.sock.close()
        self.sink.close()


@pytest.fixture(params=each("departures"))
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    """Both sockets, open."""
    made = Ends(request.param)
    yield made
    made.close()


def make_srtp(module: ModuleType) -> tuple[Any, srtp.SrtpKeys]:
    """A seal and the keys that read what it writes."""
    profile = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    ours = srtp.SrtpKeys(profile=profile, theirs=SRTP_KEYS[0], ours=SRTP_KEYS[1])
    theirs = srtp.SrtpKeys(profile=profile, theirs=SRTP_KEYS[1], ours=SRTP_KEYS[0])
    context = int(srtp.ffi.cast("uintptr_t", ours._rtp_out._srtp[0]))
    return module.SrtpSeal(ours.seal_rtp, context=context, function=srtp._PROTECT), theirs


def make_seals(module: ModuleType, count: int = 0) -> list[Any]:
    """A seal of each kind."""
    return [
        make_srtp(module)[0],
        module.AeadSeal(AesGcm(KEY).seal, key=b"", function=0, count=count),
        module.AeadSeal(XChaCha(KEY).seal, key=KEY, function=_ENCRYPT, count=count),
    ]


def test_each_receiver_gets_a_packet_in_its_own_form(ends: Ends) -> None:
    seal, theirs = make_srtp(ends.module)
    aead = ends.module.AeadSeal(XChaCha(KEY).seal, key=KEY, function=_ENCRYPT)
    receivers = [ends.receiver(seal), ends.receiver(aead)]
    count, size = ends.departures.put_all(receivers, HEAD, b"sound", 1, 0x1_2345)
    browser, bot = ends.take(2)
    assert (count, size) == (2, len(browser) + len(bot))
    assert [each.bytes_sent for each in receivers] == [len(browser), len(bot)]
    assert theirs.incoming.open(browser) == HEAD[:2] + b"\x23\x45" + HEAD[4:] + b"sound"
    assert XChaCha(KEY).open(bot[12:-4], HEAD, bot[-4:]) == b"sound"
    assert seal.find_number(1, 0x2345) == 0x1_2345
    seal.forget(1)
    assert seal.find_number(1, 0x2345) is None


FIRST, SECOND = b"\x80\0\0\x80", b"\x80\0\0\x81"
EXTENDED = HEAD + b"\xbe\xde\0\0"
"""A header that says itself that there are extensions."""


@pytest.mark.parametrize("module", each("departures"))
@pytest.mark.parametrize("suite", [AesGcm(KEY), XChaCha(KEY)], ids=["gcm", "xchacha"])
@pytest.mark.parametrize(("head", "nonce"), [(HEAD, SECOND), (EXTENDED, FIRST)], ids=["plain", "extended"])
def test_packet_that_would_be_misread_takes_the_next_nonce(
    module: ModuleType, suite: Suite, head: bytes, nonce: bytes
) -> None:
    body = bytes(a ^ b for a, b in zip(suite.seal(bytes(2), head, FIRST), b"\xbe\xde", strict=False)) + b"sound"
    assert suite.seal(body, head, FIRST).startswith(b"\xbe\xde")
    seal = module.AeadSeal(suite.seal, key=KEY, function=_ENCRYPT if isinstance(suite, XChaCha) else 0)
    assert seal.write(head, body, 1, 7) == head + suite.seal(body, head, nonce) + nonce


def test_speaker_does_not_get_its_own_packet(ends: Ends) -> None:
    hearer, speaker = (ends.receiver(make_srtp(ends.module)[0]) for _ in range(2))
    count, size = ends.departures.put_all([hearer, speaker], HEAD, b"sound", 1, 7, speaker)
    (came,) = ends.take(1)
    assert (count, size) == (1, len(came))
    assert (hearer.bytes_sent, speaker.bytes_sent) == (len(came), 0)


def test_receivers_without_a_proven_address_or_keys_get_nothing(ends: Ends) -> None:
    seal, _ = make_srtp(ends.module)
    gone, keyless = ends.receiver(seal), ends.receiver(None)
    gone.address = None
    assert ends.departures.put_all([ends.module.Receiver(), gone, keyless], HEAD, b"sound", 1, 7) == (0, 0)
    assert (ends.take(0), ends.drops) == ([], ["no keys"])


def test_receiver_that_moves_is_sent_to_its_new_address_alone(ends: Ends) -> None:
    receiver = ends.receiver(ends.module.AeadSeal(AesGcm(KEY).seal, key=b"", function=0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.settimeout(WAIT_S)
        receiver.address = elsewhere.getsockname()
        ends.departures.put_all([receiver], HEAD, b"sound", 1, 7)
        assert elsewhere.recv(4096)[:12] == HEAD
    assert ends.take(0) == []


def test_held_datagrams_leave_at_the_release_in_order(ends: Ends) -> None:
    ends.departures.hold()
    sent = [number.to_bytes(2, "big") for number in range(200)]
    for datagram in sent:
        ends.departures.put(datagram, ends.sink.getsockname())
    ends.departures.release()
    assert ends.take(len(sent)) == sent
    ends.departures.put(b"at once", ends.sink.getsockname())
    assert ends.take(1) == [b"at once"]


def test_what_cannot_be_sent_is_dropped_and_the_rest_is_sent(ends: Ends) -> None:
    ends.departures.hold()
    for address in (("127.0.0.1", 0), ("::1", 9), ends.sink.getsockname()):
        ends.departures.put(b"x", address)
    ends.departures.release()
    assert (ends.take(1), ends.drops) == ([b"x"], ["unreachable", "unreachable"])
    ends.sock.close()
    ends.departures.put(b"x", ends.sink.getsockname())
    assert ends.drops == ["unreachable"] * 3


@pytest.mark.parametrize("kind", range(3))
def test_longest_packets_fit_and_longer_ones_are_dropped(ends: Ends, kind: int) -> None:
    seal = make_seals(ends.module)[kind]
    longest = 1356 if kind == 0 else ends.module.LONGEST_BYTES - 20
    receiver = ends.receiver(seal)
    ends.departures.put_all([receiver], HEAD, bytes(longest - len(HEAD)), 1, 1)
    ends.departures.put_all([receiver], HEAD, bytes(longest - len(HEAD) + 1), 1, 2)
    ends.departures.put_all([receiver], HEAD, bytes(70_000), 1, 3)
    assert [len(datagram) for datagram in ends.take(1)] == [longest + (16 if kind == 0 else 20)]
    assert ends.drops == ["long", "long"]
    ends.departures.put(bytes(ends.module.LONGEST_BYTES + 1), ends.sink.getsockname())
    assert ends.drops == ["long"] * 3


def test_what_has_no_whole_header_is_not_encrypted_by_srtp(ends: Ends) -> None:
    seal, _ = make_srtp(ends.module)
    for head in (b"", HEAD[:11], b"\x8f" + HEAD[1:], b"\x90" + HEAD[1:]):
        ends.departures.put_all([ends.receiver(seal)], head, b"", 1, 7)
    assert ends.take(0) == []
    assert ends.drops == ["long", "long", "late", "late"]


def test_late_packets_and_keys_that_are_used_up_are_dropped(ends: Ends) -> None:
    seals = make_seals(ends.module, count=(1 << 30) - 1)
    for number in (100_000, 5):
        ends.departures.put_all([ends.receiver(seal) for seal in seals], HEAD, b"sound", 1, number)
    assert len(ends.take(3)) == 3
    assert ends.drops == ["late", "no nonce", "no nonce"]


@pytest.mark.parametrize("module", each("departures"))
def test_keys_of_another_length_are_refused(module: ModuleType) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        module.AeadSeal(XChaCha(KEY).seal, key=KEY[1:], function=_ENCRYPT)


packets = st.tuples(
    st.binary(max_size=1500).map(lambda rest: HEAD[: len(rest) % 14] + rest),
    st.binary(max_size=1500),
    st.integers(0, 1 << 20),
)


@settings(max_examples=60)
@given(st.lists(packets, max_size=12), st.booleans())
def test_any_packets_are_written_alike(sent: list[tuple[bytes, bytes, int]], held: bool) -> None:
    outcomes = []
    for module in implementations_of("departures"):
        ends = Ends(module)
        receivers = [ends.receiver(seal) for seal in make_seals(module)]
        if held:
            ends.departures.hold()
        counts = [ends.departures.put_all(receivers, head, body, 1, number) for head, body, number in sent]
        ends.departures.release()
        came = ends.take(sum(count for count, _ in counts))
        outcomes.append((counts, came, ends.drops, [receiver.bytes_sent for receiver in receivers]))
        ends.close()
    assert outcomes[0] == outcomes[1]
