"""The node's side of its conversations with gateways: orders come in, news and load go out (`core.voice.orders`)."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from typing_extensions import override

from core.links.interfaces import LinkListener, Links
from core.voice.orders import (
    Admit,
    Change,
    Claim,
    CloseRoom,
    Leaving,
    Load,
    Malformed,
    Remove,
    Spoke,
    ToGateway,
    encode_order,
    parse_to_node,
)
from voice.media.tally import Tally
from voice.rooms.directory import Directory
from voice.rooms.speakers import Speakers

logger = logging.getLogger(__name__)

_REPORTS_PER_SPEAKERS: Final = 5
"""Who has spoken is told after so many reports of the load."""


class Control(LinkListener):
    """The conversations. `attach` comes before the links run."""

    __slots__ = ("_busy", "_cpu_s", "_directory", "_gateways", "_links", "_load_s", "_speakers", "_tally")

    def __init__(self, *, tally: Tally, cpu_s: Callable[[], float], load_s: float) -> None:
        """`cpu_s` is the process's time on processors, `load_s` the time between two reports."""
        self._tally = tally
        self._cpu_s = cpu_s
        self._load_s = load_s
        self._busy = 0.0
        self._speakers = Speakers()
        self._gateways: set[str] = set()
        self._links: Links
        self._directory: Directory

    def attach(self, *, links: Links, directory: Directory) -> None:
        """Take what the conversations are about."""
        self._links = links
        self._directory = directory

    def tell(self, gateway: str, order: ToGateway) -> None:
        """Say something to a gateway; nothing happens when it is gone."""
        self._links.send(gateway, encode_order(order))

    def leave(self) -> None:
        """Tell all gateways that the node stops."""
        for gateway in self._gateways:
            self.tell(gateway, Leaving())

    async def run(self) -> None:
        """Tell the load until cancelled."""
        before_s, reports = self._cpu_s(), 0
        while True:
            await asyncio.sleep(self._load_s)
            now_s = self._cpu_s()
            self._busy, before_s = min((now_s - before_s) / self._load_s, 1.0), now_s
            for gateway in self._gateways:
                self.tell(gateway, self._measure())
            reports += 1
            if reports % _REPORTS_PER_SPEAKERS == 0:
                spoken = self._speakers.find(self._directory.members, self._load_s * _REPORTS_PER_SPEAKERS)
                for gateway, keys in spoken.items():
                    self.tell(gateway, Spoke(keys))

    def _measure(self) -> Load:
        directory = self._directory
        return Load(
            rooms=directory.room_count,
            peers=directory.member_count,
            busy=self._busy,
            counts=self._tally.read(),
            encrypted=directory.encrypted_count,
        )

    @override
    def on_begun(self, peer: str) -> None:
        self._gateways.add(peer)
        self._directory.welcome_gateway(peer)
        self.tell(peer, self._measure())

    @override
    def on_frame(self, peer: str, frame: bytes) -> None:
        try:
            order = parse_to_node(frame)
        except Malformed as error:
            logger.warning("a gateway's order cannot be read", extra={"peer": peer, "reason": str(error)})
            return
        match order:
            case Admit():
                self._directory.admit(peer, order)
            case Change():
                self._directory.change(peer, order)
            case Remove():
                self._directory.remove(peer, order)
            case CloseRoom():
                self._directory.close_room(peer, order)
            case Claim():
                self._directory.claim(peer, order)

    @override
    def on_broken(self, peer: str) -> None:
        self._gateways.discard(peer)
        self._directory.lose_gateway(peer)
