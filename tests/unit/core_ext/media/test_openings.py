"""Packets that a browser sends, opened: both implementations take and refuse the same."""

import contextlib
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylibsrtp import Error, Policy, Session

from core_ext.media import write_rtp
from tests.unit.core_ext.twins import assert_alike, each, implementations_of
from voice.webrtc import srtp

KEY = b"k" * 28
PROFILE = Policy.SRTP_PROFILE_AEAD_AES_128_GCM


def make(module: ModuleType) -> Any:
    """An opening with the key."""
    session = srtp._make_session(PROFILE, KEY, Policy.SSRC_ANY_INBOUND, 1024)

    def unprotect(datagram: bytes) -> bytes | None:
        with contextlib.suppress(Error):
            return session.unprotect(datagram)  # type: ignore[no-any-return]
        return None

    return module.SrtpOpening(unprotect, context=srtp._find_context(session), function=srtp._UNPROTECT)


def seal(numbers: Sequence[int], *, ssrc: int = 7, payload_type: int = 111, payload: bytes = bytes(20)) -> list[bytes]:
    """Packets with these sequence numbers."""
    session: Session = srtp._make_session(PROFILE, KEY, Policy.SSRC_ANY_OUTBOUND, 1024)
    return [
        session.protect(
            write_rtp(
                payload_type=payload_type,
                marker=False,
                sequence=number,
                timestamp=number * 960,
                ssrc=ssrc,
                extension=b"",
                payload=payload,
            )
        )
        for number in numbers
    ]


@pytest.mark.parametrize("module", each("openings"))
def test_packet_is_opened_once_and_as_it_was_made(module: ModuleType) -> None:
    opening = make(module)
    (packet,) = seal([5])
    assert opening.open(packet)[12:] == bytes(20)
    assert opening.open(packet) is None, "it came before"
    assert packet == seal([5])[0], "what came is left as it is"


@pytest.mark.parametrize("module", each("openings"))
def test_what_is_longer_than_a_network_carries_is_refused(module: ModuleType) -> None:
    opening = make(module)
    assert opening.open(bytes(70_000)) is None
    assert opening.open(seal([1], payload=bytes(1300))[0]) is not None


@given(numbers=st.lists(st.integers(1, 2000), max_size=20), at=st.integers(0, 47), cut=st.integers(0, 48))
def test_any_packets_are_opened_alike(numbers: list[int], at: int, cut: int) -> None:
    packets = [*seal(sorted(set(numbers))), bytes(cut)]
    broken = [packet[:at] + bytes([packet[at] ^ 1]) + packet[at + 1 :] for packet in packets if len(packet) > at]
    shortened = [packet[:cut] for packet in packets]
    came = [*broken, *shortened, *packets, *packets]
    outcomes = []
    for module in implementations_of("openings"):
        opening = make(module)
        outcomes.append([opening.open(packet) for packet in came])
    assert_alike(outcomes)
