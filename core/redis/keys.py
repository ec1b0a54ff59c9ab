"""The names of keys and topics.

All keys of a shard end with its hash tag, so that a cluster of Redis keeps them together; scripts make the names from
the tag. Keys without a tag concern all shards: `tail:*` (counters of all logs), `limit:*`, `apis` and `api:*` (API
processes), `online:*` (members online, by guild), `job:*` and `epoch:*`, `workers` and `worker:*` (workers that live),
`voices` and `voice:*` (media nodes that live), `map` and `places` (who owns which shard).

| key of a shard | holds |
|---|---|
| `meta{s}` | run, gen, n, rev (newest revision in the log), life, before, start, floor, epoch |
| `log{s}` | the entries: `e` the envelope, `r` its revision |
| `door{s}<channel>` | the ids that are open or held, in order |
| `open{s}`, `held{s}` | id → who has opened it and for what; id → what is appended at its turn |
| `last{s}<channel>` | the newest id of the last hour |
| `nonce{s}<channel>:<author>:<nonce>` | the id of the message, for an hour |
| `slow{s}<channel>:<author>` | the slow mode in ms when the author sent; lives for that time |
| `perm{s}` | guild, guild:user, or 0:user (in private) → `tail:rel` with the newest event that has changed rights |
"""

from typing import Final

ANY_TAG: Final = "{0}"
"""The tag of calls that concern no shard."""


MAP_TOPIC: Final = "map"
"""The topic on which each new version of the shard map is published."""

VOICE_TOPIC: Final = "voice"
"""The topic on which a media node's name is published when others shall look at the nodes at once."""


def online_key(guild_id: int) -> str:
    """Return the key of the number of a guild's members that are online."""
    return f"online:{guild_id}"


def tag_of(shard: int) -> str:
    """Return the hash tag of a shard's keys."""
    return f"{{{shard}}}"


def topic_of(shard: int) -> str:
    """Return the topic on which a shard's entries are published."""
    return f"s{{{shard}}}"


def topic_of_worker(incarnation: str) -> str:
    """Return the topic on which others publish to a life of a worker, when they cannot reach it directly."""
    return f"w:{incarnation}"
