"""A rival: stock aiortc, whose relay decodes what comes and encodes it for each receiver.

One speaks to several. The relay runs in a process of its own, and the peers of all clients in this one. Counted are the
RTP packets that the relay's senders have sent, and its process' processor time meanwhile. aiortc gathers no loopback
addresses, so packets go between addresses of this machine.
"""

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import Any, Final

import msgspec
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole, MediaRelay
from aiortc.mediastreams import AudioStreamTrack

_START_S: Final = 30.0


class RelayCost(msgspec.Struct, frozen=True):
    """What the relay took."""

    packets: int
    cpu_s: float


def measure_relay(receivers: int, seconds: float) -> RelayCost | None:
    """Let one speak to so many for a while; None when the peers do not find each other on this machine."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run_relay, args=(theirs, receivers, seconds))
    process.start()
    theirs.close()  # so that whoever waits for the relay hears of its end
    try:
        return asyncio.run(_speak_and_hear(ours, process, receivers, seconds))
    except TimeoutError:
        return None
    finally:
        process.join()


async def _speak_and_hear(pipe: Connection, relay: Any, receivers: int, seconds: float) -> RelayCost:
    peers = [_open_peer() for _ in range(receivers + 1)]
    sink = MediaBlackhole()
    try:
        async with asyncio.timeout(_START_S + seconds):
            peers[0].addTrack(AudioStreamTrack())
            await _offer(pipe, peers[0])
            for peer in peers[1:]:
                peer.on("track", sink.addTrack)
                await _answer(pipe, peer)
            await sink.start()
            cost: RelayCost = await asyncio.to_thread(pipe.recv)
            return cost
    finally:
        relay.kill()
        await sink.stop()
        await asyncio.gather(*(peer.close() for peer in peers))


def _run_relay(pipe: Connection, receivers: int, seconds: float) -> None:
    asyncio.run(_relay(pipe, receivers, seconds))


async def _relay(pipe: Connection, receivers: int, seconds: float) -> None:
    speaker, relay = _open_peer(), MediaRelay()
    tracks: list[Any] = []
    speaker.on("track", tracks.append)
    await _answer(pipe, speaker)
    hearers = [_open_peer() for _ in range(receivers)]
    for hearer in hearers:
        hearer.addTrack(relay.subscribe(tracks[0]))
        await _offer(pipe, hearer)
    while min(await _count_packets(hearers)) == 0:  # noqa: ASYNC110 - until everybody hears, once
        await asyncio.sleep(0.1)
    packets, cpu_s = sum(await _count_packets(hearers)), time.process_time()
    await asyncio.sleep(seconds)
    packets, cpu_s = sum(await _count_packets(hearers)) - packets, time.process_time() - cpu_s
    pipe.send(RelayCost(packets, cpu_s))
    await asyncio.sleep(_START_S)  # until it is ended


async def _count_packets(peers: list[Any]) -> list[int]:
    """Return how many RTP packets each peer has sent."""
    reports = [await peer.getSenders()[0].getStats() for peer in peers]
    return [sum(each.packetsSent for each in report.values() if each.type == "outbound-rtp") for report in reports]


def _open_peer() -> Any:
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


async def _offer(pipe: Connection, peer: Any) -> None:
    await peer.setLocalDescription(await peer.createOffer())
    pipe.send(peer.localDescription.sdp)
    await peer.setRemoteDescription(RTCSessionDescription(await asyncio.to_thread(pipe.recv), "answer"))


async def _answer(pipe: Connection, peer: Any) -> None:
    await peer.setRemoteDescription(RTCSessionDescription(await asyncio.to_thread(pipe.recv), "offer"))
    await peer.setLocalDescription(await peer.createAnswer())
    pipe.send(peer.localDescription.sdp)
