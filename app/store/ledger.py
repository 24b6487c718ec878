"""What the machine did: connections, cursors, runs, the writes we owe and the proof that they were made."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from app.store.tables import Instant, Json, Key, metadata

connections = Table(
    "connections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("crm", Text, nullable=False),
    Column("settings", Json, nullable=False),
    Column("secrets", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("paused", Text),
)
cursors = Table(
    "cursors",
    metadata,
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("stored_at", Instant, nullable=False),
)
coverage = Table(
    "coverage",
    metadata,
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("due", Boolean, nullable=False),  # changes may have been missed: compare it soon
    Column("ours", Integer),
    Column("theirs", Integer),
    Column("missing", Integer),
    Column("stale", Integer),
    Column("gone", Integer),
    Column("compared_at", Instant),
    Column("place", Key),  # the id up to which a comparison came that was cut off
    Column("so_far", Json),  # and what it found up to there
)
runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("rhythm", Text, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("counts", Json, nullable=False),
    Column("error", Text),
    Index(None, "connection_id", "started_at"),
)
intents = Table(
    "intents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("reference", Text, nullable=False),
    Column("item_id", ForeignKey("plan_items.id", ondelete="CASCADE"), index=True),
    Column("role", Text, nullable=False),  # manager_task | prep_task | note
    Column("content", Json, nullable=False),  # what the record should say
    Column("written", Json),  # what we last wrote, to know a person's edit when we see it
    Column("unsure", Json),  # what we sent after that without an answer: any of it may be there as well
    Column("crm_id", Key),
    Column("state", Text, nullable=False),  # pending | in_flight | stored | retry | refused | withdrawn
    Column("attempts", Integer, nullable=False, default=0),
    Column("sent_at", Instant),  # when a create was sent of which we do not know yet whether it arrived
    Column("retry_at", Instant),
    Column("reason", Text),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("connection_id", "reference"),
    Index(None, "connection_id", "state"),
)
receipts = Table(
    "receipts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("intent_id", ForeignKey("intents.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("status", Text, nullable=False),  # stored | refused | retry
    Column("crm_id", Key),
    Column("created", Boolean, nullable=False),
    Column("adopted", Boolean, nullable=False),
    Column("kept", Json, nullable=False),  # fields a person had changed and that we left alone
    Column("reason", Text),
)
outcomes = Table(
    "outcomes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("item_id", ForeignKey("plan_items.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("reference", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("kind", Text, nullable=False),  # done | snoozed | contested | deleted | reassigned | ignored | cleared
    Column("at", Instant, nullable=False),
    Column("by", Key),
    Column("detail", Text),
    Column("due", Date),
    Column("observed_at", Instant, nullable=False),
    UniqueConstraint("connection_id", "reference", "kind", "at"),
)
