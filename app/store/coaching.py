"""What we told people: findings, plans, and the items that are conversations."""

from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from app.store.tables import Instant, Json, Key, metadata

rule_versions = Table(
    "rule_versions",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("content", Json, nullable=False),
    Column("first_used_at", Instant, nullable=False),
)
findings = Table(
    "findings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("subject_id", Key, nullable=False),
    Column("episode", Integer, nullable=False),  # 1 when first opened, one more each time it reopens
    Column("rule_version", Text, nullable=False),
    Column("grain", Text, nullable=False),
    Column("kind", Text, nullable=False),  # coaching | hygiene
    Column("severity", Integer, nullable=False),
    Column("state", Text, nullable=False),  # open | cleared
    Column("evidence", Json, nullable=False),
    Column("facts", Json, nullable=False),  # values of the words its sentences and planning use
    Column("opened_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),  # when its evidence or facts last changed
    Column("cleared_at", Instant),
    UniqueConstraint("connection_id", "rule_id", "subject_id", "episode"),
    Index(None, "connection_id", "state"),
)
rule_counts = Table(
    "rule_counts",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("rule_id", Text, primary_key=True),
    Column("rule_version", Text, nullable=False),
    Column("evaluated", Integer, nullable=False),
    Column("matched", Integer, nullable=False),
    Column("not_enough_data", Integer, nullable=False),
)
plans = Table(
    "plans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("manager_id", Key, nullable=False),
    Column("week", Date, nullable=False),  # its Monday, in the manager's time zone
    Column("budget_minutes", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("left_out", Json, nullable=False),  # what did not fit, ranked, each with its reason
    UniqueConstraint("connection_id", "manager_id", "week"),
)
plan_items = Table(
    "plan_items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("plan_id", ForeignKey("plans.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("thread", Text, nullable=False),  # deal:<id> or rep:<id>; one open item a thread
    Column("revision", Integer, nullable=False),  # counts the conversations of the thread
    Column("grain", Text, nullable=False),
    Column("subject_id", Key, nullable=False),
    Column("manager_id", Key, nullable=False),
    Column("rep_id", Key, nullable=False),
    Column("early", Boolean, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("meeting", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("due", Date, nullable=False),  # day of the meeting, manager's calendar
    Column("prep_due", Date, nullable=False),
    Column("score", Float, nullable=False),
    Column("position", Integer, nullable=False),
    Column("why_here", Text, nullable=False),
    Column("reasons", Json, nullable=False),  # one a finding: finding_id, rule, version, why, ask, prepare, evidence
    Column("state", Text, nullable=False),  # open | done | contested | deleted | ignored | cleared | refused
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("snoozed_until", Date),
    Column("area", Text),  # call | opportunity | account | territory | enablement
    UniqueConstraint("connection_id", "thread", "revision"),
    Index(None, "connection_id", "state"),
)
