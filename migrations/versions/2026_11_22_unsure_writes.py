"""What was sent without an answer, so that our own words are never taken for a person's."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Json

revision = "2026_11_22_unsure_writes"
down_revision = "2026_11_22_area"


def upgrade() -> None:
    op.add_column("intents", sa.Column("unsure", Json, nullable=True))
