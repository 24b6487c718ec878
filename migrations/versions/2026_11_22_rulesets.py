"""Rule sets as they were pushed, version after version."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Instant

revision = "2026_11_22_rulesets"
down_revision = "2026_11_22_unsure_writes"


def upgrade() -> None:
    op.create_table(
        "rule_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("pushed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_sets")),
    )
    op.create_table(
        "rule_pages",
        sa.Column("set_id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_id"], ["rule_sets.id"], name=op.f("fk_rule_pages_set_id_rule_sets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("set_id", "rule_id", name=op.f("pk_rule_pages")),
    )
