"""What is asked for between the rhythms."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Instant, Json

revision = "2026_11_22_requests"
down_revision = "2026_11_22_rulesets"


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("arguments", Json, nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("answered_at", Instant()),
        sa.Column("run_id", sa.Integer()),
        sa.Column("answer", Json),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_requests_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_requests_run_id_runs"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("connection_id", "source", "key", name=op.f("uq_requests_connection_id_source_key")),
    )
    op.create_index(
        op.f("ix_requests_answered_at_connection_id_job"), "requests", ["answered_at", "connection_id", "job"]
    )
