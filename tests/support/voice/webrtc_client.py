"""A browser of the tests without a browser: ICE checks, DTLS as a client and SRTP over one UDP socket, by aiortc's parts.

It joins by the voice gateway as `VoiceTestClient` does, and chooses WebRTC there.
"""

import asyncio
import contextlib
import re
from typing import Any

from aioice.stun import Class, Message, Method, parse_message
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtcpPacket, RtcpRrPacket, RtpPacket
from typing_extensions import override

from tests.support.voice.client import WAIT_S, UdpClient, VoiceTestClient

OPUS = 111
VP8 = 96
CODECS = [
    {"name": "opus", "type": "audio", "priority": 1000, "payload_type": OPUS},
    {"name": "VP8", "type": "video", "priority": 1000, "payload_type": VP8, "rtx_payload_type": 97},
]

REPORT_S = 5.0
"""Less than the time after which the node takes a browser for one that has vanished."""

EXTENSIONS = {
    3: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    4: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    5: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
}


class WebrtcTestClient(VoiceTestClient):
    """One client. RTP waits in `packets`, RTCP in `reports`."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.certificate = RTCCertificate.generateCertificate()
        self.fingerprint = self.certificate.getFingerprints()[0].value
        self.answer: dict[str, str] = {}
        self.packets: asyncio.Queue[RtpPacket] = asyncio.Queue()
        self.reports: asyncio.Queue[Any] = asyncio.Queue()
        self.source = (0x11223344 + self.user_id) & 0xFFFFFFFF
        self.camera = (0x55667788 + self.user_id) & 0xFFFFFFFF
        self.screen = (0x66778899 + self.user_id) & 0xFFFFFFFF
        self.video_ssrc = self.screen_ssrc = 0
        self.extensions = HeaderExtensionsMap()
        named = [RTCRtpHeaderExtensionParameters(id=number, uri=name) for number, name in EXTENSIONS.items()]
        self.extensions.configure(RTCRtpParameters(headerExtensions=named))
        self.next_frame = 65000
        self.next_sequence = 65000
        self.dtls: Any = None
        self.wire: Wire
        self.socket: BrowserSocket
        self._staying: asyncio.Task[None] | None = None

    def offer(self) -> str:
        """The part of a description that Discord's web client sends."""
        return "\n".join(
            [
                "a=extmap-allow-mixed",
                f"a=ice-ufrag:them{self.user_id}",
                "a=ice-pwd:theirpasswordtheirpassword",
                f"a=fingerprint:sha-256 {self.fingerprint}",
                "a=setup:actpass",
                f"a=rtpmap:{OPUS} opus/48000/2",
                *(f"a=extmap:{number} {name}" for number, name in EXTENSIONS.items()),
            ]
        )

    async def sit(self) -> None:
        """Take the seat."""
        await self.open()
        await self.identify(video=True, streams=[{"type": "video", "rid": "100", "quality": 100}])
        ready = await self.expect(2)
        self.ssrc = ready["ssrc"]
        camera, screen = ready["streams"]
        assert (camera["type"], screen["type"], camera["active"], screen["active"]) == ("video", "screen", False, False)
        self.video_ssrc, self.screen_ssrc = camera["ssrc"], screen["ssrc"]

    async def choose(self, **changes: Any) -> None:
        """Choose WebRTC and receive the answer."""
        await self.say(1, {"protocol": "webrtc", "data": self.offer(), "codecs": CODECS} | changes)
        description = await self.expect(4)
        self.answer = dict(re.findall(r"^a=([a-z-]+):(.+)$", description["sdp"], re.MULTILINE))
        host = self.answer["candidate"].split()
        if hasattr(self, "udp"):
            self.udp.close()
        self.udp = self.socket = await BrowserSocket.open((host[4], int(host[5])))
        self.wire = Wire(self.socket)

    def send_check(self) -> None:
        """Send an ICE check."""
        request = Message(
            Method.BINDING,
            Class.REQUEST,
            attributes={"USERNAME": f"{self.answer['ice-ufrag']}:them{self.user_id}", "PRIORITY": 1},
        )
        request.add_message_integrity(self.answer["ice-pwd"].encode())
        self.udp.send(bytes(request))

    async def check(self) -> None:
        """Make an ICE check, which makes the address known."""
        self.send_check()
        async with asyncio.timeout(WAIT_S):
            answer = parse_message(await self.socket.checks.get())
        assert answer.check_message_integrity(self.answer["ice-pwd"].encode())
        assert answer.attributes["XOR-MAPPED-ADDRESS"] == self.udp.transport.get_extra_info("sockname")

    async def shake_hands(self) -> None:
        """Make the keys."""
        self.dtls = RTCDtlsTransport(self.wire, [self.certificate])
        self.dtls._set_role("client")
        self.dtls._handle_rtp_data = self._take_rtp
        self.dtls._handle_rtcp_data = self._take_rtcp
        algorithm, value = self.answer["fingerprint"].split()
        async with asyncio.timeout(WAIT_S):
            await self.dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(algorithm, value)]))
        await self._stop_staying()
        self._staying = asyncio.create_task(self._stay(self.dtls, self.socket))

    async def _stay(self, dtls: Any, at: "BrowserSocket") -> None:
        """Report now and then, as browsers do, as long as this connection goes on from this address: the node would
        take a client that only listens for one that has vanished.
        """
        while True:
            await asyncio.sleep(REPORT_S)
            if dtls.state != "connected" or self.udp is not at or at.transport.is_closing():
                return
            at.send(dtls._tx_srtp.protect_rtcp(bytes(RtcpRrPacket(ssrc=self.source))))

    async def _stop_staying(self) -> None:
        if self._staying is not None:
            self._staying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._staying
            self._staying = None

    @override
    async def join(self, mode: str = "") -> None:
        await self.sit()
        await self.choose()
        await self.check()
        await self.shake_hands()
        assert self.dtls.state == "connected"

    async def move(self) -> "BrowserSocket":
        """Go on from another address; return the old one, which gets what comes there from now on."""
        old = self.socket
        self.udp = self.socket = self.wire.udp = await BrowserSocket.open(old.transport.get_extra_info("peername"))
        self.socket.received, old.received = old.received, asyncio.Queue()
        return old

    @override
    def talk(self, sound: bytes, **changes: Any) -> None:
        """Send a packet of sound, even when the connection is over."""
        packet = RtpPacket(payload_type=OPUS, sequence_number=self.next_sequence, ssrc=self.source, payload=sound)
        packet.timestamp = self.next_sequence * 960
        for name, value in changes.items():
            setattr(packet, name, value)
        self.next_sequence = (self.next_sequence + 1) & 0xFFFF
        self.udp.send(self.dtls._tx_srtp.protect(packet.serialize(self.extensions)))

    async def switch_camera(self, *, is_on: bool, shares: bool = False) -> None:
        """Tell of the own camera, and whether the screen is shared."""
        ssrc = self.camera if is_on else 0
        streams = [{"type": "video", "rid": "100", "ssrc": ssrc, "active": True, "max_framerate": 30}] if is_on else []
        if shares:
            streams.append({"type": "screen", "rid": "100", "ssrc": self.screen, "active": True, "max_framerate": 15})
        await self.say(12, {"audio_ssrc": self.source, "video_ssrc": ssrc, "rtx_ssrc": 0, "streams": streams})

    def film(self, picture: bytes, *, rid: str | None = None, **changes: Any) -> None:
        """Send a packet of video, which may be one of the layer with a name."""
        packet = RtpPacket(payload_type=VP8, sequence_number=self.next_frame, ssrc=self.camera, payload=picture)
        packet.timestamp = self.next_frame * 3000
        packet.marker = 1
        packet.extensions.rtp_stream_id = rid
        for name, value in changes.items():
            setattr(packet, name, value)
        self.next_frame = (self.next_frame + 1) & 0xFFFF
        self.udp.send(self.dtls._tx_srtp.protect(packet.serialize(self.extensions)))

    async def tell(self, report: Any) -> None:
        """Send RTCP."""
        self.udp.send(self.dtls._tx_srtp.protect_rtcp(bytes(report)))

    async def listen(self) -> RtpPacket:
        """Receive a packet."""
        async with asyncio.timeout(WAIT_S):
            return await self.packets.get()

    def forget_what_came(self) -> None:
        """Take packets that have come before: libsrtp takes each once, and another session of the same keys again."""
        sending = self.dtls._tx_srtp
        self.dtls._setup_srtp()
        self.dtls._tx_srtp = sending

    @override
    async def hear(self) -> tuple[int, bytes]:
        packet = await self.listen()
        return packet.ssrc, packet.payload

    async def next_report(self, kind: type, fmt: int | None = None) -> Any:
        """Receive RTCP until there is one of this kind, and of this format where one is named."""
        async with asyncio.timeout(WAIT_S):
            while True:
                report = await self.reports.get()
                if isinstance(report, kind) and fmt in (None, getattr(report, "fmt", None)):
                    return report

    async def _take_rtp(self, data: bytes, arrival_time_ms: int) -> None:
        self.packets.put_nowait(RtpPacket.parse(data, self.extensions))

    async def _take_rtcp(self, data: bytes) -> None:
        for report in RtcpPacket.parse(data):
            self.reports.put_nowait(report)

    async def wait_over(self) -> None:
        """Wait until the node has ended the connection."""
        over = asyncio.Event()
        self.dtls.on("statechange", over.set)
        async with asyncio.timeout(WAIT_S):
            while self.dtls.state != "closed":
                await over.wait()

    @override
    async def leave(self, code: int = 1000) -> None:
        await self._stop_staying()
        if self.dtls is not None:
            await self.dtls.stop()
        await super().leave(code)


class BrowserSocket(UdpClient):
    """A UDP socket that keeps answers to checks apart. Another one may go on with its queues."""

    def __init__(self) -> None:
        super().__init__()
        self.checks: asyncio.Queue[bytes] = asyncio.Queue()

    @override
    def datagram_received(self, data: bytes, addr: Any) -> None:
        (self.checks if data[0] < 4 else self.received).put_nowait(data)


class Wire:
    """What aiortc needs of an ICE transport. The socket may be another one from one datagram to the next."""

    role = "controlling"

    def __init__(self, udp: BrowserSocket) -> None:
        self.udp = udp
        self.received = udp.received

    async def _send(self, data: bytes) -> None:
        self.udp.send(data)

    async def _recv(self) -> bytes:
        return await self.received.get()
