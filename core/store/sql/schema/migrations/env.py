"""Alembic's entry: runs the migrations on the connection that `core.store.sql.schema.migrate` hands over."""

from alembic import context
from sqlalchemy import text

from core.store.sql.schema.tables import metadata

connection = context.config.attributes["connection"]
# The store's connections commit by themselves, so the transaction is said here: the schema is brought up to date whole
# or not at all. Alembic, which is told of the connection afterwards, leaves a transaction alone that it finds.
connection.execute(text("BEGIN"))
try:
    context.configure(connection=connection, target_metadata=metadata)
    context.run_migrations()
except BaseException:
    connection.execute(text("ROLLBACK"))
    raise
connection.execute(text("COMMIT"))
