"""The turns of changes that are open at one door and may meet: those of one message's reactions."""

import asyncio
from typing import Final

from core.domain.errors import OutcomeUnknown, Unavailable
from core.door.opened import Opened, OpeningGone
from core.redis.interfaces import Scripts
from core.redis.keys import tag_of

_TURN_S: Final = 0.005
"""The first pause between looks whether an earlier change has ended, about what one takes; pauses double."""
_LONGEST_TURN_S: Final = 0.05
_TURNS: Final = 100
"""The looks, in five seconds; a sweeper has ended what does not end by then."""


async def wait_turn(scripts: Scripts, opened: Opened) -> None:
    """Wait until no earlier change of reactions is open that may meet this one. Raises Unavailable."""
    args = (opened.id.to_bytes(8, "big"), opened.channel_id)
    pause_s = _TURN_S
    for _ in range(_TURNS):
        try:
            answer = await scripts.call("door_turn", tag_of(opened.shard), *args)
        except OutcomeUnknown as error:
            raise Unavailable("the door has not answered") from error
        if answer[0] == b"OK":
            return
        if answer[0] == b"GONE":
            raise OpeningGone("the change was given up by the door")
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_TURN_S)
    raise Unavailable("an earlier change of the same reactions has not ended")
