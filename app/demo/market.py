"""What customers and deals do by themselves: they talk, meet, move on, slip, shrink, are won and are lost."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from connectors.sandbox import control
from connectors.sandbox.org import Org

Row = dict[str, Any]

OPEN_DEALS = """
    SELECT o.* FROM Opportunity o JOIN User u ON u.Id = o.OwnerId
    WHERE o.IsClosed = 0 AND o.IsDeleted = 0 AND u.IsActive = 1 ORDER BY o.Id
"""
STRANGERS = """
    SELECT Id FROM Contact WHERE AccountId = ? AND IsDeleted = 0
    AND Id NOT IN (SELECT ContactId FROM OpportunityContactRole WHERE OpportunityId = ?) ORDER BY Id LIMIT 1
"""
WEIGHTS = {
    "nothing": 80.0,
    "called": 8.0,
    "answered": 3.0,
    "booked a meeting": 3.0,
    "moved on": 3.0,
    "lost": 0.7,
    "pushed": 1.2,
    "cut": 0.4,
    "met somebody new": 0.7,
}
"""How likely each thing is to happen to one open deal on one working day, in percent."""


class Market:
    """The deals of one org and chance."""

    def __init__(self, org: Org, rng: Random) -> None:
        self._org, self._rng = org, rng
        self._deeds: dict[str, Callable[[Row], None]] = {
            "called": self._call,
            "answered": self._answer,
            "booked a meeting": self._book,
            "moved on": self._move_on,
            "lost": lambda deal: self._enter(deal, "Closed Lost"),
            "pushed": self._push,
            "cut": self._cut,
            "met somebody new": self._introduce,
        }

    def open_deals(self) -> list[Row]:
        """The deals somebody works on."""
        return self._org.rows(OPEN_DEALS)

    def live(self, deals: Sequence[Row]) -> Counter[str]:
        """Let an hour pass over these deals; returns what happened how often."""
        chosen = self._rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=len(deals))
        happened = [(deal, deed) for deal, deed in zip(deals, chosen, strict=True) if deed in self._deeds]
        for deal, deed in happened:
            self._deeds[deed](deal)
        return Counter(deed for _, deed in happened)

    def respond(self, deal_id: str) -> None:
        """After a conversation the owner mostly goes back to the customer."""
        deal = self._org.record("Opportunity", deal_id)
        if deal["IsClosed"] or deal["IsDeleted"] or self._rng.random() > 0.7:
            return
        self._rng.choice((self._book, self._call, self._introduce))(deal)

    def _today(self) -> date:
        return self._org.now().date()

    def _call(self, deal: Row) -> None:
        told: Row = {"CallType": "Outbound", "CallDisposition": "Connected", "CallDurationInSeconds": 600}
        self._log(deal, "Call", "Call about the next step", told)

    def _answer(self, deal: Row) -> None:
        self._log(deal, "Email", "Re: About the next step", {})

    def _log(self, deal: Row, kind: str, subject: str, more: Row) -> None:
        fields = {"Subject": subject, "Status": "Completed", "ActivityDate": self._today().isoformat()}
        fields |= {"TaskSubtype": kind, "Type": kind, "OwnerId": deal["OwnerId"]}
        self._create(deal, "Task", fields | self._with(deal) | more)

    def _book(self, deal: Row) -> None:
        starts = self._org.now() + timedelta(days=2 + self._rng.randrange(8))
        fields: Row = {"Subject": "Meeting about the next step", "StartDateTime": starts.isoformat(), "Type": "Meeting"}
        fields |= {"DurationInMinutes": 45, "OwnerId": deal["OwnerId"]}
        self._create(deal, "Event", fields | self._with(deal))

    def _with(self, deal: Row) -> Row:
        role = self._org.row(
            "SELECT ContactId FROM OpportunityContactRole WHERE OpportunityId = ? ORDER BY Id", (deal["Id"],)
        )
        return {"WhatId": deal["Id"], "WhoId": role.get("ContactId")}

    def _introduce(self, deal: Row) -> None:
        if stranger := self._org.row(STRANGERS, (deal["AccountId"], deal["Id"])):
            fields = {"OpportunityId": deal["Id"], "ContactId": stranger["Id"], "Role": "Influencer"}
            self._create(deal, "OpportunityContactRole", fields)

    def _move_on(self, deal: Row) -> None:
        ahead = self._org.row(
            "SELECT ApiName FROM OpportunityStage WHERE IsActive = 1 AND IsClosed = 0 AND SortOrder > "
            "(SELECT SortOrder FROM OpportunityStage WHERE ApiName = ?) ORDER BY SortOrder",
            (deal["StageName"],),
        )
        self._enter(deal, ahead.get("ApiName", "Closed Won"))

    def _enter(self, deal: Row, stage: str) -> None:
        closing = {"CloseDate": self._today().isoformat()} if stage.startswith("Closed") else {}
        self._edit(deal, {"StageName": stage, **closing})

    def _push(self, deal: Row) -> None:
        later = date.fromisoformat(deal["CloseDate"]) + timedelta(days=30)
        self._edit(deal, {"CloseDate": later.isoformat()})

    def _cut(self, deal: Row) -> None:
        if deal["Amount"]:
            self._edit(deal, {"Amount": round(deal["Amount"] * 0.7)})

    def _create(self, deal: Row, name: str, fields: Row) -> None:
        control.create(self._org, user=deal["OwnerId"], object_name=name, fields=fields)

    def _edit(self, deal: Row, fields: Row) -> None:
        control.edit(self._org, user=deal["OwnerId"], object_name="Opportunity", key=deal["Id"], fields=fields)
