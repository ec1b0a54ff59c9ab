"""Alembic's entry, which runs the migrations on the connection that `core.store.sql.schema.migrate` hands over."""

from alembic import context
from sqlalchemy import text

from core.store.sql.schema.all_tables import metadata

connection = context.config.attributes["connection"]
# The store's connections commit by themselves, so this begins a transaction: the schema becomes current as a whole or
# not at all. Alembic gets the connection afterwards, and leaves an open transaction alone.
connection.execute(text("BEGIN"))
try:
    context.configure(connection=connection, target_metadata=metadata)
    context.run_migrations()
except BaseException:
    connection.execute(text("ROLLBACK"))
    raise
connection.execute(text("COMMIT"))
