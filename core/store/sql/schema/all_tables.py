"""The whole schema: the metadata with every table. Changing a table needs a migration; a test compares the two.

A table is defined in the file of its noun in `tables/`, and a new file is named here. Ids are snowflakes, times Unix
milliseconds. `*_fold` columns hold folded names, for comparisons.
"""

from core.store.sql.schema.metadata import metadata
from core.store.sql.schema.tables import (
    applications,
    calls,
    channels,
    cluster,
    files,
    guilds,
    instance,
    invites,
    last_seen,
    logs,
    members,
    messages,
    pictures,
    pins,
    placement,
    preferences,
    reactions,
    read_states,
    relationships,
    secrets,
    session_journal,
    stage_instances,
    users,
    voice_states,
    webhooks,
)

__all__ = [
    "applications",
    "calls",
    "channels",
    "cluster",
    "files",
    "guilds",
    "instance",
    "invites",
    "last_seen",
    "logs",
    "members",
    "messages",
    "metadata",
    "pictures",
    "pins",
    "placement",
    "preferences",
    "reactions",
    "read_states",
    "relationships",
    "secrets",
    "session_journal",
    "stage_instances",
    "users",
    "voice_states",
    "webhooks",
]
