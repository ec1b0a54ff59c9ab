"""The uploads of a user that no message has taken are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Create the index."""
    unused = sa.text("message_id = 0")
    op.create_index("ix_files_waiting", "files", ["user_id"], sqlite_where=unused, postgresql_where=unused)
