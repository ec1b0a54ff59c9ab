"""A browser as a media server sees it, without the browser: one UDP socket, an ICE check, DTLS, and SRTP.

The same one speaks to each server that is measured. It offers one encryption, SRTP with AES-128-GCM. All its packets
carry the time at which they are sent, in microseconds, as their RTP timestamp: whoever gets one knows how old it is.
"""

import asyncio
import contextlib
import socket
import struct
import time
from typing import Any, Final

import msgspec
from aioice.stun import Class, Message, Method, parse_message
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, RTCCertificate
from OpenSSL import SSL

from core.runtime.sockets import bind_datagram_socket
from core_ext.media import write_extension
from voice.webrtc.srtp import SrtpKeys

OPUS: Final = 111
VP8: Final = 96
LEVEL: Final = 1
"""The number of the header extension that tells how loud a packet is."""
UFRAG: Final = "them"
PASSWORD: Final = "theirpasswordtheirpassword"

_HEADER: Final = struct.Struct(">BBHII")
_LONGEST_BYTES: Final = 2048
_MTU: Final = 1200
_ANSWER_S: Final = 20.0
_CHECK_S: Final = 0.2
_STUN_REQUEST: Final = b"\0\1"
_STUN_ANSWER: Final = b"\1\1"
_DTLS: Final = range(20, 64)
_LOUDNESS: Final = 30
_KEYS: Final = SRTP_AEAD_AES_128_GCM
_KEY_BYTES: Final = _KEYS.key_length + _KEYS.salt_length


class Certificate:
    """The certificate of all browsers of one process."""

    def __init__(self) -> None:
        inner: Any = RTCCertificate.generateCertificate()
        self.fingerprint = next(each.value for each in inner.getFingerprints() if each.algorithm == "sha-256")
        self.context: SSL.Context = inner._create_ssl_context([_KEYS])


class Way(msgspec.Struct, frozen=True):
    """Where a server waits for a browser, as its description says."""

    ip: str
    port: int
    ufrag: str
    password: str


class Browser:
    """One connection. `close` it."""

    def __init__(self, certificate: Certificate, *, ssrc: int, payload_type: int = OPUS) -> None:
        self.ssrc = ssrc
        self.sock = bind_datagram_socket(find_own_ip(), 0)
        self._dtls = SSL.Connection(certificate.context)
        self._payload_type = payload_type
        self._extension = write_extension(LEVEL, bytes((_LOUDNESS,))) if payload_type == OPUS else b""
        self._keys: SrtpKeys | None = None
        self._count = 0

    async def connect(self, way: Way, *, checks_too: bool = False) -> None:
        """Check, and make the keys. `checks_too` is for a server that hears no handshake before its own check is
        answered. Raises TimeoutError.
        """
        self.sock.connect((way.ip, way.port))
        async with asyncio.timeout(_ANSWER_S):
            await self._check_until(way, _STUN_REQUEST if checks_too else _STUN_ANSWER)
            await self._shake_hands()

    async def _check_until(self, way: Way, kind: bytes) -> None:
        while True:
            self.check(way)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_S):
                    while (datagram := await self._receive())[:2] != kind:
                        pass
                    if kind == _STUN_REQUEST:
                        self._answer_check(datagram)
                    return

    def check(self, way: Way) -> None:
        """Send a check, as browsers do every few seconds."""
        attributes = {"USERNAME": f"{way.ufrag}:{UFRAG}", "PRIORITY": 1, "ICE-CONTROLLING": 1, "USE-CANDIDATE": None}
        check = Message(Method.BINDING, Class.REQUEST, attributes=attributes)
        check.add_message_integrity(way.password.encode())
        self.sock.send(bytes(check))

    async def _shake_hands(self) -> None:
        self._dtls.set_connect_state()
        self._dtls.set_ciphertext_mtu(_MTU)
        while not self._is_shaken():
            self._flush()
            try:
                async with asyncio.timeout(_CHECK_S):
                    datagram = await self._receive()
            except TimeoutError:
                self._dtls.DTLSv1_handle_timeout()  # sends again, if it is time
                continue
            if datagram[0] in _DTLS:
                self._dtls.bio_write(datagram)
            elif datagram[:2] == _STUN_REQUEST:
                self._answer_check(datagram)
        self._flush()
        material = self._dtls.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * _KEY_BYTES)
        ours, theirs = (_KEYS.get_key_and_salt(material, side) for side in range(2))
        self._keys = SrtpKeys(profile=_KEYS.libsrtp_profile, theirs=theirs, ours=ours)

    def _is_shaken(self) -> bool:
        try:
            self._dtls.do_handshake()
        except SSL.WantReadError:
            return False
        return True

    def _flush(self) -> None:
        with contextlib.suppress(SSL.WantReadError):
            while True:
                self.sock.send(self._dtls.bio_read(_LONGEST_BYTES))

    def _answer_check(self, check: bytes) -> None:
        attributes = {"XOR-MAPPED-ADDRESS": self.sock.getpeername()}
        answer = Message(Method.BINDING, Class.RESPONSE, parse_message(check).transaction_id, attributes)
        answer.add_message_integrity(PASSWORD.encode())
        self.sock.send(bytes(answer))

    async def _receive(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.sock, _LONGEST_BYTES)

    def speak(self, payload: bytes) -> None:
        """Send a packet."""
        assert self._keys is not None
        self._count += 1
        first = 0x90 if self._extension else 0x80
        head = _HEADER.pack(first, self._payload_type, self._count & 0xFFFF, read_clock(), self.ssrc)
        sealed = self._keys.seal_rtp(head + self._extension + payload)
        assert sealed is not None
        self.sock.send(sealed)

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()


def find_own_ip() -> str:
    """Return an address of this machine, as Janus offers no loopback; packets stay on the machine all the same."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("198.51.100.1", 9))  # of a network for examples (RFC 5737); nothing is sent
        ip: str = sock.getsockname()[0]
        return ip


def read_clock() -> int:
    """Return the microseconds of the system's clock that a timestamp has room for."""
    return time.time_ns() // 1000 & 0xFFFFFFFF


def parse_way(sdp: str) -> Way:
    """Read where a server waits for a browser: its first address of IPv4."""
    lines = [line[2:].strip().partition(":") for line in sdp.splitlines() if line.startswith("a=")]
    candidates = [value.split() for name, _, value in lines if name == "candidate"]
    ip, port = next((fields[4], int(fields[5])) for fields in candidates if ":" not in fields[4])
    values = {name: value for name, _, value in lines}
    return Way(ip, port, values["ice-ufrag"], values["ice-pwd"])
