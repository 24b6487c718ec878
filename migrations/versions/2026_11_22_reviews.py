"""What a review of a few deals needs: what the morning learnt of all deals, and what happened to some."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Instant, Key

revision = "2026_11_22_reviews"
down_revision = "2026_11_22_turns"


def upgrade() -> None:
    op.create_table(
        "benchmarks",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("measured_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_benchmarks_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection_id", "name", name=op.f("pk_benchmarks")),
    )
    op.create_table(
        "deal_events",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("deal_id", Key, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("happened_at", Instant(), nullable=False),
        sa.Column("by_hint", sa.Boolean(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("looked_at", Instant()),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_deal_events_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection_id", "deal_id", "event", "happened_at", name=op.f("pk_deal_events")),
    )
    op.create_index(op.f("ix_deal_events_connection_id_looked_at"), "deal_events", ["connection_id", "looked_at"])
