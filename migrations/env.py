"""Runs the migrations on the connection that app.store.schema hands in."""

from alembic import context

from app.store import schema  # noqa: F401  (defines every table)
from app.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=False,
    compare_type=False,
)
context.run_migrations()
