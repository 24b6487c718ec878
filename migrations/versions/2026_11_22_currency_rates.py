"""What each currency is worth."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Instant, Key

revision = "2026_11_22_currency_rates"
down_revision = "2026_11_22_requests"


def upgrade() -> None:
    op.create_table(
        "currency_rates",
        sa.Column("connection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date()),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant()),
        sa.Column("gone", sa.Text()),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_currency_rates")),
    )
