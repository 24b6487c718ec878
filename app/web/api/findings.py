"""What rules found, with the evidence."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from app.store import listing
from app.store.listing import Sight
from app.web.api.paging import Id, Page, Sliced, page
from app.web.door import AtOrg, AtRoom, Seeing, open_to
from coaching_rules.vocabulary import PRIVATE

routes = APIRouter(tags=["findings"])

State = Annotated[Literal["open", "cleared"] | None, Query(description="Only those in this state.")]
RuleId = Annotated[
    str | None,
    Query(description="Only those of this rule.", pattern=r"^[a-z][a-z0-9_]{0,99}$", examples=["deal_untouched"]),
]
Value = bool | int | float | str | None


class Evidence(BaseModel):
    """One comparison of a rule that held."""

    word: str = Field(examples=["days_since_two_way"])
    value: Value = Field(examples=[20])
    op: str = Field(default="", description="How it was compared; empty for a part of a sum.", examples=[">="])
    threshold: Value = Field(default=None, examples=[14])
    threshold_source: str = Field(default="", description="Where the threshold comes from.")


class Finding(BaseModel):
    """A rule that holds, or held, for a deal, a rep or a manager."""

    id: int
    rule_id: str = Field(examples=["deal_untouched"])
    rule_version: str
    title: str | None = Field(description="What the rule says in short.")
    kind: str = Field(description="`coaching`, or `hygiene`: something to put right in the CRM.")
    grain: str = Field(description="What it is about: `deal`, `rep` or `manager`.")
    subject_id: str = Field(description="Id of that in the CRM.")
    name: str | None
    rep_id: str | None
    episode: int = Field(description="1 when first found, one more each time it came back.")
    severity: int = Field(description="1 worth a look, 2 soon, 3 act now.")
    state: str
    evidence: list[Evidence]
    opened_at: datetime
    seen_at: datetime = Field(description="When its evidence last changed.")
    cleared_at: datetime | None


@routes.get(
    "/connections/{connection}/findings",
    operation_id="listFindings",
    summary="Findings",
    **open_to("ops", "manager", "rep"),
)
def list_findings(
    room: AtRoom, org: AtOrg, sight: Seeing, part: Sliced, state: State = None, rule: RuleId = None
) -> Page[Finding]:
    """What rules found, the newest first: of a manager's people, of a rep, and for ops what is about deals."""
    with room.store.read() as transaction:
        read = partial(listing.findings_of, transaction, org.id, sight, state=state, rule_id=rule)
        return page(read, part, partial(_shown, sight))


@routes.get(
    "/connections/{connection}/findings/{finding_id}",
    operation_id="getFinding",
    summary="A finding",
    **open_to("ops", "manager", "rep"),
)
def get_finding(room: AtRoom, org: AtOrg, sight: Seeing, finding_id: Id) -> Finding:
    """One finding."""
    with room.store.read() as transaction:
        found = listing.finding(transaction, org.id, sight, finding_id)
    if found is None:
        raise HTTPException(404, "There is no such finding.")
    return _shown(sight, found)


def _shown(sight: Sight, row: Mapping[str, Any]) -> Finding:
    """What is about the rep's work is for the rep and the manager."""
    personal = sight.manager_id or sight.rep_id
    evidence = [one for one in row["evidence"] if personal or one["word"] not in PRIVATE]
    return Finding.model_validate({**row, "evidence": evidence})
