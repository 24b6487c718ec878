"""What is already taken of each manager's week: by items that wait in the CRM and by sessions held in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from app.calendar import Calendar
from app.config import ManagerCoaching
from app.stages.plan.draft import Week
from app.store.plans import Item


def week_of(
    coaching: ManagerCoaching,
    calendar: Calendar,
    own: Sequence[Item],
    open_by_rep: Mapping[str, int],
    as_of: datetime,
) -> Week:
    """The week of a manager with these items of their `own`.

    An open item takes its minutes in every week until it is answered or put off beyond it. Prompts are those of this
    week, whatever became of them, and those carried into it.
    """
    monday = calendar.week(as_of)
    waiting = [item for item in own if item.state == "open" and not _put_off(item, monday)]
    held = [item for item in own if item.state == "done" and item.closed_at and calendar.week(item.closed_at) == monday]
    asked = [item for item in own if item.week == monday]
    carried = [item for item in waiting if item.week != monday]
    return Week(
        minutes=calendar.minutes(monday, coaching.minutes_a_month or 0),
        used=sum(item.minutes for item in (*waiting, *held)),
        early_used=sum(item.minutes for item in (*waiting, *held) if item.early),
        prompts=len(asked) + len(carried),
        led=Counter(item.reasons[0]["rule"] for item in asked),
        open_by_rep=open_by_rep,
    )


def _put_off(item: Item, monday: date) -> bool:
    return item.snoozed_until is not None and item.snoozed_until >= monday + timedelta(days=7)
