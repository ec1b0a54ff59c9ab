"""Which media node a room is placed on: the least loaded of those in the channel's region that take rooms. Pure."""

import hashlib
import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from core.links.interfaces import PeerAddress
from core.voice.orders import Load
from core.voice.seats import Room, SeatKey

FULL: Final = 0.9
"""A node that uses more than this of its core takes no new rooms."""


class NodeAddress(msgspec.Struct, frozen=True):
    """Where a node is reached, and whether it shall be."""

    control: PeerAddress
    """By gateways."""
    host: str
    """By clients, to the voice gateway; "" for the host by which a client has reached its gateway."""
    port: int
    region: str = ""
    is_draining: bool = False
    """Whether it takes no rooms, and those that it has shall go elsewhere."""


class Node:
    """A node as one gateway knows it."""

    __slots__ = ("address", "asked", "is_up", "load", "seats", "steady_s")

    def __init__(self, address: NodeAddress) -> None:
        self.address = address
        self.is_up = False
        """Whether there is a conversation with it."""
        self.load = Load(0, 0, 0.0)
        self.steady_s = math.inf
        """Since when it has told, each time, that it takes rooms; infinite while it does not."""
        self.seats: set[SeatKey] = set()
        """The seats of this gateway that are placed there."""
        self.asked: deque[Sequence[Room]] = deque()
        """The rooms that each claim without an answer has asked for."""

    @property
    def takes_rooms(self) -> bool:
        """Whether it may be given another room."""
        return self.is_up and not self.address.is_draining and self.load.busy <= FULL


def choose_node(nodes: Mapping[str, Node], region: str) -> str:
    """Return the name of the node for a new room, "" when none takes rooms.

    Without a node in its region a room is placed in another one, as a distant voice is better than none. What a node
    says of its load is a second old, so the seats that were placed since then count too.
    """
    fit = [
        (node.address.region != region, round(node.load.busy, 1), max(node.load.peers, len(node.seats)), name)
        for name, node in nodes.items()
        if node.takes_rooms
    ]
    return min(fit)[-1] if fit else ""


def choose_call_node(nodes: Mapping[str, Node], room: Room, region: str) -> str:
    """Return the name of the node for a call, the same at all gateways that know the same nodes; "" for none.

    Each node has a number in each call, and the largest wins, so a node that comes or goes changes the place of few.
    Load has no say, since no two gateways know the same of it. A region that the call's people have chosen has, if
    there is a node.
    """
    usable = [name for name, node in nodes.items() if node.is_up and not node.address.is_draining]
    fit = [name for name in usable if region and nodes[name].address.region == region] or usable
    return max(fit, key=lambda name: hashlib.sha256(f"{room.channel_id} {name}".encode()).digest(), default="")
