"""The keys of one browser's connection: SRTP and SRTCP in both directions (RFC 3711), in libsrtp.

RTP and RTCP have a session each although their keys are the same, so that packets may one day be encrypted in a thread
of their own while Python reads reports: libsrtp allows no session in two threads.
"""

import contextlib
from typing import Final

from pylibsrtp import Error, Policy, Session

_WINDOW: Final = 1024
"""Packets that may be overtaken by later ones: a second of video."""


class Unauthentic(Exception):
    """The packet was not made with this key, has been changed, or came before."""


class SrtpKeys:
    """The keys. They are gone with this object."""

    __slots__ = ("_rtcp_in", "_rtcp_out", "_rtp_in", "_rtp_out")

    def __init__(self, *, profile: int, theirs: bytes, ours: bytes) -> None:
        """`profile` is libsrtp's; the keys are master keys with their salts."""
        self._rtp_in, self._rtcp_in = (_make_session(profile, theirs, Policy.SSRC_ANY_INBOUND) for _ in range(2))
        self._rtp_out, self._rtcp_out = (_make_session(profile, ours, Policy.SSRC_ANY_OUTBOUND) for _ in range(2))

    def open_rtp(self, datagram: bytes) -> bytes:
        """Decrypt a packet, once. Raises Unauthentic."""
        try:
            plain: bytes = self._rtp_in.unprotect(datagram)
        except (Error, ValueError) as error:  # ValueError: longer than a network carries
            raise Unauthentic(str(error)) from error
        return plain

    def open_rtcp(self, datagram: bytes) -> bytes:
        """Decrypt a report, once. Raises Unauthentic."""
        try:
            plain: bytes = self._rtcp_in.unprotect_rtcp(datagram)
        except (Error, ValueError) as error:
            raise Unauthentic(str(error)) from error
        return plain

    def seal_rtp(self, plain: bytes) -> bytes | None:
        """Encrypt a packet; None when it is too old or too long. The same one may come again."""
        try:
            sealed: bytes = self._rtp_out.protect(plain)
        except (Error, ValueError):
            return None
        return sealed

    def seal_rtcp(self, plain: bytes) -> bytes | None:
        """Encrypt a report; None when it is too long."""
        try:
            sealed: bytes = self._rtcp_out.protect_rtcp(plain)
        except (Error, ValueError):
            return None
        return sealed

    def forget(self, ssrc: int) -> None:
        """Forget how far a stream to this browser is."""
        for session in (self._rtp_out, self._rtcp_out):
            with contextlib.suppress(Error):  # nothing of it was sent
                session.remove_stream(ssrc)


def _make_session(profile: int, key: bytes, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    policy.window_size = _WINDOW
    policy.allow_repeat_tx = True
    return Session(policy)
