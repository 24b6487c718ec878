"""Coaching counted, a row a manager and week."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Instant, Key

revision = "2026_11_22_scorecards"
down_revision = "2026_11_22_currency_rates"

COUNTS = (
    "reps", "coached_reps", "budget_minutes", "planned", "held", "held_minutes", "held_on_deals", "held_early",
    "prepared", "contested", "ignored",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "scorecards",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("manager_id", Key, nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.Column("scored_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_scorecards_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection_id", "manager_id", "week", name=op.f("pk_scorecards")),
    )
