"""RTCP (RFC 3550 section 6): reports end at the node, which makes its own.

A browser is told how what it has sent came to the node, and for each stream that it gets, which timestamp belongs to
which time of the node's clock: by one clock for all, a browser keeps a camera's lips with its voice.
"""

import struct
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from aiortc.rtp import (
    RTCP_RTPFB_NACK,
    RTCP_SR,
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
)

from core_ext.media import Reception, Stream

NODE_SSRC: Final = 1
"""Who reports: the node itself, which sends no stream."""

_NTP_EPOCH_S: Final = 2_208_988_800
"""From 1900 to 1970."""
_LONGEST_RTT: Final = 10 << 16
"""In 1/65536 s: what is longer was not told in truth, or the clock has been set."""
_COUNTS: Final = 1 << 32
_VERSION: Final = 2 << 6
_SENDER_REPORT: Final = struct.Struct(">BBHIQIII")
"""Without what its sender has got. Hundreds of them are written in a second, so it is not done by aiortc's types."""
_MOST_STREAMS: Final = 32
"""Streams that one datagram tells of, in about 900 bytes."""


def parse_reports(plain: bytes) -> list[Any]:
    """Read what a browser reports, as aiortc's types; nothing when it cannot be read."""
    try:
        packets: list[Any] = RtcpPacket.parse(plain)
    except (ValueError, IndexError, struct.error):
        return []
    return packets


def find_rtts(report: Any, *, now_ms: int) -> list[float]:
    """Return the times to a browser and back, in seconds, that it tells of what the node has sent it.

    It names the middle of the time in a report of the node, and how long ago that came (RFC 3550 section 6.4.1).
    """
    seconds, rest_ms = divmod(now_ms, 1000)
    now = ((seconds + _NTP_EPOCH_S) << 32 | (rest_ms << 32) // 1000) >> 16 & 0xFFFFFFFF
    passed = [(now - each.lsr - each.dlsr) & 0xFFFFFFFF for each in getattr(report, "reports", []) if each.lsr]
    return [each / 65536 for each in passed if each < _LONGEST_RTT]


class Sent(msgspec.Struct, frozen=True):
    """A stream of another one that a browser gets."""

    ssrc: int
    stream: Stream
    time_shift: int = 0
    """What is added to the stream's timestamps for this browser."""


def write_reports(receptions: list[Reception], streams: Iterable[Sent], *, now_ms: int, now_s: float) -> list[bytes]:
    """Write what a browser is told of its own streams and of those that it gets, as datagrams."""
    infos = [
        RtcpReceiverInfo(
            ssrc=each.ssrc,
            fraction_lost=each.fraction_lost,
            packets_lost=each.lost,
            highest_sequence=each.highest,
            jitter=each.jitter,
            lsr=each.last_report,
            dlsr=each.since_last_report,
        )
        for each in receptions
    ]
    reports = [
        _write_sender_report(sent, timestamp, now_ms)
        for sent in streams
        if (timestamp := sent.stream.tell_timestamp(now_s)) is not None
    ]
    if not infos and not reports:
        return []
    head = bytes(RtcpRrPacket(ssrc=NODE_SSRC, reports=infos))
    parts = [b"".join(reports[at : at + _MOST_STREAMS]) for at in range(0, len(reports), _MOST_STREAMS)] or [b""]
    return [head + part for part in parts]


def write_nacks(source: int, sequences: Iterable[int]) -> list[bytes]:
    """Write which packets a sender is to send again (RFC 4585 section 6.2.1).

    aiortc writes numbers that grow, and nothing else. So those behind the turn at 2¹⁶ are a datagram of their own.
    """
    runs: list[list[int]] = []
    for sequence in sequences:
        if not runs or sequence <= runs[-1][-1]:
            runs.append([])
        runs[-1].append(sequence)
    return [bytes(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=NODE_SSRC, media_ssrc=source, lost=run)) for run in runs]


def _write_sender_report(sent: Sent, timestamp: int, now_ms: int) -> bytes:
    seconds, rest_ms = divmod(now_ms, 1000)
    return _SENDER_REPORT.pack(
        _VERSION,
        RTCP_SR,
        _SENDER_REPORT.size // 4 - 1,
        sent.ssrc,
        (seconds + _NTP_EPOCH_S) << 32 | (rest_ms << 32) // 1000,
        (timestamp + sent.time_shift) % _COUNTS,
        sent.stream.packets_passed % _COUNTS,
        sent.stream.bytes_passed % _COUNTS,
    )
