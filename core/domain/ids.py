"""What a snowflake says: when it was made, which shard owns it, which bucket holds its message.

A snowflake is 64 bits: 42 bits of milliseconds since `EPOCH_MS`, 5 bits worker, 5 bits process, 12 bits sequence
(Discord's layout, so its libraries read creation times out of our ids). Making them is `core_ext`'s business; here are
the pure readings. Inside the house an id is an int, in JSON a string.
"""

EPOCH_MS = 1_420_070_400_000
"""2015-01-01T00:00:00Z in Unix milliseconds."""

BUCKET_MS = 10 * 24 * 60 * 60 * 1000
"""A message partition's time slice: ten days."""

MAX_SNOWFLAKE = (1 << 63) - 1
"""The largest id that a signed 64-bit column holds; a larger one in a request is no id."""


def shard_of(snowflake: int, num_shards: int) -> int:
    """The shard that owns a guild or a user: Discord's formula, so that bots' client shards line up with it."""
    return (snowflake >> 22) % num_shards


def created_ms(snowflake: int) -> int:
    """When the snowflake was made, in Unix milliseconds."""
    return (snowflake >> 22) + EPOCH_MS


def snowflake_at(unix_ms: int) -> int:
    """The smallest snowflake of a millisecond: a bound for paging by time."""
    return max(0, unix_ms - EPOCH_MS) << 22


def bucket_of(snowflake: int) -> int:
    """The message bucket of a snowflake (see `BUCKET_MS`)."""
    return (snowflake >> 22) // BUCKET_MS
