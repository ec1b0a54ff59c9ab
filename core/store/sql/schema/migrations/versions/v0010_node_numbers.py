"""Node numbers are leased at each start, no longer kept as settings.

The number of the settings is left to be leased last: its floor is the lowest time above that of the others, and the
ids of its time are older than every new one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_NUMBERS = 1024


def upgrade() -> None:
    """Create the table with all numbers, free, and drop the old one."""
    table = op.create_table(
        "node_numbers",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("floor_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_node_numbers"),
    )
    op.bulk_insert(table, [{"number": number, "holder": "", "floor_ms": 0} for number in range(_NUMBERS)])
    op.execute("UPDATE node_numbers SET floor_ms = 1 WHERE number IN (SELECT worker_id * 32 + process_id FROM nodes)")
    op.drop_table("nodes")
