"""People who talk for a while at a steady pace, each at another moment, and what comes to those who hear."""

import os
import socket
import struct
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from benchmarks.harness.processes import CLIENT_CORE, core
from benchmarks.voice.browser import Browser
from core_ext.media import Arrivals

_REST_S: Final = 0.3
"""After the last packet has been sent: what a server still has comes meanwhile."""
_STEP_S: Final = 0.001
_RTCP: Final = range(192, 224)
_BUFFER_BYTES: Final = 4 * 1024 * 1024
_STAMP: Final = struct.Struct("@ll")
_LONGEST_BYTES: Final = 2048
_SO_TIMESTAMPNS: Final = 35
_CLOCK: Final = 1 << 32


class Talk(msgspec.Struct, frozen=True):
    """What has been said, and what has come of it."""

    sent: int
    came: int
    ages_us: list[int]
    """How old packets were when the kernel had them for those whose ears are sharp, in microseconds."""


class Ears:
    """The sockets of those who hear. Of sharp ones the kernel notes when each packet comes, whoever reads it when."""

    def __init__(self, hearers: Sequence[Browser], *, are_sharp: bool = False) -> None:
        self._socks = [each.sock for each in hearers]
        self._are_sharp = are_sharp
        self._arrivals = [Arrivals(sock) for sock in self._socks]
        self.came = 0
        self.ages_us: list[int] = []
        for sock in self._socks:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            if are_sharp:
                sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.hear()
        self.came, self.ages_us = 0, []

    def hear(self) -> None:
        """Take what has come."""
        if self._are_sharp:
            for sock in self._socks:
                self._hear_sharply(sock)
            return
        for arrivals in self._arrivals:
            while batch := arrivals.read():
                self.came += sum(map(is_media, (datagram for datagram, _ in batch)))

    def _hear_sharply(self, sock: socket.socket) -> None:
        while True:
            try:
                datagram, [(_, _, stamp)], _, _ = sock.recvmsg(_LONGEST_BYTES, socket.CMSG_SPACE(_STAMP.size))
            except BlockingIOError:
                return
            if is_media(datagram):
                seconds, ns = _STAMP.unpack(stamp)
                self.came += 1
                self.ages_us.append((seconds * 1_000_000 + ns // 1000 - int.from_bytes(datagram[4:8], "big")) % _CLOCK)


def talk(speakers: Sequence[Browser], ears: Ears, *, payload: bytes, a_second: int, seconds: float) -> Talk:
    """Let each speaker send so many packets a second. It takes a thread, which it puts on the clients' core."""
    os.sched_setaffinity(0, core(CLIENT_CORE))
    ears.hear()
    came_before, count = ears.came, len(speakers)
    ears.ages_us.clear()
    total = int(seconds * a_second) * count
    began_s, sent = time.monotonic(), 0
    while sent < total:
        due = min(int((time.monotonic() - began_s) * a_second * count), total)
        while sent < due:
            speakers[sent % count].speak(payload)
            sent += 1
        ears.hear()
        time.sleep(_STEP_S)
    time.sleep(_REST_S)
    ears.hear()
    return Talk(sent, ears.came - came_before, list(ears.ages_us))


def is_media(datagram: bytes) -> bool:
    """Return whether a datagram is sound or a picture, and no report."""
    return datagram[0] >= 128 and datagram[1] not in _RTCP
