"""The rows that a person or a guild may take along: which tables, which rows of them, and which columns.

What is a secret (hashes of passwords and tokens), what only finds rows (folded names), and what the server keeps for
itself is left out. A test asks for a decision about each table and each column of bytes.
"""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from core.runtime.errors import StartError
from core.store.sql.moving.source import BATCH_ROWS, check_schema
from core.store.sql.schema.migrate import find_revision
from core.store.sql.schema.tables.applications import applications
from core.store.sql.schema.tables.channels import channels, recipients
from core.store.sql.schema.tables.files import files
from core.store.sql.schema.tables.guilds import guilds, roles
from core.store.sql.schema.tables.instance import suspensions
from core.store.sql.schema.tables.invites import invites
from core.store.sql.schema.tables.last_seen import last_seen
from core.store.sql.schema.tables.members import bans, left_timeouts, member_roles, members
from core.store.sql.schema.tables.messages import messages
from core.store.sql.schema.tables.pictures import pictures
from core.store.sql.schema.tables.pins import pins
from core.store.sql.schema.tables.preferences import guild_settings, notes, user_settings
from core.store.sql.schema.tables.reactions import reactions
from core.store.sql.schema.tables.read_states import read_states
from core.store.sql.schema.tables.relationships import relationships
from core.store.sql.schema.tables.stage_instances import stage_instances
from core.store.sql.schema.tables.users import auth_sessions, users
from core.store.sql.schema.tables.voice_sessions import voice_sessions
from core.store.sql.schema.tables.voice_states import voice_states
from core.store.sql.schema.tables.voice_statuses import voice_statuses
from core.store.sql.schema.tables.webhooks import webhooks

Choice = Callable[[int], ColumnElement[bool]]
"""The rows of a table that belong to the person or the guild with an id."""

Choices = dict[Table, Choice]
"""The tables that have a say."""

_TEXTS: Final = ("permissions", "allow", "deny", "closed_for")
"""Numbers of 64 bits whose names do not end as those of ids, and that are texts all the same."""

HIDDEN: Final = frozenset(
    (
        "actor_id",  # who of the staff
        *("password_hash", "token_hash", "session_id"),
        *("username_fold", "username_key", "global_name_fold", "email_key", "nick_fold", "direct_key"),
        *("bucket", "version", "counted_id", "given_count", "marked_id", "unused_since_ms", "is_gone", "state"),
    )
)
"""The columns that nobody takes along."""

PUBLIC_OF_USERS: Final = ("id", "username", "global_name", "avatar", "bot")
"""What a guild takes along of its members, beside their rows of members."""

_DIRECT: Final = select(recipients.c.channel_id)
_IN_GUILD: Final = select(channels.c.id)

OF_USER: Final[Choices] = {
    users: lambda owner: users.c.id == owner,
    user_settings: lambda owner: user_settings.c.user_id == owner,
    guild_settings: lambda owner: guild_settings.c.user_id == owner,
    auth_sessions: lambda owner: auth_sessions.c.user_id == owner,
    relationships: lambda owner: relationships.c.user_id == owner,
    notes: lambda owner: notes.c.user_id == owner,
    last_seen: lambda owner: last_seen.c.user_id == owner,
    suspensions: lambda owner: suspensions.c.user_id == owner,
    applications: lambda owner: applications.c.owner_id == owner,
    guilds: lambda owner: guilds.c.owner_id == owner,
    members: lambda owner: members.c.user_id == owner,
    member_roles: lambda owner: member_roles.c.user_id == owner,
    bans: lambda owner: bans.c.user_id == owner,
    left_timeouts: lambda owner: left_timeouts.c.user_id == owner,
    invites: lambda owner: invites.c.inviter_id == owner,
    webhooks: lambda owner: webhooks.c.user_id == owner,
    voice_states: lambda owner: voice_states.c.user_id == owner,
    voice_sessions: lambda owner: voice_sessions.c.user_id == owner,
    channels: lambda owner: channels.c.id.in_(_DIRECT.where(recipients.c.user_id == owner)),
    read_states: lambda owner: read_states.c.user_id == owner,
    reactions: lambda owner: reactions.c.user_id == owner,
    messages: lambda owner: messages.c.author_id == owner,
    files: lambda owner: files.c.user_id == owner,
    pictures: lambda owner: pictures.c.user_id == owner,
}
OF_GUILD: Final[Choices] = {
    guilds: lambda guild: guilds.c.id == guild,
    channels: lambda guild: channels.c.guild_id == guild,
    roles: lambda guild: roles.c.guild_id == guild,
    users: lambda guild: users.c.id.in_(select(members.c.user_id).where(members.c.guild_id == guild)),
    members: lambda guild: members.c.guild_id == guild,
    member_roles: lambda guild: member_roles.c.guild_id == guild,
    bans: lambda guild: bans.c.guild_id == guild,
    left_timeouts: lambda guild: left_timeouts.c.guild_id == guild,
    invites: lambda guild: invites.c.guild_id == guild,
    webhooks: lambda guild: webhooks.c.guild_id == guild,
    voice_states: lambda guild: voice_states.c.guild_id == guild,
    stage_instances: lambda guild: stage_instances.c.guild_id == guild,
    voice_statuses: lambda guild: voice_statuses.c.guild_id == guild,
    voice_sessions: lambda guild: voice_sessions.c.guild_id == guild,
    messages: lambda guild: messages.c.guild_id == guild,
    reactions: lambda guild: reactions.c.channel_id.in_(_IN_GUILD.where(channels.c.guild_id == guild)),
    pins: lambda guild: pins.c.channel_id.in_(_IN_GUILD.where(channels.c.guild_id == guild)),
    files: lambda guild: files.c.guild_id == guild,
    pictures: lambda guild: pictures.c.guild_id == guild,
}
BESIDE_USER: Final[Choices] = {recipients: lambda owner: recipients.c.user_id == owner}
"""Rows by which others of a person are chosen."""
LEFT: Final = frozenset(
    (
        *("staff", "staff_tokens", "instance_log", "instance_settings"),  # of those who run the server
        *("registration_invites", "reports"),  # of the same
        *("cluster", "node_numbers", "secrets", "shard_pins", "drained_workers"),  # of the server
        *("log", "log_trims", "log_heads", "followed_logs", "outbox"),  # events, which their rows are
        *("nonces", "session_records", "session_cuts", "pin_changes", "crossposts", "calls"),  # of what is under way
        *("recipients", "last_messages", "reaction_counts", "mentions", "dismissed_mentions"),  # follow from other rows
    )
)
"""The tables that neither takes along."""


