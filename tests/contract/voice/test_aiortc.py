"""What the voice tier uses of aiortc, pylibsrtp and pynacl, some of it private: a new version must have it too."""

import asyncio
import inspect
from typing import Any

from aiortc.rtcdtlstransport import SRTP_PROFILES, RTCCertificate, RTCDtlsParameters, RTCDtlsTransport
from OpenSSL import SSL
from pylibsrtp import Policy, Session

from voice.crypto import suites
from voice.webrtc import srtp
from voice.webrtc.handshake import Handshake, NodeCertificate
from voice.webrtc.offer import Fingerprint
from voice.webrtc.srtp import SrtpKeys


class Pipe:
    """An ICE transport for aiortc that hands what is sent to a function."""

    role = "controlling"

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self.handshake: Handshake

    async def _send(self, data: bytes) -> None:
        assert self.handshake.take(data)

    async def _recv(self) -> bytes:
        return await self.waiting.get()


async def test_keys_of_a_handshake_are_those_that_aiortc_makes_for_itself() -> None:
    ours, theirs = NodeCertificate(), NodeCertificate()
    algorithm, _, value = theirs.fingerprint.partition(" ")
    pipe = Pipe()
    steps: list[None] = []
    pipe.handshake = Handshake(
        certificate=ours,
        expected=(Fingerprint(algorithm, value),),
        emit=pipe.waiting.put_nowait,
        after_step=lambda: steps.append(None),
    )
    client: Any = RTCDtlsTransport(pipe, [theirs.inner])
    client._set_role("client")
    keys: asyncio.Future[SrtpKeys] = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(pipe.handshake.run(keys.set_result))
        await client.start(RTCDtlsParameters(ours.inner.getFingerprints()))
        node = await keys
        plain = b"\x80\x6f" + bytes(10) + b"sound"
        sealed = node.seal_rtp(plain)
        assert sealed is not None
        assert client._rx_srtp.unprotect(sealed) == plain
        assert node.incoming.open(client._tx_srtp.protect(plain)) == plain
        await client.stop()  # the node's side ends by itself
    assert len(steps) > 2, "each step is told"


def test_handshakes_share_a_context_that_remembers_no_session() -> None:
    certificate = NodeCertificate()
    context = certificate.inner._create_ssl_context(SRTP_PROFILES)
    assert certificate.inner._create_ssl_context(SRTP_PROFILES) is context
    assert context.get_session_cache_mode() == SSL.SESS_CACHE_OFF
    assert "srtp_profiles" in inspect.signature(RTCCertificate._create_ssl_context).parameters


def test_strong_suites_are_there() -> None:
    names = [profile.openssl_profile for profile in SRTP_PROFILES]
    assert names[-1] == b"SRTP_AES128_CM_SHA1_80"
    assert Policy.SRTP_PROFILE_AEAD_AES_128_GCM in [profile.libsrtp_profile for profile in SRTP_PROFILES]


def test_functions_that_kernels_call_by_address_have_the_signatures_that_these_know() -> None:
    for name in ("srtp_protect", "srtp_unprotect"):
        function = srtp.ffi.typeof(srtp.ffi.addressof(srtp.lib, name))
        assert function.cname == "srtp_err_status_t(*)(struct srtp_ctx_t_ *, void *, int *)"
        assert srtp.ffi.sizeof(function.result) == 4
    assert srtp.lib.srtp_err_status_ok == 0
    encrypt = suites.ffi.typeof(suites.ffi.addressof(suites.lib, "crypto_aead_xchacha20poly1305_ietf_encrypt"))
    text, size = "unsigned char *", "unsigned long long"
    assert encrypt.cname == f"int(*)({text}, {size} *, {text}, {size}, {text}, {size}, {text}, {text}, {text})"


def test_context_of_a_session_is_what_its_functions_take() -> None:
    session = Session(Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_OUTBOUND))
    assert srtp.ffi.typeof(session._srtp[0]).cname == "struct srtp_ctx_t_ *"
