"""The doors at which other systems tell of events."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Instant

revision = "2026_11_22_hooks"
down_revision = "2026_11_22_scorecards"


def upgrade() -> None:
    op.create_table(
        "hooks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("former", sa.Text()),
        sa.Column("former_until", Instant()),
        sa.Column("organization_id", sa.Text()),
        sa.Column("certificate_header", sa.Text()),
        sa.Column("certificate_value", sa.Text()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("rotated_at", Instant()),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_hooks_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hooks")),
        sa.UniqueConstraint("connection_id", "kind", name=op.f("uq_hooks_connection_id_kind")),
        sa.UniqueConstraint("door", name=op.f("uq_hooks_door")),
    )
