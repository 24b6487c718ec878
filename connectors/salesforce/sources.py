"""What is read of each kind: which object, which fields, under which condition; data for the reader and the checks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from connectors.records import Kind
from connectors.salesforce.values import Names

STAMPS = ("SystemModstamp", "LastModifiedDate", "CreatedDate")
"""Cursor fields, best first: SystemModstamp cannot be set by imports and moves with automated changes too."""
VITAL: frozenset[Kind] = frozenset({"user", "stage", "deal"})
"""Without these nothing can be judged, so that a field they lack is worth stopping for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One object that a kind is read from; `sql` names the file of sql/ that makes its rows records."""

    object: str
    fields: tuple[str, ...]
    required: tuple[str, ...]
    sql: str
    own: Callable[[Names], dict[str, str | None]] = lambda names: {}
    """Columns that every org calls otherwise: our word and the org's field, None where it has none."""
    where: Callable[[Names], str | None] = lambda names: None
    denied_sql: str | None = None
    """The file that finds the ids of rows of ours, which `sql` leaves out because they are none of this kind."""
    marked: bool = False
    """Holds records of ours, known by the key field: they would be taken for others' where it cannot be seen."""
    deletions: timedelta | None = timedelta(hours=1)
    """How often the list of deleted ids is read; None where the object has none."""
    daily: bool = False
    """Few rows, not in every org, not to be asked for in an order: looked for once a day and then read whole."""


def ours(names: Names) -> str:
    """The condition that finds the tasks we wrote."""
    return f"{names.key_field} LIKE 'coach:%'" if names.key_field else "Subject LIKE '%[coach:%'"


def _key(names: Names) -> dict[str, str | None]:
    return {"key": names.key_field}


_ACTIVITY = ("WhoId", "WhatId", "AccountId", "OwnerId", "CreatedDate", "IsDeleted", "Subject")
TASK_FIELDS = ("OwnerId", "WhatId", "ActivityDate", "Subject", "Description", "Status", "IsClosed")
SOURCES: dict[Kind, tuple[Source, ...]] = {
    "user": (
        Source(
            object="User",
            fields=(
                "Name", "IsActive", "ManagerId", "UserRole.Name", "Title", "TimeZoneSidKey", "Country", "CreatedDate",
                "UserType",
            ),
            required=("Name", "IsActive"),
            sql="user",
            where=lambda names: "UserType = 'Standard'",
            deletions=None,  # users are only ever deactivated
        ),
    ),
    "stage": (
        Source(
            object="OpportunityStage",
            fields=(
                "ApiName", "MasterLabel", "SortOrder", "IsActive", "IsClosed", "IsWon", "ForecastCategory",
                "ForecastCategoryName", "DefaultProbability",
            ),
            required=("MasterLabel", "SortOrder", "IsClosed", "IsWon"),
            sql="stage",
            deletions=None,
        ),
    ),
    "currency_rate": (
        Source(  # in orgs with several currencies
            object="CurrencyType",
            fields=("IsoCode", "ConversionRate"),
            required=("IsoCode", "ConversionRate"),
            sql="currency_rate",
            deletions=None,
            daily=True,
        ),
        Source(  # in those of them whose rates hold from a day on
            object="DatedConversionRate",
            fields=("IsoCode", "ConversionRate", "StartDate"),
            required=("IsoCode", "ConversionRate", "StartDate"),
            sql="dated_currency_rate",
            deletions=None,
            daily=True,
        ),
    ),
    "account": (
        Source(
            object="Account",
            fields=("Name", "OwnerId", "MasterRecordId", "IsDeleted"),
            required=("Name",),
            sql="account",
            own=lambda names: {"segment": names.segment_field},
        ),
    ),
    "deal": (
        Source(
            object="Opportunity",
            fields=(
                "Name", "AccountId", "OwnerId", "RecordTypeId", "RecordType.Name", "StageName", "Amount",
                "CurrencyIsoCode", "CloseDate", "IsClosed", "IsWon", "ForecastCategoryName", "Probability", "Type",
                "NextStep", "CreatedDate", "IsDeleted",
            ),
            required=("Name", "StageName", "IsClosed", "IsWon", "OwnerId"),
            sql="deal",
        ),
    ),
    "deal_change": (
        Source(
            object="OpportunityHistory",
            fields=(
                "OpportunityId", "StageName", "Amount", "CloseDate", "ForecastCategory", "Probability", "CreatedDate",
                "IsDeleted",
            ),
            required=("OpportunityId", "StageName", "CreatedDate"),
            sql="deal_change",
            deletions=None,  # its rows leave only with their deal
        ),
    ),
    "field_change": (
        Source(
            object="OpportunityFieldHistory",
            fields=("OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate", "IsDeleted"),
            required=("OpportunityId", "Field", "CreatedDate"),
            sql="field_change",
            where=lambda names: "Field IN ('NextStep', 'Owner')",
            deletions=None,
        ),
    ),
    "deal_contact": (
        Source(
            object="OpportunityContactRole",
            fields=("OpportunityId", "ContactId", "Role", "IsPrimary", "CreatedDate", "IsDeleted"),
            required=("OpportunityId",),
            sql="deal_contact",
            deletions=timedelta(0),  # no recycle bin: the list of deleted ids is the only trace
        ),
    ),
    "activity": (
        Source(
            object="Task",
            fields=(
                *_ACTIVITY, "ActivityDate", "IsClosed", "CompletedDateTime", "TaskSubtype", "Type", "CallType",
                "CallDurationInSeconds", "CallDisposition",
            ),
            required=("WhatId", "OwnerId", "ActivityDate", "IsClosed"),
            sql="activity_of_task",
            denied_sql="no_activity",
            own=_key,
            marked=True,
        ),
        Source(
            object="Event",
            fields=(
                *_ACTIVITY, "ActivityDate", "StartDateTime", "EndDateTime", "DurationInMinutes", "IsAllDayEvent",
                "IsChild", "GroupEventType",
            ),
            required=("WhatId", "OwnerId"),
            sql="activity_of_event",
            own=_key,
        ),
    ),
    "task": (
        Source(
            object="Task",
            fields=(*TASK_FIELDS, "CompletedDateTime", "LastModifiedById", "IsDeleted"),
            required=TASK_FIELDS,
            sql="task",
            own=_key,
            marked=True,
            where=ours,
        ),
    ),
    "note": (
        Source(
            object="ContentDocument",
            fields=("Title", "LastModifiedById", "IsDeleted"),
            required=("Title",),
            sql="note",
            where=lambda names: "FileType = 'SNOTE' AND Title LIKE '%[coach:note:%'",
            deletions=None,  # files have no list of deleted ids; the recycle bin shows them
        ),
    ),
}  # fmt: skip
OF_DEALS: dict[Kind, str] = {
    "user": "Id IN (SELECT OwnerId FROM Opportunity WHERE Id IN ({}))",
    "account": "Id IN (SELECT AccountId FROM Opportunity WHERE Id IN ({}))",
    "deal": "Id IN ({})",
    "deal_change": "OpportunityId IN ({})",
    "field_change": "OpportunityId IN ({})",
    "deal_contact": "OpportunityId IN ({})",
    "activity": "WhatId IN ({})",
    "task": "WhatId IN ({})",
}
"""What hangs on given deals, and by which condition it is found."""
