"""What a process tells Redis again when a log begins a new life, because it may have lost it: events, nonces, ends.

The calls are made at once, so they come before any later one of this process. An event that is in the log is not told
twice: the keeper, a sweeper or another life's beginning may have brought it back, under another position perhaps. An
opening whose end was lost would hold up its channel until it is very old; it is ended, or left to a sweeper.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from core.bus.heads import Head
from core.bus.positions import generation_of, n_of, position_of
from core.door.recent import Recent
from core.redis.interfaces import Answer, Argument, Scripts
from core.redis.keys import tag_of
from core.wire.envelope import Envelope, encode_envelope

logger = logging.getLogger(__name__)

_LOST_ENTRIES: Final = 1000
"""The entries that a log loses at most in its restarts of five seconds. What was told again may lie so much before its
old place."""


class Retelling:
    """Tells again what `recent` has."""

    __slots__ = ("_abandon", "_incarnation", "_list_open", "_nonce_ms", "_recent", "_scripts")

    def __init__(
        self,
        *,
        recent: Recent,
        scripts: Scripts,
        incarnation: str,
        nonce_ms: int,
        list_open: Callable[[int], list[int]],
        abandon: Callable[[str, int, tuple[Argument, ...]], None],
    ) -> None:
        """`list_open` returns the ids of a shard's openings that this process, the `incarnation`, has not ended.

        `abandon` gets script, shard and arguments of a call that is to be made later. Nonces live for `nonce_ms`.
        """
        self._abandon = abandon
        self._incarnation = incarnation
        self._list_open = list_open
        self._nonce_ms = nonce_ms
        self._recent = recent
        self._scripts = scripts

    def on_life(self, shard: int, head: Head) -> None:
        """Tell again what the log may have lost before the life of `head`."""
        lost = self._recent.find_lost(shard, head)
        if lost:
            envelopes = [envelope for _, envelope in lost]
            oldest = min(position for position, _ in lost)
            place = (generation_of(oldest), max(n_of(oldest) - _LOST_ENTRIES, 0))
            args: tuple[Argument, ...] = (*place, *map(encode_envelope, envelopes))
            answer = self._scripts.call("log_tell_again", tag_of(shard), *args)
            answer.add_done_callback(partial(self._on_told, shard, args, envelopes))
        known = self._recent.list_nonces(shard)
        if known:
            parts = [part for channel, nonce, sent in known for part in (channel, nonce, sent.to_bytes(8, "big"))]
            restored = self._scripts.call("nonces_restore", tag_of(shard), self._nonce_ms, *parts)
            restored.add_done_callback(_take_note)
        opened = self._list_open(shard)
        ids = [one.to_bytes(8, "big") for one in (*opened, *self._recent.list_told(shard))]
        disowned = self._scripts.call("door_disown", tag_of(shard), self._incarnation, len(opened), *ids)
        disowned.add_done_callback(_take_note)

    def _on_told(
        self, shard: int, args: tuple[Argument, ...], told: Sequence[Envelope], answer: "asyncio.Future[Answer]"
    ) -> None:
        if answer.cancelled() or answer.exception() is not None or answer.result()[0] != b"OK":
            # Redis was restarted once more. From here on they are told late rather than in order.
            self._abandon("log_tell_again", shard, args)
            return
        _, generation, *places = answer.result()
        for n, envelope in zip(places, told, strict=True):
            self._recent.add_event(shard, position_of(generation, n), envelope)
        logger.warning("events that a log may have lost are in it", extra={"shard": shard, "events": len(told)})


def _take_note(answer: "asyncio.Future[Answer]") -> None:
    """Tell a failure in the log of the program."""
    error = None if answer.cancelled() else answer.exception()
    if error is not None:
        logger.error("Redis did not take back what it had lost", extra={"reason": str(error)})
