"""The runs of the last day are found without a look at all there ever were."""

from alembic import op

revision = "2026_11_27_lately"
down_revision = "2026_11_27_place"


def upgrade() -> None:
    op.create_index("ix_runs_connection_id_started_at", "runs", ["connection_id", "started_at"])
