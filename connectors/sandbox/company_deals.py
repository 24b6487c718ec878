"""A deal's story as Salesforce keeps it: the opportunity, its history, its tracked fields, its contacts' roles."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from connectors.sandbox.company_people import ACCOUNTS, Row
from connectors.sandbox.company_story import FORECAST_NAMES, STAGES, VALUE, WON, Step, Story
from connectors.sandbox.ids import numbered

Tables = dict[str, list[Row]]

PRODUCTS = ("Rollout", "Pilot", "Platform", "Support Plan", "Upgrade", "Renewal")
NEXT_STEPS = (
    "Agree the goals for the first quarter", "Send the revised offer", "Meet the finance lead",
    "Walk through the security list", "Book a demo for the wider team", "Collect last year's numbers",
    "Draft the plan with the buyer", "Confirm who decides",
)  # fmt: skip
PEOPLE = (
    "Decision Maker", "Economic Buyer", "Evaluator", "Influencer", "Business User", "Evaluator", "Influencer", None,
)  # fmt: skip


def deal_writer(rng: Random) -> Callable[[Tables, Story], tuple[str, tuple[str, ...]]]:
    """A function that adds a story's rows to the tables and returns the deal's id and the ids of its contacts."""
    next_deal, next_history = numbered("006"), numbered("008")
    next_change, next_role = numbered("017"), numbered("00K")

    def write(tables: Tables, story: Story) -> tuple[str, tuple[str, ...]]:
        deal_id = next_deal()
        tables["OpportunityHistory"] += _history(story, deal_id, next_history)
        words, changes = _tracked(rng, story, deal_id, next_change)
        tables["OpportunityFieldHistory"] += changes
        contacts = _contacts(rng, story)
        tables["OpportunityContactRole"] += _roles(rng, story, deal_id, contacts, next_role)
        tables["Opportunity"].append(_opportunity(rng, story, deal_id, words, changes))
        return deal_id, contacts

    return write


def _opportunity(rng: Random, story: Story, deal_id: str, next_step: str | None, changes: list[Row]) -> Row:
    opened, now = story.steps[0], story.steps[-1]
    stage = STAGES[now.stage]
    changed = max([now.at, *(row["CreatedDate"] for row in changes if isinstance(row["CreatedDate"], datetime))])
    editor = story.owner_on(now.day).id
    existing = story.owner.role == ACCOUNTS or rng.random() < 0.2
    return {
        "Id": deal_id,
        "Name": f"{story.customer.name} {PRODUCTS[int(rng.random() * len(PRODUCTS))]}",
        "AccountId": story.customer.id,
        "OwnerId": story.owner.id,
        "StageName": stage.name,
        "Amount": now.amount,
        "CloseDate": now.close,
        "Probability": stage.probability,
        "ExpectedRevenue": _expected(now),
        "ForecastCategory": stage.category,
        "ForecastCategoryName": FORECAST_NAMES.get(stage.category, stage.category),
        "IsClosed": story.outcome is not None,
        "IsWon": story.outcome == WON,
        "Type": None if rng.random() < 0.07 else "Existing Customer - Upgrade" if existing else "New Customer",
        "NextStep": next_step,
        "PushCount": sum(later.close > step.close for step, later in zip(story.steps, story.steps[1:])),
        "LastStageChangeDate": _stage_changed(story),
        "CreatedDate": opened.at,
        "CreatedById": story.owner_on(opened.day).id,
        "LastModifiedDate": changed,
        "LastModifiedById": editor,
        "SystemModstamp": changed,
    }


def _expected(step: Step) -> float | None:
    return None if step.amount is None else step.amount * STAGES[step.stage].probability / 100


def _stage_changed(story: Story) -> datetime | None:
    pairs = zip(reversed(story.steps), reversed(story.steps[:-1]))
    return next((later.at for later, earlier in pairs if later.stage != earlier.stage), None)


def _history(story: Story, deal_id: str, next_id: Callable[[], str]) -> list[Row]:
    before: Step | None = None
    rows: list[Row] = []
    for step in story.steps:
        stage = STAGES[step.stage]
        rows.append(
            {
                "Id": next_id(),
                "OpportunityId": deal_id,
                "StageName": stage.name,
                "Amount": step.amount,
                "CloseDate": step.close,
                "Probability": stage.probability,
                "ExpectedRevenue": _expected(step),
                "ForecastCategory": stage.category,
                "PrevAmount": before and before.amount,
                "PrevCloseDate": before and before.close,
                "CreatedDate": step.at,
                "CreatedById": story.owner_on(step.day).id,
                "SystemModstamp": step.at,
            }
        )
        before = step
    return rows


def _tracked(rng: Random, story: Story, deal_id: str, next_id: Callable[[], str]) -> tuple[str | None, list[Row]]:
    """The next step as it stands, and the rows for changes of it and of the owner."""
    rows: list[Row] = []
    words = None if rng.random() < 0.4 else NEXT_STEPS[int(rng.random() * len(NEXT_STEPS))]
    for step in story.steps[1:]:
        if rng.random() < 0.35:
            old, words = words, NEXT_STEPS[int(rng.random() * len(NEXT_STEPS))]
            if old != words:
                rows.append(_change(next_id(), deal_id, "NextStep", (old, words), step.at, story.owner_on(step.day).id))
    if story.steps[0].day < story.handed <= story.last:
        before, after, at = story.opener, story.owner, story.calendar.opens[story.handed]
        # Salesforce writes a changed owner twice, by name and by id
        rows.append(_change(next_id(), deal_id, "Owner", (before.name, after.name), at, before.id))
        rows.append(_change(next_id(), deal_id, "Owner", (before.id, after.id), at, before.id, "EntityId"))
    return words, rows


def _change(
    row_id: str,
    deal_id: str,
    field: str,
    values: tuple[str | None, str | None],
    at: datetime,
    by: str,
    kind: str = "Text",
) -> Row:
    return {
        "Id": row_id,
        "OpportunityId": deal_id,
        "Field": field,
        "DataType": kind,
        "OldValue": values[0],
        "NewValue": values[1],
        "CreatedDate": at,
        "CreatedById": by,
    }


def _contacts(rng: Random, story: Story) -> tuple[str, ...]:
    """Who at the customer is on the deal: nobody yet, one, or more; won deals rarely hang on one person."""
    known = story.customer.contacts
    chance = rng.random()
    if story.outcome == WON:
        return known[: 1 if chance < 0.12 else 2 if chance < 0.6 else 3]
    young = STAGES[story.steps[-1].stage].order < STAGES[VALUE].order
    return known[: 0 if chance < (0.2 if young else 0.05) else 1 if chance < 0.45 else 2 if chance < 0.8 else 3]


def _roles(rng: Random, story: Story, deal_id: str, contacts: tuple[str, ...], next_id: Callable[[], str]) -> list[Row]:
    rows: list[Row] = []
    for place, contact in enumerate(contacts):
        step = story.steps[min(place, len(story.steps) - 1)]
        at, by = step.at + timedelta(minutes=place), story.owner_on(step.day).id
        rows.append(
            {
                "Id": next_id(),
                "OpportunityId": deal_id,
                "ContactId": contact,
                "Role": PEOPLE[int(rng.random() * len(PEOPLE))],
                "IsPrimary": place == 0,
                "CreatedDate": at,
                "CreatedById": by,
                "LastModifiedDate": at,
                "LastModifiedById": by,
                "SystemModstamp": at,
            }
        )
    return rows
