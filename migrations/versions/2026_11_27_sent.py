"""When a create was sent, so that it is not sent again while the CRM may still be working on it."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Instant

revision = "2026_11_27_sent"
down_revision = "2026_11_27_pipelines"


def upgrade() -> None:
    op.add_column("intents", sa.Column("sent_at", Instant(), nullable=True))
    # what was ever tried without success may be there; an old refusal did not say whether it had found the record
    op.execute(
        "UPDATE intents SET sent_at = created_at"
        " WHERE crm_id IS NULL AND attempts > 0 AND state NOT IN ('stored', 'withdrawn')"
    )
