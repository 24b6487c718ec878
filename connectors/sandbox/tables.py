"""The tables behind the objects, and the rows every org is born with."""

import sqlite3
from collections.abc import Iterable

from connectors.sandbox.schema import NUMBER_TYPES, Field, Object

REPLACEABLE = ("OpportunityStage", "TaskStatus", "TaskPriority")
"""Seeded tables whose rows a loader may bring instead."""

INDEXED = frozenset(
    {"OpportunityId", "WhatId", "AccountId", "ContactId", "ContentDocumentId", "LinkedEntityId", "Coaching_Key__c"}
)

_OWN_TABLES = """
CREATE TABLE IF NOT EXISTS _sequence (prefix TEXT PRIMARY KEY, n INTEGER);
CREATE TABLE IF NOT EXISTS _seeded (object TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS _deleted (object TEXT, id TEXT, root TEXT, deleted_at TEXT, PRIMARY KEY (object, id));
CREATE TABLE IF NOT EXISTS _secret (name TEXT PRIMARY KEY, value TEXT);
CREATE VIEW IF NOT EXISTS ContentNote AS
SELECT d.Id, d.Title, v.VersionData AS Content, v.TextPreview, d.FileType, d.FileExtension, d.ContentSize,
       d.LatestPublishedVersionId, d.LatestPublishedVersionId AS LatestContentId, d.OwnerId, 0 AS IsReadOnly,
       'N' AS SharingPrivacy, d.CreatedDate, d.CreatedById, d.LastModifiedDate, d.LastModifiedById,
       d.SystemModstamp, d.IsDeleted
FROM ContentDocument d LEFT JOIN ContentVersion v ON v.Id = d.LatestPublishedVersionId WHERE d.FileType = 'SNOTE';
"""

_STAGES = (
    ("Prospecting", 10, "Pipeline"), ("Qualification", 10, "Pipeline"), ("Needs Analysis", 20, "Pipeline"),
    ("Value Proposition", 50, "Pipeline"), ("Proposal", 75, "BestCase"), ("Negotiation", 90, "Forecast"),
    ("Closed Won", 100, "Closed"), ("Closed Lost", 0, "Omitted"),
)  # fmt: skip

FORECAST_NAMES = {
    "Omitted": "Omitted",
    "Pipeline": "Pipeline",
    "BestCase": "Best Case",
    "Forecast": "Commit",
    "Closed": "Closed",
}


def create(db: sqlite3.Connection, found: Iterable[Object]) -> None:
    """Make whatever is not there yet."""
    for one in found:
        if one.name != "ContentNote":
            columns = ", ".join(f"{f.name} {_column(f)}" for f in one.fields.values())
            db.execute(f"CREATE TABLE IF NOT EXISTS {one.name} ({columns})")
            for index, names in _indexes(one):
                db.execute(f"CREATE INDEX IF NOT EXISTS {one.name}_{index} ON {one.name} ({names})")
    for statement in _OWN_TABLES.strip().split(";\n"):
        db.execute(statement)


def _column(field: Field) -> str:
    if field.type == "id":
        return "TEXT PRIMARY KEY NOT NULL"
    if field.type == "boolean":
        return "INTEGER NOT NULL DEFAULT 0"
    if field.type in NUMBER_TYPES:
        return "INTEGER" if field.type == "int" else "REAL"
    # Ids are compared exactly, all other text as people read it.
    return "TEXT" if field.type in ("reference", "date", "datetime", "base64") else "TEXT COLLATE NOCASE"


def _indexes(one: Object) -> list[tuple[str, str]]:
    stamp = [("stamp", f"{one.stamp}, Id")] if one.stamp else []
    return stamp + [(f"by_{name}", name) for name in one.fields if name in INDEXED]


def seeds(org_id: str, user_id: str) -> dict[str, list[dict[str, object]]]:
    """Rows of a new org: itself, one integration user, and the tables behind the picklists."""
    stages = [
        {
            "MasterLabel": name, "ApiName": name, "IsActive": True, "SortOrder": place, "DefaultProbability": share,
            "IsClosed": name.startswith("Closed"), "IsWon": name == "Closed Won",
            "ForecastCategory": category, "ForecastCategoryName": FORECAST_NAMES[category],
        }
        for place, (name, share, category) in enumerate(_STAGES, 1)
    ]  # fmt: skip
    return {
        "Organization": [_organization(org_id)],
        "User": [_integration_user(user_id)],
        "OpportunityStage": stages,
        "TaskStatus": _choices(
            ["Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"],
            "IsClosed",
            {"Completed"},
        ),
        "TaskPriority": _choices(["Normal", "High", "Low"], "IsHighPriority", {"High"}),
    }


def _choices(names: list[str], flag: str, flagged: set[str]) -> list[dict[str, object]]:
    return [
        {"MasterLabel": name, "ApiName": name, "SortOrder": place, "IsDefault": place == 1, flag: name in flagged}
        for place, name in enumerate(names, 1)
    ]


def _organization(org_id: str) -> dict[str, object]:
    return {
        "Id": org_id, "Name": "Sandbox Company (fictional)", "OrganizationType": "Enterprise Edition",
        "InstanceName": "SBX0", "IsSandbox": True, "LanguageLocaleKey": "en_US", "DefaultLocaleSidKey": "en_US",
        "TimeZoneSidKey": "America/New_York", "FiscalYearStartMonth": 1,
    }  # fmt: skip


def _integration_user(user_id: str) -> dict[str, object]:
    return {
        "Id": user_id, "Username": "integration@sandbox.invalid", "LastName": "Integration", "FirstName": "Coaching",
        "Name": "Coaching Integration", "Email": "integration@sandbox.invalid", "Alias": "integr", "IsActive": True,
        "UserType": "Standard", "TimeZoneSidKey": "America/New_York", "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
    }  # fmt: skip
