"""The keys of one browser's connection: SRTP and SRTCP in both directions (RFC 3711), in libsrtp.

RTP and RTCP have a session each although their keys are the same, so that packets may one day be encrypted in a thread
of their own while Python reads reports: libsrtp allows no session in two threads.
"""

import contextlib
import functools
from typing import Final

from pylibsrtp import Error, Policy, Session
from pylibsrtp._binding import ffi, lib  # not public: tests/contract/voice asks for it

from core_ext.media import SrtpOpening, SrtpSeal

_WINDOW: Final = 1024
"""Packets that may be overtaken by later ones: a second of video."""
_SENT_WINDOW: Final = 608
"""Packets that may be sent again: what `Numbering` lets by, in whole words. Each packet moves all of them."""
_PROTECT: Final = int(ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_protect")))
_UNPROTECT: Final = int(ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_unprotect")))
"""The addresses of libsrtp's functions."""


class SrtpKeys:
    """The keys. They are gone with this object."""

    __slots__ = ("_rtcp_in", "_rtcp_out", "_rtp_out", "incoming", "outgoing")

    def __init__(self, *, profile: int, theirs: bytes, ours: bytes) -> None:
        """`profile` is libsrtp's; the keys are master keys with their salts."""
        incoming, outgoing = Policy.SSRC_ANY_INBOUND, Policy.SSRC_ANY_OUTBOUND
        rtp_in, self._rtcp_in = (_make_session(profile, theirs, incoming, _WINDOW) for _ in range(2))
        self._rtp_out, self._rtcp_out = (_make_session(profile, ours, outgoing, _SENT_WINDOW) for _ in range(2))
        self.incoming = SrtpOpening(
            functools.partial(_unprotect, rtp_in), context=_find_context(rtp_in), function=_UNPROTECT
        )
        """What decrypts the browser's packets."""
        self.outgoing = SrtpSeal(
            functools.partial(_protect, self._rtp_out), context=_find_context(self._rtp_out), function=_PROTECT
        )
        """What encrypts the others' packets for the browser."""

    def open_rtcp(self, datagram: bytes) -> bytes | None:
        """Decrypt a report, once; None for one that was not made with this key, has been changed, or came
        before."""
        try:
            plain: bytes = self._rtcp_in.unprotect_rtcp(datagram)
        except (Error, ValueError):  # ValueError: longer than a network carries
            return None
        return plain

    def seal_rtp(self, plain: bytes) -> bytes | None:
        """Encrypt a packet as it is; None when it is too old or too long. The same one may come again."""
        return _protect(self._rtp_out, plain)

    def seal_rtcp(self, plain: bytes) -> bytes | None:
        """Encrypt a report; None when it is too long."""
        try:
            sealed: bytes = self._rtcp_out.protect_rtcp(plain)
        except (Error, ValueError):
            return None
        return sealed

    def forget(self, ssrc: int) -> None:
        """Forget how far a stream to this browser is."""
        self.outgoing.forget(ssrc)
        for session in (self._rtp_out, self._rtcp_out):
            with contextlib.suppress(Error):  # nothing of it was sent
                session.remove_stream(ssrc)


def _make_session(profile: int, key: bytes, direction: int, window: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=profile)
    policy.window_size = window
    policy.allow_repeat_tx = True
    return Session(policy)


def _find_context(session: Session) -> int:
    return int(ffi.cast("uintptr_t", session._srtp[0]))


def _unprotect(session: Session, datagram: bytes) -> bytes | None:
    try:
        plain: bytes = session.unprotect(datagram)
    except Error:
        return None
    return plain


def _protect(session: Session, plain: bytes) -> bytes | None:
    try:
        sealed: bytes = session.protect(plain)
    except (Error, ValueError):
        return None
    return sealed
