"""How far a comparison came that was cut off, and what it found up to there."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Json, Key

revision = "2026_11_27_place"
down_revision = "2026_11_27_sent"


def upgrade() -> None:
    op.add_column("coverage", sa.Column("place", Key))
    op.add_column("coverage", sa.Column("so_far", Json))
