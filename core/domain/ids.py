"""The reading of snowflakes: the time of creation, the owning shard, the bucket of a message.

A snowflake is 64 bits: 42 bits of milliseconds since `EPOCH_MS`, 5 bits worker, 5 bits process, 12 bits sequence
(Discord's layout, so that its libraries can read creation times). `core_ext` makes them; this module only reads them.
In the process an id is an int, in JSON a string.
"""

EPOCH_MS = 1_420_070_400_000
"""2015-01-01T00:00:00Z in Unix milliseconds."""

BUCKET_MS = 10 * 24 * 60 * 60 * 1000
"""The time slice of a message partition: ten days."""

MAX_SNOWFLAKE = (1 << 63) - 1
"""The largest id that a signed 64-bit column holds; a larger one in a request is no id."""


def shard_of(snowflake: int, num_shards: int) -> int:
    """Return the shard that owns a guild or a user, by Discord's formula, so that bots' client shards match it."""
    return (snowflake >> 22) % num_shards


def created_ms(snowflake: int) -> int:
    """Return the time when the snowflake was made, in Unix milliseconds."""
    return (snowflake >> 22) + EPOCH_MS


def snowflake_at(unix_ms: int) -> int:
    """Return the smallest snowflake of a millisecond, a bound for paging by time."""
    return max(0, unix_ms - EPOCH_MS) << 22


def bucket_of(snowflake: int) -> int:
    """Return the message bucket of a snowflake (see `BUCKET_MS`)."""
    return (snowflake >> 22) // BUCKET_MS
