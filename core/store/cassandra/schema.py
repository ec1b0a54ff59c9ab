"""The keyspace and its tables, made by numbered steps.

A step is applied once and noted in `schema_steps`. Its statements make only what is not there, so that a step which was
cut in the middle is applied again. One process at a time may apply steps; the caller sees to that. But the servers may
still be at work on a statement of a process that was killed, and two that make one table at once would give it two ids.
So each statement waits until all servers that are up have the same tables. A keyspace that is there keeps its
replication, whose change is a matter of operators (ALTER KEYSPACE, then a repair).
"""

from typing import Final

import msgspec
from cassandra import DriverException, InvalidRequest
from cassandra.cluster import Session

from core.runtime.errors import NewerSchemaError, StartError


class Step(msgspec.Struct, frozen=True):
    """The statements of one step."""

    name: str
    statements: tuple[str, ...]


STEPS: Final = (
    Step(
        "messages",
        (
            """CREATE TABLE IF NOT EXISTS messages (
                channel_id bigint, bucket int, message_id bigint,
                guild_id bigint, author_id bigint, type int, content text, tts boolean, mention_everyone boolean,
                mention_ids frozen<list<bigint>>, mention_role_ids frozen<list<bigint>>, embeds blob, flags bigint,
                pinned boolean, edited_ms bigint, version int, nonce text, nonce_is_int boolean, reference_id bigint,
                PRIMARY KEY ((channel_id, bucket), message_id)
            ) WITH CLUSTERING ORDER BY (message_id DESC)""",
            """CREATE TABLE IF NOT EXISTS message_buckets (
                channel_id bigint, bucket int, PRIMARY KEY (channel_id, bucket)
            ) WITH CLUSTERING ORDER BY (bucket DESC)""",
            """CREATE TABLE IF NOT EXISTS author_messages (
                guild_id bigint, author_id bigint, bucket int, message_id bigint, channel_id bigint,
                PRIMARY KEY ((guild_id, author_id, bucket), message_id)
            )""",
            "CREATE TABLE IF NOT EXISTS last_messages (channel_id bigint PRIMARY KEY, message_id bigint)",
        ),
    ),
    Step("attachments", ("ALTER TABLE messages ADD IF NOT EXISTS attachments blob",)),
    Step(
        "reactions",
        (
            """CREATE TABLE IF NOT EXISTS reactions (
                channel_id bigint, message_id bigint, emoji text, is_burst boolean, user_id bigint, id bigint,
                version int static, counts blob static,
                PRIMARY KEY ((channel_id, message_id), emoji, is_burst, user_id)
            )""",
        ),
    ),
    Step("forwards", ("ALTER TABLE messages ADD IF NOT EXISTS forward blob",)),
    Step(
        "webhooks",
        (
            "ALTER TABLE messages ADD IF NOT EXISTS webhook blob",
            "ALTER TABLE messages ADD IF NOT EXISTS source blob",
        ),
    ),
    Step("polls", ("ALTER TABLE messages ADD IF NOT EXISTS poll blob",)),
    Step("calls", ("ALTER TABLE messages ADD IF NOT EXISTS call blob",)),
)
"""Steps are added at the end and never changed."""

_TABLES: Final = ("messages", "message_buckets", "author_messages", "last_messages", "reactions")
_STEPS_TABLE: Final = "CREATE TABLE IF NOT EXISTS schema_steps (step int PRIMARY KEY, name text, applied timestamp)"
_APART: Final = (
    "Cassandra's servers have different tables, or some are away (nodetool describecluster); mend that first"
)


def wait_for_agreement(session: Session) -> None:
    """Wait until all servers have the same tables: one may be at work for a process that was killed. It blocks.

    Raises:
        StartError: when that takes longer than the driver waits.
    """
    try:
        session.cluster.refresh_schema_metadata()
    except DriverException as error:
        raise StartError(_APART) from error


def make_keyspace(session: Session, keyspace: str, *, datacenter: str, replication: int) -> None:
    """Make the keyspace if it is not there. It blocks.

    Raises:
        StartError: when the datacenter has fewer servers than there are to be copies, or the servers do not come to the
            same tables.
    """
    servers = [host for host in session.cluster.metadata.all_hosts() if host.datacenter == datacenter]
    if len(servers) < replication:
        raise StartError(
            f"cassandra.replication asks for {replication} copies, and the datacenter {datacenter!r} has "
            f"{len(servers)} servers"
        )
    _change(
        session,
        f'CREATE KEYSPACE IF NOT EXISTS "{keyspace}" WITH replication = '
        f"{{'class': 'NetworkTopologyStrategy', '{datacenter}': {replication}}}",
    )


def apply_steps(session: Session, keyspace: str) -> list[str]:
    """Apply the steps that are missing in a keyspace, and return their names. It blocks.

    Raises:
        NewerSchemaError: when there are steps that this version does not know.
        StartError: when the servers do not come to the same tables.
    """
    session.set_keyspace(keyspace)
    _change(session, _STEPS_TABLE)
    done = _count_steps(session, keyspace)
    _refuse_newer(done)
    for number, step in enumerate(STEPS[done:], done + 1):
        for statement in step.statements:
            _change(session, statement)
        session.execute(
            "INSERT INTO schema_steps (step, name, applied) VALUES (%s, %s, toTimestamp(now()))", (number, step.name)
        )
    return [step.name for step in STEPS[done:]]


def check_steps(session: Session, keyspace: str) -> None:
    """Check that all steps were applied in a keyspace. It blocks.

    Raises:
        StartError: when one is missing. NewerSchemaError: when there are more.
    """
    if list_missing(session, keyspace):
        raise StartError("Cassandra's tables are not there or old: run `guildway migrate`")


def list_missing(session: Session, keyspace: str) -> list[str]:
    """Return the names of the steps that a keyspace lacks, which need not be there. It blocks.

    Raises:
        NewerSchemaError: when there are more.
    """
    try:
        done = _count_steps(session, keyspace)
    except InvalidRequest:
        done = 0
    _refuse_newer(done)
    return [step.name for step in STEPS[done:]]


def filled_tables(session: Session, keyspace: str) -> list[str]:
    """Return the tables of messages that have rows. It blocks."""
    return [name for name in _TABLES if session.execute(f'SELECT * FROM "{keyspace}".{name} LIMIT 1').one()]  # noqa: S608 - as below


def truncate(session: Session, keyspace: str, table: str) -> None:
    """Remove all rows of a table, which takes all servers. It blocks."""
    session.execute(f'TRUNCATE "{keyspace}".{table}')


def _count_steps(session: Session, keyspace: str) -> int:
    rows = session.execute(f'SELECT step FROM "{keyspace}".schema_steps')  # noqa: S608 - settings bound its letters
    return max((row[0] for row in rows), default=0)


def _change(session: Session, statement: str) -> None:
    """Change tables, and wait until all servers have done so. Raises StartError."""
    if not session.execute(statement).response_future.is_schema_agreed:
        raise StartError(_APART)


def _refuse_newer(done: int) -> None:
    if done > len(STEPS):
        raise NewerSchemaError(f"Cassandra's tables have had {done} steps, this version knows {len(STEPS)}")
