"""The statements, which each process prepares once, and the table columns that they name.

Partitions:

* `messages`: a channel and a bucket of ten days (`core.domain.ids.bucket_of`), newest first. Its rows are written by
  one insert and one withdrawal at fixed timestamps, and by conditional statements.
* `message_buckets`: a channel, with the buckets that have had messages.
* `author_messages`: an author in a guild and a bucket, for the messages that a ban deletes.
* `last_messages`: a channel's newest id. The timestamp of a write is the id's own time and among equal timestamps the
  larger value wins, so the value is a maximum, without a read.
* `reactions`: a message, with a row for each reaction, and once for all of them what the message shows (`counts`) and
  the number of changes (`version`), which conditions compare.
"""

import enum
from typing import Final

import msgspec


class Kind(enum.Enum):
    """How a statement reads or writes, which decides its consistency and what its errors mean."""

    READ = enum.auto()
    DECIDED_READ = enum.auto()
    """A read at serial consistency, which first ends a conditional write that was left half done."""
    WRITE = enum.auto()
    """A write at a timestamp of its own. It may be repeated."""
    CONDITIONAL = enum.auto()


class Statement(msgspec.Struct, frozen=True, eq=False):
    """A statement with a name for metrics; in its text `{keyspace}` stands for the name that a cluster gives it.

    A statement is one object in a process, and compared as such, which keeps lookups quick.
    """

    name: str
    kind: Kind
    text: str


FIELDS: Final = (
    "guild_id",
    "author_id",
    "type",
    "content",
    "tts",
    "mention_everyone",
    "mention_ids",
    "mention_role_ids",
    "embeds",
    "flags",
    "pinned",
    "edited_ms",
    "version",
    "nonce",
    "nonce_is_int",
    "reference_id",
    "attachments",
    "forward",
    "webhook",
    "source",
    "poll",
    "call",
)
"""The fields of `Message`, with equal names in the table, that are not its place."""

_MESSAGES: Final = "{keyspace}.messages"
_BUCKETS: Final = "{keyspace}.message_buckets"
_AUTHORS: Final = "{keyspace}.author_messages"
_LAST: Final = "{keyspace}.last_messages"
_PLACE: Final = "channel_id = ? AND bucket = ? AND message_id = ?"
_COLUMNS: Final = ", ".join(("channel_id", "message_id", *FIELDS))

INSERT: Final = Statement(
    "insert",
    Kind.WRITE,
    f"INSERT INTO {_MESSAGES} (channel_id, bucket, message_id, {', '.join(FIELDS)}) "
    f"VALUES (?, ?, ?, {', '.join('?' * len(FIELDS))}) USING TIMESTAMP ?",
)
WITHDRAW: Final = Statement("withdraw", Kind.WRITE, f"DELETE FROM {_MESSAGES} USING TIMESTAMP ? WHERE {_PLACE}")
UPDATE: Final = Statement(
    "update",
    Kind.CONDITIONAL,
    f"UPDATE {_MESSAGES} SET {', '.join(f'{field} = ?' for field in FIELDS)} WHERE {_PLACE} IF version = ?",
)
DELETE: Final = Statement("delete", Kind.CONDITIONAL, f"DELETE FROM {_MESSAGES} WHERE {_PLACE} IF version = ?")

FIND: Final = Statement("find", Kind.READ, f"SELECT {_COLUMNS} FROM {_MESSAGES} WHERE {_PLACE}")
FIND_DECIDED: Final = Statement("find_decided", Kind.DECIDED_READ, FIND.text)

LIST_VERSIONS: Final = Statement(
    "list_versions",
    Kind.READ,
    f"SELECT message_id, version, guild_id, author_id FROM {_MESSAGES} "
    "WHERE channel_id = ? AND bucket = ? AND message_id IN ?",
)
LIST_VERSIONS_DECIDED: Final = Statement("list_versions_decided", Kind.DECIDED_READ, LIST_VERSIONS.text)

_SLICE: Final = (
    f"SELECT {_COLUMNS} FROM {_MESSAGES} WHERE channel_id = ? AND bucket = ? "
    "AND message_id >= ? AND message_id < ? ORDER BY message_id"
)
LIST_OLDER: Final = Statement("list", Kind.READ, f"{_SLICE} DESC LIMIT ?")
LIST_NEWER: Final = Statement("list", Kind.READ, f"{_SLICE} ASC LIMIT ?")

ADD_BUCKET: Final = Statement(
    "companions", Kind.WRITE, f"INSERT INTO {_BUCKETS} (channel_id, bucket) VALUES (?, ?) USING TIMESTAMP ?"
)
LIST_OLDER_BUCKETS: Final = Statement(
    "list_buckets",
    Kind.READ,
    f"SELECT bucket FROM {_BUCKETS} WHERE channel_id = ? AND bucket < ? ORDER BY bucket DESC LIMIT ?",
)
LIST_NEWER_BUCKETS: Final = Statement(
    "list_buckets",
    Kind.READ,
    f"SELECT bucket FROM {_BUCKETS} WHERE channel_id = ? AND bucket > ? ORDER BY bucket ASC LIMIT ?",
)

