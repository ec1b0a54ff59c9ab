"""The controller's way to write the map.

Each change names the controller's term and the epoch that it knows of a shard, and Redis refuses what is not true any
more.
"""

from collections.abc import Sequence

import msgspec

from core.redis.interfaces import Answer, Scripts
from core.redis.keys import ANY_TAG
from core.shards.shard_map import Wishes, encode_wishes


class TermOver(Exception):
    """A controller of a later term has written to the map."""


class Change(msgspec.Struct, frozen=True):
    """A shard's next place."""

    shard: int
    epoch: int
    """The epoch for which the change was decided; 0 for a shard without an owner."""
    next_epoch: int
    """The same one when the owner stays."""
    owner: str
    moving_to: str = ""


class MapWriter:
    """Writes to the map. All methods raise Unavailable when Redis cannot be reached."""

    __slots__ = ("_controller", "_scripts")

    def __init__(self, *, scripts: Scripts, controller: str) -> None:
        """`controller` names the process."""
        self._scripts = scripts
        self._controller = controller

    async def begin(self, term: int, wishes: Wishes) -> None:
        """Begin a term, or write the wishes anew. Raises TermOver."""
        _check(await self._scripts.call("map_head", ANY_TAG, term, self._controller, encode_wishes(wishes)))

    async def write(self, term: int, changes: Sequence[Change]) -> list[int]:
        """Change places; return the shards that had another epoch than the change says. Raises TermOver."""
        parts = [part for change in changes for part in msgspec.structs.astuple(change)]
        answer = _check(await self._scripts.call("map_change", ANY_TAG, term, *parts))
        return list(answer[2])


def _check(answer: Answer) -> Answer:
    if answer[0] != b"OK":
        raise TermOver
    return answer