class Exported:
    """The rows of one person or guild, as of one instant."""

    __slots__ = ("_choices", "_connection", "_is_guild", "tables")

    def __init__(self, connection: Connection, choices: Choices, owner: int) -> None:
        """Use `open_for_export`."""
        self._connection = connection
        self._choices = {table.name: (table, choose(owner)) for table, choose in choices.items()}
        self._is_guild = choices is OF_GUILD
        self.tables = list(self._choices)
        """The names of the tables that have a say."""

    def has(self, name: str) -> bool:
        """Tell whether a table has rows of theirs."""
        return next(self.list_rows(name), None) is not None

    def list_rows(self, name: str) -> Iterator[bytes]:
        """Yield the rows of a table as JSON objects, in the order of their keys."""
        table, rows = self._choices[name]
        columns = [column for column in table.columns if self._is_shown(table, column.name)]
        names = [column.name for column in columns]
        found = self._connection.execute(select(*columns).where(rows).order_by(*table.primary_key))
        for batch in found.partitions(BATCH_ROWS):
            for row in batch:
                yield msgspec.json.encode({name: show(name, value) for name, value in zip(names, row, strict=True)})

    def list_blob_names(self) -> list[str]:
        """List the names of the files that the rows lead to."""
        attachments = select(files.c.channel_id, files.c.id).where(self._choices[files.name][1])
        shown = select(pictures.c.folder, pictures.c.name).where(self._choices[pictures.name][1], ~pictures.c.is_gone)
        return [
            *(f"attachments/{channel_id}/{file_id}" for channel_id, file_id in self._connection.execute(attachments)),
            *(f"{folder}/{name}" for folder, name in self._connection.execute(shown)),
        ]

    def _is_shown(self, table: Table, name: str) -> bool:
        return name in PUBLIC_OF_USERS if self._is_guild and table is users else name not in HIDDEN


@contextmanager
def open_for_export(path: Path, choices: Choices, owner: int) -> Iterator[Exported]:
    """Open a database, also of a server that runs, for reading in one transaction. Raises StartError."""
    engine = create_engine(f"sqlite:///file:{path.absolute()}?mode=rw&uri=true", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text("PRAGMA query_only = ON"))
            check_schema(find_revision(connection))
            connection.exec_driver_sql("BEGIN")
            yield Exported(connection, choices, owner)
            connection.rollback()
    except DBAPIError as error:
        raise StartError(f"the database {path} cannot be read: {error.orig}") from error
    finally:
        engine.dispose()


def show(name: str, value: object) -> object:
    """Return a column's value as an export has it: ids are texts, bytes are base64, structures are objects."""
    if isinstance(value, msgspec.Struct):
        return {field: show(field, getattr(value, field)) for field in value.__struct_fields__}
    if isinstance(value, list | tuple):
        return [show(name if name in _TEXTS else name.removesuffix("s"), item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and _is_id(name):
        return str(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith("_id") or name in _TEXTS
