"""The busiest guilds and channels, by the newest entries of the logs.

Of each shard's log the last entries are read, which hold the time that they were made in their ids. A shard that is so
busy that these do not reach back as far as was asked has a shorter time, so its rates are those of the last moment.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from core.bus.heads import Head, decode_heads
from core.domain.events import MESSAGE_CREATE
from core.domain.ids import created_ms
from core.redis.interfaces import Scripts
from core.redis.keys import ANY_TAG, tag_of
from core.wire.envelope import Envelope, decode_envelope

_READS: Final = 8
"""The logs that are read at the same time, so that Redis does other work in between."""

_Key = tuple[str, int]
"""A guild or a channel: what it is, and its id."""


class HotRow(msgspec.Struct, kw_only=True, frozen=True):
    """A guild or a channel."""

    id: str
    shard: int
    events_per_s: float
    messages_per_s: float


class Hot(msgspec.Struct, kw_only=True, frozen=True):
    """The busiest, first."""

    guilds: list[HotRow]
    channels: list[HotRow]


async def find_hot(scripts: Scripts, *, num_shards: int, now_ms: int, window_s: float, sample: int, most: int) -> Hot:
    """Return the `most` busiest of the last `window_s`, by up to `sample` entries of each log. Raises Unavailable."""
    heads = decode_heads(await scripts.call("log_heads", ANY_TAG, num_shards)).shards
    room = asyncio.Semaphore(_READS)
    shards = [
        _measure_shard(scripts, room, shard, head, now_ms=now_ms, window_s=window_s, sample=sample)
        for shard, head in enumerate(heads)
        if head.n
    ]
    found = [row for rows in await asyncio.gather(*shards) for row in rows]
    return Hot(guilds=_pick(found, "guild", most), channels=_pick(found, "channel", most))


def _pick(found: list[tuple[str, HotRow]], kind: str, most: int) -> list[HotRow]:
    rows = [row for name, row in found if name == kind]
    return sorted(rows, key=lambda row: (-row.events_per_s, int(row.id)))[:most]


async def _measure_shard(
    scripts: Scripts,
    room: asyncio.Semaphore,
    shard: int,
    head: Head,
    *,
    now_ms: int,
    window_s: float,
    sample: int,
) -> list[tuple[str, HotRow]]:
    async with room:
        answer = await scripts.call("log_read", tag_of(shard), max(0, head.n - sample), sample)
    envelopes = [decode_envelope(data) for data in answer[4::2]]
    return list(measure(shard, envelopes, now_ms=now_ms, window_s=window_s, is_cut=len(envelopes) == sample))


def measure(
    shard: int, envelopes: list[Envelope], *, now_ms: int, window_s: float, is_cut: bool
) -> Iterator[tuple[str, HotRow]]:
    """Yield what is in a shard's newest entries, each "guild" or "channel" with its rates.

    `is_cut`: whether there may be earlier entries of the same time.
    """
    recent = [envelope for envelope in envelopes if created_ms(envelope.id) >= now_ms - window_s * 1000]
    if not recent:
        return
    if is_cut and len(recent) == len(envelopes):
        window_s = max(0.001, (now_ms - created_ms(recent[0].id)) / 1000)
    events = Counter(key for envelope in recent for key in _list_keys(envelope))
    sent = Counter(key for one in recent if one.event == MESSAGE_CREATE for key in _list_keys(one))
    for key, count in events.items():
        yield (
            key[0],
            HotRow(
                id=str(key[1]),
                shard=shard,
                events_per_s=round(count / window_s, 2),
                messages_per_s=round(sent[key] / window_s, 2),
            ),
        )


def _list_keys(envelope: Envelope) -> list[_Key]:
    keys = [("guild", envelope.guild_id)] if envelope.guild_id else []
    return [*keys, ("channel", envelope.channel_id)] if envelope.channel_id else keys
