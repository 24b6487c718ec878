"""How far each job has come, and whose mornings were had."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Instant, Key

revision = "2026_11_22_turns"
down_revision = "2026_11_22_hooks"


def upgrade() -> None:
    op.create_table(
        "turns",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("slot", Instant()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", Instant()),
        sa.Column("reason", sa.Text()),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_turns_connection_id_connections"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", "job", name=op.f("pk_turns")),
    )
    op.create_table(
        "mornings",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("manager_id", Key, nullable=False),
        sa.Column("run_id", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_mornings_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_mornings_run_id_runs"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("connection_id", "day", "manager_id", name=op.f("pk_mornings")),
    )