ADD_TO_AUTHOR: Final = Statement(
    "companions",
    Kind.WRITE,
    f"INSERT INTO {_AUTHORS} (guild_id, author_id, bucket, message_id, channel_id) "
    "VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?",
)
WITHDRAW_FROM_AUTHOR: Final = Statement(
    "withdraw",
    Kind.WRITE,
    f"DELETE FROM {_AUTHORS} USING TIMESTAMP ? WHERE guild_id = ? AND author_id = ? AND bucket = ? AND message_id = ?",
)
DELETE_FROM_AUTHOR: Final = Statement(
    "companions",
    Kind.WRITE,
    f"DELETE FROM {_AUTHORS} WHERE guild_id = ? AND author_id = ? AND bucket = ? AND message_id = ?",
)
LIST_BY_AUTHOR: Final = Statement(
    "list_by_author",
    Kind.READ,
    f"SELECT channel_id, message_id FROM {_AUTHORS} "
    "WHERE guild_id = ? AND author_id = ? AND bucket = ? AND message_id >= ? LIMIT ?",
)

RAISE_LAST: Final = Statement(
    "companions", Kind.WRITE, f"INSERT INTO {_LAST} (channel_id, message_id) VALUES (?, ?) USING TIMESTAMP ?"
)
LAST_IDS: Final = Statement("last_ids", Kind.READ, f"SELECT channel_id, message_id FROM {_LAST} WHERE channel_id IN ?")
LIST_CHANNELS: Final = Statement("list_channels", Kind.READ, f"SELECT channel_id FROM {_LAST} LIMIT ?")
LIST_NEXT_CHANNELS: Final = Statement(
    "list_channels", Kind.READ, f"SELECT channel_id FROM {_LAST} WHERE token(channel_id) > token(?) LIMIT ?"
)

_REACTIONS: Final = "{keyspace}.reactions"
_REACTED: Final = "channel_id = ? AND message_id = ?"
_REACTION: Final = f"{_REACTED} AND emoji = ? AND is_burst = ? AND user_id = ?"

COUNT_REACTIONS: Final = Statement(
    "count_reactions",
    Kind.READ,
    f"SELECT DISTINCT message_id, version, counts FROM {_REACTIONS} WHERE channel_id = ? AND message_id IN ?",
)
COUNT_REACTIONS_DECIDED: Final = Statement("count_reactions_decided", Kind.DECIDED_READ, COUNT_REACTIONS.text)
FIND_REACTION: Final = Statement("find_reaction", Kind.READ, f"SELECT id FROM {_REACTIONS} WHERE {_REACTION}")
FIND_REACTION_DECIDED: Final = Statement("find_reaction_decided", Kind.DECIDED_READ, FIND_REACTION.text)
FIND_OWN_REACTIONS: Final = Statement(
    "find_own_reactions",
    Kind.READ,
    f"SELECT message_id, emoji, is_burst FROM {_REACTIONS} "
    "WHERE channel_id = ? AND message_id IN ? AND emoji IN ? AND is_burst IN (false, true) AND user_id = ?",
)
LIST_REACTED: Final = Statement(
    "list_reacted",
    Kind.READ,
    f"SELECT user_id FROM {_REACTIONS} WHERE {_REACTED} AND emoji = ? AND is_burst = ? AND user_id > ? LIMIT ?",
)
CHANGE_REACTIONS: Final = Statement(
    "change_reactions",
    Kind.CONDITIONAL,
    f"UPDATE {_REACTIONS} SET version = ?, counts = ? WHERE {_REACTED} IF version = ?",
)
"""The condition of a batch whose other parts are rows of the same message."""
PUT_REACTION: Final = Statement(
    "change_reactions",
    Kind.CONDITIONAL,
    f"INSERT INTO {_REACTIONS} (channel_id, message_id, emoji, is_burst, user_id, id) VALUES (?, ?, ?, ?, ?, ?)",
)
DELETE_REACTION: Final = Statement("change_reactions", Kind.CONDITIONAL, f"DELETE FROM {_REACTIONS} WHERE {_REACTION}")
DELETE_EMOJI: Final = Statement(
    "change_reactions", Kind.CONDITIONAL, f"DELETE FROM {_REACTIONS} WHERE {_REACTED} AND emoji = ?"
)
MOVE_REACTION: Final = Statement("move_reactions", Kind.WRITE, f"{PUT_REACTION.text} USING TIMESTAMP ?")
MOVE_COUNTS: Final = Statement(
    "move_reactions",
    Kind.WRITE,
    f"INSERT INTO {_REACTIONS} (channel_id, message_id, version, counts) VALUES (?, ?, 1, ?) USING TIMESTAMP ?",
)
FORGET_REACTIONS: Final = Statement(
    "forget_reactions", Kind.WRITE, f"DELETE FROM {_REACTIONS} USING TIMESTAMP ? WHERE {_REACTED}"
)

STATEMENTS: Final = (
    COUNT_REACTIONS,
    COUNT_REACTIONS_DECIDED,
    FIND_REACTION,
    FIND_REACTION_DECIDED,
    FIND_OWN_REACTIONS,
    LIST_REACTED,
    CHANGE_REACTIONS,
    PUT_REACTION,
    DELETE_REACTION,
    DELETE_EMOJI,
    MOVE_REACTION,
    MOVE_COUNTS,
    FORGET_REACTIONS,
    INSERT,
    WITHDRAW,
    UPDATE,
    DELETE,
    FIND,
    FIND_DECIDED,
    LIST_VERSIONS,
    LIST_VERSIONS_DECIDED,
    LIST_OLDER,
    LIST_NEWER,
    ADD_BUCKET,
    LIST_OLDER_BUCKETS,
    LIST_NEWER_BUCKETS,
    ADD_TO_AUTHOR,
    WITHDRAW_FROM_AUTHOR,
    DELETE_FROM_AUTHOR,
    LIST_BY_AUTHOR,
    RAISE_LAST,
    LAST_IDS,
    LIST_CHANNELS,
    LIST_NEXT_CHANNELS,
)
