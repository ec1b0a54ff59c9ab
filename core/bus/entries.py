"""The entries of logs as Redis hands them over: published one by one, and read in runs."""

import logging
import struct
from typing import Final

import msgspec

from core.bus.interfaces import Delivery
from core.bus.positions import position_of
from core.redis.interfaces import Answer
from core.wire.envelope import Envelope, decode_envelope, encode_envelope

logger = logging.getLogger(__name__)

HEADER: Final = struct.Struct(">IQQQQ")
"""What comes before a published envelope: generation, n, revision, tail:all, tail:rel
(`core/redis/scripts/include/append.lua`). With n = 0 it has no place: it is volatile, or without an envelope, when its
log was opened again."""

_VOLATILE_HEADER: Final = bytes(HEADER.size)


def encode_volatile(envelope: Envelope) -> bytes:
    """Encode an envelope that has no place."""
    return _VOLATILE_HEADER + encode_envelope(envelope)


def decode_run(shard: int, answer: Answer) -> list[Delivery]:
    """Read the answer of the script `log_read`. What is no envelope is left out, and told in the log of the program."""
    deliveries = []
    position = position_of(answer[0], answer[2])
    for revision, envelope in zip(answer[3::2], answer[4::2], strict=True):
        try:
            deliveries.append(Delivery(position, shard, decode_envelope(envelope), revision))
        except msgspec.DecodeError:
            logger.exception("an entry of a log is no envelope", extra={"shard": shard, "position": position})
        position += 1
    return deliveries
