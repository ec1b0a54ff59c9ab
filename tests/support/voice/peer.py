"""A client of a call without a media node: a stock `RTCPeerConnection` of aiortc, on loopback alone, that hums."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final
from unittest.mock import patch

from aiortc import AudioStreamTrack, MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame
from av.frame import Frame
from typing_extensions import override

WAIT_S: Final = 60
_LOUD: Final = 8000
"""Of 32,767: half of it is heard after Opus, and silence is far below."""


class Hum(AudioStreamTrack):
    """A microphone at something that hums."""

    @override
    async def recv(self) -> Frame:
        """Return 20 ms of it."""
        frame = await super().recv()
        assert isinstance(frame, AudioFrame)
        wave = [_LOUD if number // 8 % 2 else -_LOUD for number in range(frame.samples)]
        frame.planes[0].update(b"".join(each.to_bytes(2, "little", signed=True) for each in wave))
        return frame


class PeerClient:
    """One end of a connection."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.addTrack(Hum())
        self._heard: asyncio.Future[MediaStreamTrack] = asyncio.get_running_loop().create_future()
        self.connection.on("track", self._heard.set_result)

    async def offer(self) -> str:
        """Return an offer, with the candidates."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def answer(self, offer: str) -> str:
        """Take an offer, and return the answer."""
        await self.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return self.connection.localDescription.sdp

    async def accept(self, answer: str) -> None:
        """Take the answer to the own offer."""
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def hear(self) -> None:
        """Wait until the other one is heard, and not only silence."""
        async with asyncio.timeout(WAIT_S):
            track = await self._heard
            while True:
                frame: Any = await track.recv()
                if max(map(abs, memoryview(bytes(frame.planes[0])).cast("h"))) > _LOUD // 2:
                    return


@contextlib.asynccontextmanager
async def open_peers() -> AsyncIterator[tuple[PeerClient, PeerClient]]:
    """Two clients whose only address is loopback."""
    with patch("aioice.ice.get_host_addresses", lambda **_: ["127.0.0.1"]):
        peers = PeerClient(), PeerClient()
        try:
            yield peers
        finally:
            for peer in peers:
                await peer.connection.close()
