"""Who may ask what over HTTP."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Instant, Key

revision = "2026_11_22_tokens"
down_revision = "2026_11_22_reviews"


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Integer()),
        sa.Column("user_id", Key),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant()),
        sa.Column("revoked_at", Instant()),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_tokens_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
    )
    op.create_index(op.f("ix_tokens_connection_id"), "tokens", ["connection_id"])
