"""Which pipeline a deal goes through."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_pipelines"
down_revision = "2026_11_22_tokens"


def upgrade() -> None:
    op.add_column("deals", sa.Column("pipeline", sa.Text()))
