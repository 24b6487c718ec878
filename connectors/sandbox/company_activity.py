"""What reps do with a customer while a deal lives: calls, e-mails, to-dos and meetings, as far as they log them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from connectors.sandbox.company_deals import Tables
from connectors.sandbox.company_people import Rep, Row
from connectors.sandbox.company_story import LOST, MINUTES, MORNING, WON, Story
from connectors.sandbox.ids import numbered

GAPS: dict[int | None, float] = {WON: 5.0, LOST: 7.5, None: 4.5}
"""Working days between two contacts, on average, by outcome."""
ENGAGED: dict[int | None, float] = {WON: 0.75, LOST: 0.5, None: 0.7}
"""Share of contacts in which the customer takes part."""
CALLS = ("goals", "open questions", "the offer", "timing", "the rollout plan")
MEETINGS = ("Discovery", "Demo", "Offer review", "Workshop", "Planning")
MISSED = ("No answer", "Left voicemail", "Busy")
LENGTHS = (30, 45, 60)
ARCHIVED_AFTER = timedelta(days=365)


class Diary:
    """Adds the activities of one deal after the other to the tables."""

    def __init__(self, rng: Random, today: date) -> None:
        self._rng = rng
        self._today = today
        self._archived = today - ARCHIVED_AFTER
        self._next_task: Callable[[], str] = numbered("00T")
        self._next_event: Callable[[], str] = numbered("00U")

    def write(self, tables: Tables, story: Story, deal_id: str, contacts: tuple[str, ...]) -> None:
        """Everything from the day after the deal was opened to its end, and for an open deal what is planned."""
        rng, gap, engaged = self._rng, GAPS[story.outcome], ENGAGED[story.outcome]
        tasks, events = tables["Task"], tables["Event"]
        end = story.last + (story.outcome is None)
        day = story.steps[0].day + 1 + int(rng.random() * 3)
        while day < end:
            owner = story.owner_on(day)
            if not story.silent[0] <= day < story.silent[1] and (owner.logs == 1.0 or rng.random() < owner.logs):
                who = self._who(contacts)
                if rng.random() >= engaged:
                    tasks.append(self._effort(story, deal_id, who, owner, day, end))
                elif rng.random() < 0.4:
                    events += self._meeting(story, deal_id, who, owner, day)
                else:
                    tasks.append(self._conversation(story, deal_id, who, owner, day))
            day += 1 + int(rng.expovariate(1 / gap))
        if story.outcome is None and story.owner.active and story.owner.logs == 1.0 and story.silent[0] > story.last:
            events += self._booked(story, deal_id, contacts)

    def _who(self, contacts: tuple[str, ...]) -> str | None:
        chance = self._rng.random()
        return contacts[int(chance * len(contacts))] if contacts and chance < 0.95 else None

    def _effort(self, story: Story, deal_id: str, who: str | None, owner: Rep, day: int, end: int) -> Row:
        """The rep's side only: an e-mail out, a call nobody took, a to-do."""
        rng, at = self._rng, story.calendar.opens[day] + MINUTES[int(self._rng.random() * 480)]
        chance, about = rng.random(), CALLS[int(rng.random() * len(CALLS))]
        if chance < 0.5:
            return self._task(story, deal_id, who, owner, at, "Email", f"Email: About {about}")
        if chance < 0.85:
            row = self._task(story, deal_id, who, owner, at, "Call", f"Call about {about}")
            row["CallType"], row["CallDurationInSeconds"] = "Outbound", int(rng.random() * 40)
            row["CallDisposition"] = MISSED[int(rng.random() * len(MISSED))]
            return row
        return self._to_do(self._task(story, deal_id, who, owner, at, "Task", f"Prepare {about}"), story, day, end)

    def _to_do(self, row: Row, story: Story, day: int, end: int) -> Row:
        due = day + int(self._rng.random() * 6)
        row["ActivityDate"] = story.calendar.days[due]
        row["IsArchived"] = story.calendar.days[due] <= self._archived
        if due < end and (story.outcome is not None or self._rng.random() < 0.8):
            closed = story.calendar.opens[due] + MINUTES[479]
            row["CompletedDateTime"] = row["LastModifiedDate"] = row["SystemModstamp"] = closed
        else:
            row["Status"], row["IsClosed"], row["IsArchived"], row["CompletedDateTime"] = (
                "Not Started",
                False,
                False,
                None,
            )
        return row

    def _conversation(self, story: Story, deal_id: str, who: str | None, owner: Rep, day: int) -> Row:
        """A call that was taken, or an answer by e-mail, now and then on a Saturday."""
        rng, about = self._rng, CALLS[int(self._rng.random() * len(CALLS))]
        at = story.calendar.opens[day] + MINUTES[int(rng.random() * 480)]
        if rng.random() < 0.5:
            row = self._task(story, deal_id, who, owner, at, "Call", f"Call about {about}")
            row["CallType"] = "Outbound" if rng.random() < 0.75 else "Inbound"
            row["CallDurationInSeconds"] = 150 + int(rng.random() * 1_800)
            row["CallDisposition"] = "Connected"
            return row
        if at.weekday() == 4 and day < story.last and rng.random() < 0.08:
            at += timedelta(days=1)
        return self._task(story, deal_id, who, owner, at, "Email", f"Re: About {about}")

    def _task(
        self, story: Story, deal_id: str, who: str | None, owner: Rep, at: datetime, kind: str, subject: str
    ) -> Row:
        day = at.date()
        return {
            "Id": self._next_task(),
            "Subject": subject,
            "Status": "Completed",
            "Priority": "Normal",
            "ActivityDate": day,
            "OwnerId": owner.id,
            "WhatId": deal_id,
            "WhoId": who,
            "AccountId": story.customer.id,
            "TaskSubtype": kind,
            "Type": "Other" if kind == "Task" else kind,
            "CallType": None,
            "CallDurationInSeconds": None,
            "CallDisposition": None,
            "IsClosed": True,
            "CompletedDateTime": at,
            "IsArchived": day <= self._archived,
            "CreatedDate": at,
            "CreatedById": owner.id,
            "LastModifiedDate": at,
            "LastModifiedById": owner.id,
            "SystemModstamp": at,
        }

    def _booked(self, story: Story, deal_id: str, contacts: tuple[str, ...]) -> list[Row]:
        if self._rng.random() > 0.5:
            return []
        ahead = story.last + 1 + int(self._rng.random() ** 2 * 20)
        return self._meeting(story, deal_id, self._who(contacts), story.owner, ahead)

    def _meeting(self, story: Story, deal_id: str, who: str | None, owner: Rep, day: int) -> list[Row]:
        """A meeting and, in one of five, the copy in the manager's diary."""
        rng, calendar = self._rng, story.calendar
        made_on = max(story.steps[0].day, min(day, story.last + 1) - 1 - int(rng.random() * 6))
        topic = MEETINGS[int(rng.random() * len(MEETINGS))]
        row = self._event(story, deal_id, who, owner.id, f"{topic} with {story.customer.name}")
        if rng.random() < 0.03:
            row |= _all_day(calendar.days[day])
        else:
            starts, minutes = calendar.opens[day] + MINUTES[int(rng.random() * 14) * 30], LENGTHS[int(rng.random() * 3)]
            row |= {
                "StartDateTime": starts,
                "EndDateTime": starts + MINUTES[minutes],
                "ActivityDateTime": starts,
                "ActivityDate": starts.date(),
                "DurationInMinutes": minutes,
            }
        row |= self._stamped(story, made_on) | {"IsArchived": calendar.days[day] <= self._archived}
        if owner.manager_id is None or rng.random() > 0.2:
            return [row]
        row["IsGroupEvent"] = True
        return [row, row | {"Id": self._next_event(), "OwnerId": owner.manager_id, "IsChild": True}]

    def _event(self, story: Story, deal_id: str, who: str | None, owner_id: str, subject: str) -> Row:
        return {
            "Id": self._next_event(),
            "Subject": subject,
            "StartDateTime": None,
            "EndDateTime": None,
            "ActivityDateTime": None,
            "ActivityDate": None,
            "DurationInMinutes": None,
            "IsAllDayEvent": False,
            "OwnerId": owner_id,
            "WhatId": deal_id,
            "WhoId": who,
            "AccountId": story.customer.id,
            "Type": "Meeting",
            "EventSubtype": "Event",
            "ShowAs": "Busy",
            "IsChild": False,
            "IsGroupEvent": False,
            "IsArchived": False,
        }

    def _stamped(self, story: Story, day: int) -> Row:
        by, rng = story.owner_on(day).id, self._rng
        made = story.calendar.opens[day] + MINUTES[MORNING + int(rng.random() * (480 - MORNING))]
        stamps = {"CreatedDate": made, "LastModifiedDate": made, "SystemModstamp": made}
        return stamps | {"CreatedById": by, "LastModifiedById": by}


def _all_day(day: date) -> Row:
    midnight = datetime.combine(day, time(), UTC)
    return {
        "StartDateTime": midnight,
        "EndDateTime": midnight,
        "ActivityDateTime": midnight,
        "ActivityDate": day,
        "DurationInMinutes": 1_440,
        "IsAllDayEvent": True,
    }
