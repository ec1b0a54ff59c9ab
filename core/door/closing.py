"""Where a channel's door is, and what its script of closing takes."""

from collections.abc import Sequence

from core.bus.redis import RedisBus
from core.domain.ids import shard_of
from core.redis.interfaces import Argument
from core.redis.keys import tag_of
from core.wire.envelope import Envelope, encode_envelope


def door_shard(bus: RedisBus, guild_id: int, channel_id: int) -> int:
    """Return the shard of a channel's door: its guild's, or its own for a direct channel."""
    return shard_of(guild_id or channel_id, bus.num_shards)


def closing_args(
    bus: RedisBus, opened_id: int, channel_id: int, envelopes: Sequence[Envelope], *, incarnation: str
) -> list[Argument]:
    """Return the arguments of `door_close`, for the lives of the logs that this process knows now.

    `incarnation` is that of the opening's process, empty for a sweeper.
    """
    args: list[Argument] = [opened_id.to_bytes(8, "big"), channel_id, incarnation]
    for envelope in envelopes:
        shard = shard_of(envelope.owner_id, bus.num_shards)
        args += [tag_of(shard), bus.tail.life_of(shard), encode_envelope(envelope)]
    return args
