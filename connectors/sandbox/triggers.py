"""What follows from a save: derived fields before it, history rows after it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from connectors.sandbox.errors import Rejected
from connectors.sandbox.org import Org
from connectors.sandbox.tables import FORECAST_NAMES
from connectors.sandbox.values import Stored, instant, moment

Values = dict[str, Stored]

SNAPSHOT = ("StageName", "Amount", "CloseDate", "Probability", "ForecastCategory", "ExpectedRevenue")
SNAPSHOT_CAUSES = ("StageName", "Amount", "CloseDate", "Probability", "ForecastCategory")


def before(org: Org, name: str, new: Values, old: Mapping[str, Any], given: Mapping[str, Stored]) -> None:
    """Fill in what follows from the other fields; `new` is changed in place, `old` is empty for a new record."""
    if name == "Opportunity":
        _opportunity(org, new, old, given)
    elif name == "Task":
        _task(org, new, old)
    elif name == "Event":
        _event(org, new, given)
    elif name in ("Contact", "User"):
        new["Name"] = " ".join(str(part) for part in (new.get("FirstName"), new.get("LastName")) if part)
    elif name == "ContentDocumentLink":
        _link(org, new, old)


def after(org: Org, name: str, new: Values, old: Mapping[str, Any], user_id: str) -> None:
    """Write the rows that record what happened."""
    if name != "Opportunity":
        return
    if not old or any(new[field] != old[field] for field in SNAPSHOT_CAUSES):
        _snapshot(org, new, old, user_id)
    _tracked(org, new, old, user_id)


def _link(org: Org, new: Values, old: Mapping[str, Any]) -> None:
    new["ShareType"], new["Visibility"] = new["ShareType"] or "V", new["Visibility"] or "AllUsers"
    pair = (new["ContentDocumentId"], new["LinkedEntityId"])
    if not old and org.count("ContentDocumentLink", "ContentDocumentId = ? AND LinkedEntityId = ?", pair):
        message = f"Document with ID: {pair[0]} is already linked with the entity with ID: {pair[1]}"
        raise Rejected("DUPLICATE_VALUE", message, fields=("LinkedEntityId",))


def _opportunity(org: Org, new: Values, old: Mapping[str, Any], given: Mapping[str, Stored]) -> None:
    if new.get("StageName") != old.get("StageName"):
        _enter_stage(org, new, old, given)
    names = {label: category for category, label in FORECAST_NAMES.items()}
    if "ForecastCategoryName" in given:
        new["ForecastCategory"] = names.get(str(new["ForecastCategoryName"]), new["ForecastCategory"])
    amount, probability = new.get("Amount"), new.get("Probability")
    both = isinstance(amount, int | float) and isinstance(probability, int | float)
    new["ExpectedRevenue"] = round(amount * probability / 100, 2) if both else None  # type: ignore[operator]
    if old.get("CloseDate") and new.get("CloseDate") and str(new["CloseDate"])[:7] > old["CloseDate"][:7]:
        new["PushCount"] = int(old.get("PushCount") or 0) + 1
    elif not old:
        new["PushCount"] = 0


def _enter_stage(org: Org, new: Values, old: Mapping[str, Any], given: Mapping[str, Stored]) -> None:
    stage = org.row("SELECT * FROM OpportunityStage WHERE ApiName = ?1 OR MasterLabel = ?1", (new.get("StageName"),))
    if not stage:
        return
    new["StageName"] = stage["ApiName"] or stage["MasterLabel"]
    new["IsClosed"], new["IsWon"] = stage["IsClosed"], stage["IsWon"]
    new["ForecastCategory"] = stage["ForecastCategory"]
    if "ForecastCategoryName" not in given:
        new["ForecastCategoryName"] = stage["ForecastCategoryName"] or FORECAST_NAMES.get(stage["ForecastCategory"])
    if given.get("Probability") is None:
        new["Probability"] = stage["DefaultProbability"]
    if old:
        new["LastStageChangeDate"] = org.stamp()


def _snapshot(org: Org, new: Values, old: Mapping[str, Any], user_id: str) -> None:
    row_id, stamp = org.new_id("OpportunityHistory"), org.stamp()
    row: Values = {field: new[field] for field in SNAPSHOT}
    row |= {
        "Id": row_id,
        "OpportunityId": new["Id"],
        "PrevAmount": old.get("Amount"),
        "PrevCloseDate": old.get("CloseDate"),
    }
    org.insert("OpportunityHistory", row | {"CreatedDate": stamp, "CreatedById": user_id, "SystemModstamp": stamp})
    marks = {"Amount": "LastAmountChangedHistoryId", "CloseDate": "LastCloseDateChangedHistoryId"}
    moved = {mark: row_id for field, mark in marks.items() if old and new[field] != old[field]}
    if moved:
        org.update("Opportunity", str(new["Id"]), moved)


def _tracked(org: Org, new: Values, old: Mapping[str, Any], user_id: str) -> None:
    changes: list[tuple[str, str, object, object]] = []
    if not old:
        changes.append(("created", "Text", None, None))
    elif new["NextStep"] != old["NextStep"]:
        changes.append(("NextStep", "Text", old["NextStep"], new["NextStep"]))
    if old and new["OwnerId"] != old["OwnerId"]:
        # A changed lookup is recorded twice: once with names, once with ids.
        people = [org.record("User", str(key)).get("Name") for key in (old["OwnerId"], new["OwnerId"])]
        changes.append(("Owner", "Text", people[0], people[1]))
        changes.append(("Owner", "EntityId", old["OwnerId"], new["OwnerId"]))
    for field, kind, was, now in changes:
        row = {"Field": field, "DataType": kind, "OldValue": was, "NewValue": now, "OpportunityId": new["Id"]}
        audit = {"Id": org.new_id("OpportunityFieldHistory"), "CreatedDate": org.stamp(), "CreatedById": user_id}
        org.insert("OpportunityFieldHistory", row | audit)


def _task(org: Org, new: Values, old: Mapping[str, Any]) -> None:
    new["Status"] = new.get("Status") or _default(org, "TaskStatus")
    new["Priority"] = new.get("Priority") or _default(org, "TaskPriority")
    new["TaskSubtype"] = new.get("TaskSubtype") or "Task"
    closed = _flag(org, "TaskStatus", "IsClosed", new["Status"])
    new["IsHighPriority"] = _flag(org, "TaskPriority", "IsHighPriority", new["Priority"])
    if closed != old.get("IsClosed", 0):
        new["CompletedDateTime"] = org.stamp() if closed else None
    new["IsClosed"] = closed
    new["AccountId"] = _account(org, new)


def _default(org: Org, table: str) -> str | None:
    row = org.row(f"SELECT coalesce(ApiName, MasterLabel) AS name FROM {table} ORDER BY IsDefault DESC, SortOrder")
    return row.get("name")


def _flag(org: Org, table: str, flag: str, value: Stored) -> int:
    return org.count(table, f"(ApiName = ?1 OR MasterLabel = ?1) AND {flag} = 1", (value,)) and 1


def _event(org: Org, new: Values, given: Mapping[str, Stored]) -> None:
    new["AccountId"] = _account(org, new)
    new["EventSubtype"] = new.get("EventSubtype") or "Event"
    if new["IsAllDayEvent"]:
        new["ActivityDate"] = new["ActivityDate"] or str(new["StartDateTime"] or "")[:10] or None
        if not new["ActivityDate"]:
            raise Rejected(
                "REQUIRED_FIELD_MISSING", "Required fields are missing: [ActivityDate]", fields=("ActivityDate",)
            )
        new["DurationInMinutes"] = new["DurationInMinutes"] or 1440
        begins = moment(f"{new['ActivityDate']}T00:00:00+00:00")
    else:
        begins = _begins(new, given)
        _set_length(new, given, begins)
    new["StartDateTime"] = new["ActivityDateTime"] = instant(begins)
    new["ActivityDate"] = str(new["StartDateTime"])[:10]
    last = begins + timedelta(minutes=int(str(new["DurationInMinutes"])) - bool(new["IsAllDayEvent"]))
    new["EndDateTime"] = new["EndDateTime"] if not new["IsAllDayEvent"] else instant(begins)
    new["EndDate"] = date(last.year, last.month, last.day).isoformat()


def _begins(new: Values, given: Mapping[str, Stored]) -> datetime:
    text = (
        given.get("StartDateTime") or given.get("ActivityDateTime") or new["StartDateTime"] or new["ActivityDateTime"]
    )
    if not text:
        fields = ("StartDateTime", "ActivityDateTime")
        raise Rejected("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(fields)}]", fields=fields)
    return moment(str(text))


def _set_length(new: Values, given: Mapping[str, Stored], begins: datetime) -> None:
    """Length and end say the same; the one that was given last wins."""
    if given.get("EndDateTime"):
        new["DurationInMinutes"] = int((moment(str(given["EndDateTime"])) - begins).total_seconds() // 60)
    if new["DurationInMinutes"] is None:
        fields = ("DurationInMinutes", "EndDateTime")
        raise Rejected("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(fields)}]", fields=fields)
    if int(str(new["DurationInMinutes"])) < 0:
        raise Rejected("FIELD_INTEGRITY_EXCEPTION", "Event duration cannot be negative.", fields=("EndDateTime",))
    new["EndDateTime"] = instant(begins + timedelta(minutes=int(str(new["DurationInMinutes"]))))


def _account(org: Org, new: Values) -> str | None:
    what, who = str(new.get("WhatId") or ""), str(new.get("WhoId") or "")
    if what.startswith("001"):
        return what
    if what.startswith("006"):
        return org.record("Opportunity", what).get("AccountId")
    return org.record("Contact", who).get("AccountId") if who else None
