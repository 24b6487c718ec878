"""What a conversation is about: a call, an opportunity, an account, a territory or enablement."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_area"
down_revision = "2026_11_22_coverage"


def upgrade() -> None:
    op.add_column("plan_items", sa.Column("area", sa.Text(), nullable=True))
