"""Staff, suspensions, invites to register, and the instance's log."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

_CODE = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _create_staff()
    op.create_table(
        "suspensions",
        sa.Column("user_id", _ID, autoincrement=False, nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("user_id", name="pk_suspensions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_suspensions_user_id", ondelete="CASCADE"),
    )
    op.create_table(
        "registration_invites",
        sa.Column("code", _CODE, nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_registration_invites"),
    )
    op.create_table(
        "instance_settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_instance_settings"),
    )
    op.create_table(
        "instance_log",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instance_log"),
    )
    op.create_index("ix_instance_log_actor_id", "instance_log", ["actor_id"])
    op.create_index("ix_instance_log_target", "instance_log", ["target"])


def _create_staff() -> None:
    op.create_table(
        "staff",
        sa.Column("user_id", _ID, autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_staff"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_staff_user_id", ondelete="CASCADE"),
    )
    op.create_table(
        "staff_tokens",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff_tokens"),
        sa.ForeignKeyConstraint(["user_id"], ["staff.user_id"], name="fk_staff_tokens_user_id", ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash", name="uq_staff_tokens_token_hash"),
    )
    op.create_index("ix_staff_tokens_user_id", "staff_tokens", ["user_id"])
