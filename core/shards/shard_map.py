"""The shard map: which worker has which shard, as one version of it says.

A shard is owned while the map says so and its owner's lease lives. What an owner does is fenced by the shard's epoch,
so a worker that does not know yet that it has lost a shard harms nobody.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from core.redis.interfaces import Answer


class Place(msgspec.Struct, frozen=True):
    """Where a shard is."""

    owner: str
    """The incarnation of the worker that has it."""
    epoch: int
    moving_to: str = ""
    """The incarnation that it is to be given to, "" while it does not move."""


class Wishes(msgspec.Struct, kw_only=True, frozen=True):
    """What operators want of the map, and the loads that it goes by."""

    pins: Mapping[int, str] = {}
    """Shards and the names of the workers that shall have them."""
    drained: frozenset[str] = frozenset()
    """The names of the workers that shall have no shards."""
    is_rebalancing: bool = False
    """Whether shards are moved until each is where a new cluster would have it."""
    burdens: Mapping[str, float] = {}
    """How full workers are, from 0 to 1, as the controller has last taken it. It stands in the map alone."""


class ShardMap(msgspec.Struct, kw_only=True, frozen=True):
    """One version of the map. Version 0 is that of a Redis which knows nothing."""

    version: int = 0
    term: int = 0
    """The term of the controller that has written last."""
    controller: str = ""
    wishes: Wishes = Wishes()
    places: Mapping[int, Place] = {}

    def list_shards(self, incarnation: str) -> list[int]:
        """Return the shards of a worker, in order."""
        return sorted(shard for shard, place in self.places.items() if place.owner == incarnation)


EMPTY: Final = ShardMap()

_wishes = msgspec.json.Decoder(Wishes)


def encode_wishes(wishes: Wishes) -> bytes:
    """Encode the wishes as the map has them."""
    return msgspec.json.encode(wishes)


def decode_map(answer: Answer) -> ShardMap:
    """Read the long answer of `map_read`."""
    version, term, controller, wishes = answer[:4]
    return ShardMap(
        version=version,
        term=term,
        controller=controller.decode(),
        wishes=_wishes.decode(wishes) if wishes else Wishes(),
        places={int(answer[i]): _decode_place(answer[i + 1]) for i in range(4, len(answer), 2)},
    )


def _decode_place(text: bytes) -> Place:
    epoch, owner, moving_to = text.decode().split(" ")
    return Place(owner, int(epoch), moving_to)
