"""What the demo came to, counted in the org and in the ledger and nowhere else."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.demo.people import People
from app.demo.world import World
from app.run import Report
from app.store import plans
from connectors.sandbox.org import Org

OURS = "Coaching_Key__c IS NOT NULL"
SAME_KEY = f"""
    SELECT coalesce(sum(n - 1), 0) AS n FROM (
        SELECT count(*) AS n FROM Task WHERE {OURS} AND IsDeleted = 0 GROUP BY Coaching_Key__c
    )
"""
SAME_WORDS_AT_ONE_TIME = f"""
    SELECT count(DISTINCT b.Id) AS n FROM Task a
    JOIN Task b ON a.OwnerId = b.OwnerId AND a.WhatId IS b.WhatId AND a.Subject = b.Subject AND a.Id < b.Id
    WHERE a.{OURS} AND b.{OURS} AND a.IsDeleted = 0 AND b.IsDeleted = 0
    AND a.Coaching_Key__c <> b.Coaching_Key__c
    AND (a.CompletedDateTime IS NULL OR a.CompletedDateTime > b.CreatedDate)
"""
OUR_NOTES = """
    FROM ContentDocument d JOIN ContentDocumentLink l ON l.ContentDocumentId = d.Id
    WHERE d.Title LIKE 'Coaching:%' AND d.CreatedById = ? AND substr(l.LinkedEntityId, 1, 3) = '006'
"""
NOTES_TOO_MANY = f"""
    SELECT coalesce(sum(n - 1), 0) AS n FROM (
        SELECT count(DISTINCT d.Id) AS n {OUR_NOTES} AND d.IsDeleted = 0 GROUP BY l.LinkedEntityId
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The demo in numbers.

    `tasks_created` and `notes_written` are what the CRM confirmed to us, `tasks_in_org` and `notes_in_org` what it
    holds, the recycle bin included; `prep_tasks_created` are those of the tasks that are preparation. `left_out` is
    what did not fit on the last morning, `outcomes` what became of tasks, managers' and reps'.
    """

    days: int
    deals: int
    activities: int
    findings_opened: int
    findings_cleared: int
    plan_items: int
    left_out: int
    tasks_created: int
    prep_tasks_created: int
    tasks_in_org: int
    notes_written: int
    notes_in_org: int
    outcomes: dict[str, int]
    duplicates: int
    edits: int
    edits_lost: int
    refused: int
    api_calls: int


def tally(world: World, people: People, mornings: Sequence[Report], evenings: Sequence[Report]) -> Tally:
    """Count it all."""
    org, pushed = world.org, [report.pushed for report in (*mornings, *evenings) if report.pushed]
    planned = [report.planned for report in mornings if report.planned]
    judged = [report.judged for report in mornings if report.judged]
    with world.store.read() as transaction:
        items = plans.items(transaction, world.connection_id)
        outcomes = Counter(answer.kind for answer in plans.answers(transaction, world.connection_id))
    return Tally(
        days=len(mornings),
        deals=org.count("Opportunity", "IsDeleted = 0"),
        activities=org.count("Task", f"NOT ({OURS}) AND IsDeleted = 0") + org.count("Event", "IsDeleted = 0"),
        findings_opened=sum(one.opened for one in judged),
        findings_cleared=sum(one.cleared for one in judged),
        plan_items=len(items),
        left_out=len(planned[-1].left_out) if planned else 0,
        tasks_created=sum(one.tasks_created for one in pushed),
        prep_tasks_created=org.count("Task", "Coaching_Key__c LIKE 'coach:prep:%'"),
        tasks_in_org=org.count("Task", OURS),
        notes_written=sum(one.notes_created for one in pushed),
        notes_in_org=_number(org, f"SELECT count(DISTINCT d.Id) AS n {OUR_NOTES}", org.user_id),
        outcomes=dict(sorted(outcomes.items())),
        duplicates=duplicates(org),
        edits=people.edits(),
        edits_lost=people.edits_lost(),
        refused=sum(one.refused for one in pushed),
        api_calls=sum(report.api_calls for report in (*mornings, *evenings)),
    )


def duplicates(org: Org) -> int:
    """Tasks and notes of ours that say again what another one says.

    A task is one too many when it has the key of another, or owner, deal and subject of one that was still open when
    it was written; a note when its deal has one already. What people deleted does not count.
    """
    tasks = _number(org, SAME_KEY) + _number(org, SAME_WORDS_AT_ONE_TIME)
    return tasks + _number(org, NOTES_TOO_MANY, org.user_id)


def _number(org: Org, sql: str, *params: object) -> int:
    return int(org.row(sql, params)["n"])
