"""The DTLS handshake with one browser, by which both have the same SRTP keys (RFC 5764). aiortc's transport does it.

aiortc's own way of packets decodes and encodes for each receiver, so nothing but its handshake is used. It reads
datagrams from what stands for its ICE transport here, `_Wire`. The keys are exported as aiortc would do it for itself;
`tests/contract/voice/test_aiortc.py` holds what is private of it.

A handshake is three or four steps of up to a millisecond, and `after_step` is called at the end of each.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from aiortc.rtcdtlstransport import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
)
from typing_extensions import override

from voice.webrtc.offer import Fingerprint
from voice.webrtc.srtp import SrtpKeys

logger = logging.getLogger(__name__)

_MOST_WAITING: Final = 32
"""Datagrams of one handshake that wait to be read: it has a dozen."""
_LABEL: Final = b"EXTRACTOR-dtls_srtp"
_ALGORITHM: Final = "sha-256"
_NO_SESSIONS: Final = 0
"""OpenSSL's SSL_SESS_CACHE_OFF."""


class NodeCertificate:
    """The certificate that all browsers are shown. It lives as long as the process, and is known by its hash alone."""

    __slots__ = ("fingerprint", "inner")

    def __init__(self) -> None:
        self.inner: Any = _Certificate.generateCertificate()
        hashes = {each.algorithm: each.value for each in self.inner.getFingerprints()}
        self.fingerprint = f"{_ALGORITHM} {hashes[_ALGORITHM]}"


class _Certificate(RTCCertificate):  # type: ignore[misc]  # aiortc's classes are not typed here
    """A certificate that makes OpenSSL's context once, which is a fifth of what a handshake costs."""

    _context: Any = None

    @override
    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> Any:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            self._context.set_session_cache_mode(_NO_SESSIONS)  # each browser proves its own certificate
        return self._context


class Handshake:
    """One handshake, and what of DTLS follows it: `run` ends when the browser ends the connection, or fails."""

    __slots__ = ("_certificate", "_expected", "_wire")

    def __init__(
        self,
        *,
        certificate: NodeCertificate,
        expected: tuple[Fingerprint, ...],
        emit: Callable[[bytes], None],
        after_step: Callable[[], None],
    ) -> None:
        """`expected` are hashes of the browser's certificate, as its offer has them."""
        self._certificate = certificate
        self._expected = expected
        self._wire = _Wire(emit, after_step)

    def take(self, datagram: bytes) -> bool:
        """Take a datagram of DTLS; return False when too many wait already."""
        return self._wire.take(datagram)

    async def run(self, on_keys: Callable[[SrtpKeys], None]) -> None:
        """Shake hands as the server, hand over the keys, and return when the connection is over."""
        transport = RTCDtlsTransport(self._wire, [self._certificate.inner])
        over = asyncio.Event()
        transport.on("statechange", lambda: over.set() if transport.state in {"closed", "failed"} else None)
        transport._set_role("server")
        expected = [RTCDtlsFingerprint(each.algorithm, each.value) for each in self._expected]
        try:
            await transport.start(RTCDtlsParameters(fingerprints=expected))
            if transport.state == "connected":
                on_keys(_export_keys(transport))
                await over.wait()
        finally:
            await transport.stop()
            transport.remove_all_listeners()  # one of them knows the transport, which would be garbage in a cycle


def _export_keys(transport: Any) -> SrtpKeys:
    name = transport._ssl.get_selected_srtp_profile()
    (profile,) = (each for each in transport._srtp_profiles if each.openssl_profile == name)
    material = transport._ssl.export_keying_material(_LABEL, 2 * (profile.key_length + profile.salt_length))
    client, server = (profile.get_key_and_salt(material, side) for side in range(2))
    return SrtpKeys(profile=profile.libsrtp_profile, theirs=client, ours=server)


class _Wire:
    """What aiortc needs of an ICE transport."""

    role = "controlled"

    def __init__(self, emit: Callable[[bytes], None], after_step: Callable[[], None]) -> None:
        self._emit = emit
        self._after_step = after_step
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)

    def take(self, datagram: bytes) -> bool:
        if self._waiting.full():
            return False
        self._waiting.put_nowait(datagram)
        return True

    async def _recv(self) -> bytes:
        self._after_step()
        return await self._waiting.get()

    async def _send(self, data: bytes) -> None:
        self._emit(data)
