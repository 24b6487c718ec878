"""What the CRM said: connections, cursors, runs, and one table a kind of record."""

import sqlalchemy as sa
from alembic import op

from app.store.tables import Instant, Json, Key

revision = "2026_11_22_crm"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("crm", sa.Text(), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("paused", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint("name", name=op.f("uq_connections_name")),
    )
    op.create_table(
        "accounts",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_id", Key, nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("merged_into", Key, nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "activities",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("owner_id", Key, nullable=True),
        sa.Column("deal_id", Key, nullable=True),
        sa.Column("account_id", Key, nullable=True),
        sa.Column("contact_id", Key, nullable=True),
        sa.Column("starts_at", Instant(), nullable=True),
        sa.Column("ends_at", Instant(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("two_way", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_activities")),
    )
    op.create_table(
        "crm_notes",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("modified_by", Key, nullable=True),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_crm_notes")),
    )
    op.create_index(
        op.f("ix_crm_notes_connection_id_reference"), "crm_notes", ["connection_id", "reference"], unique=False
    )
    op.create_table(
        "crm_tasks",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("owner_id", Key, nullable=False),
        sa.Column("deal_id", Key, nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("modified_by", Key, nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_crm_tasks")),
    )
    op.create_index(
        op.f("ix_crm_tasks_connection_id_reference"), "crm_tasks", ["connection_id", "reference"], unique=False
    )
    op.create_table(
        "cursors",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_cursors_connection_id_connections"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", "kind", name=op.f("pk_cursors")),
    )
    op.create_table(
        "deal_changes",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("deal_id", Key, nullable=False),
        sa.Column("valid_from", Instant(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("amount", sa.Float(), nullable=True),
        sa.Column("close_date", sa.Date(), nullable=True),
        sa.Column("forecast_category", sa.Text(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_deal_changes")),
    )
    op.create_table(
        "deal_contacts",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("deal_id", Key, nullable=False),
        sa.Column("contact_id", Key, nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("primary", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_deal_contacts")),
    )
    op.create_table(
        "deals",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_id", Key, nullable=True),
        sa.Column("owner_id", Key, nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("close_date", sa.Date(), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("won", sa.Boolean(), nullable=False),
        sa.Column("forecast_category", sa.Text(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("deal_type", sa.Text(), nullable=True),
        sa.Column("next_step", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_deals")),
    )
    op.create_table(
        "field_changes",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("deal_id", Key, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("valid_from", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_field_changes")),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("as_of", Instant(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("counts", Json, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_runs_connection_id_connections"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index(op.f("ix_runs_connection_id"), "runs", ["connection_id"], unique=False)
    op.create_table(
        "stages",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("won", sa.Boolean(), nullable=False),
        sa.Column("forecast_category", sa.Text(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_stages")),
    )
    op.create_table(
        "users",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("manager_id", Key, nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_users")),
    )
