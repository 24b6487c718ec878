"""The words a rule may use. One grain, one table of `Facts`; the columns of that table are exactly these words.

A word is NULL when the org gives us nothing to say it from; a condition that turns NULL never fires.
"""

# ruff: noqa: E501 -- a word and its meaning stay on one line, so that the tables read as tables
from dataclasses import dataclass
from typing import Literal

Grain = Literal["deal", "rep"]
Type = Literal["boolean", "integer", "number", "text", "date"]
Unit = Literal["", "days", "money", "share", "count"]


@dataclass(frozen=True, slots=True)
class Word:
    """`meaning` says what it is, and when it is NULL."""

    name: str
    type: Type
    unit: Unit
    meaning: str


DEAL: tuple[Word, ...] = (
    # who and what (for sentences as much as for conditions)
    Word("deal_id", "text", "", "Id of the deal in the CRM."),
    Word("deal_name", "text", "", "Name of the deal."),
    Word("owner_id", "text", "", "Id of the rep who owns the deal; NULL when nobody we can see does."),
    Word("owner_name", "text", "", "Name of the rep who owns the deal."),
    Word("owner_active", "boolean", "", "The owner can still sign in to the CRM."),
    Word("owner_role", "text", "", "Role of the owner; NULL when the org has none."),
    Word("manager_id", "text", "", "Id of the manager who coaches the owner; NULL at the top of the hierarchy."),
    Word("account_name", "text", "", "Name of the customer; NULL when the deal has no account."),
    Word("segment", "text", "", "Segment of the customer; NULL without account or segment."),
    Word("deal_type", "text", "", "Type of the deal (new, existing business …); NULL when not filled in."),
    Word("currency", "text", "", "Currency of the amount; NULL in an org with one currency."),
    # where it stands
    Word("is_open", "boolean", "", "The deal is neither won nor lost."),
    Word("stage", "text", "", "Name of the stage."),
    Word("stage_position", "integer", "count", "1 for the first open stage; NULL for a stage that is closed or unknown."),
    Word("stage_share", "number", "share", "Position among the open stages, above 0 up to 1; NULL with the position."),
    Word("is_early", "boolean", "", "In the first 40 % of the open stages; NULL with the position."),
    Word("forecast_category", "text", "", "Forecast category as the CRM names it; NULL when it has none."),
    Word("is_commit", "boolean", "", "Forecast as commit; NULL when the CRM has no category."),
    Word("amount", "number", "money", "Amount; NULL when not filled in."),
    Word("segment_median_amount", "number", "money", "Median amount of the segment's deals of the last 12 months (of all deals when the segment has fewer than 10); NULL when there are none."),
    Word("segment_p75_amount", "number", "money", "75th percentile, the same way."),
    Word("age_days", "integer", "days", "Days since the deal was created."),
    Word("days_in_stage", "integer", "days", "Days since it entered its stage; NULL when the CRM kept no history of it."),
    Word("stages_moved_back", "integer", "count", "How often it moved to an earlier open stage; NULL without history."),
    Word("days_since_moved_back", "integer", "days", "Days since the last such move; NULL when there was none."),
    Word("stages_skipped", "integer", "count", "How often it jumped over an open stage on its way up; NULL without history."),
    Word("days_since_skipped", "integer", "days", "Days since the last such jump; NULL when there was none."),
    # dates and money that move
    Word("close_date", "date", "", "Expected close date; NULL when not filled in."),
    Word("days_to_close", "integer", "days", "Days until the close date, negative when past; NULL without one."),
    Word("overdue_days", "integer", "days", "Days past the close date, 0 when not past; NULL without one."),
    Word("close_date_pushes", "integer", "count", "How often the close date moved to a later month; NULL without history."),
    Word("days_since_push", "integer", "days", "Days since the last such push; NULL when there was none."),
    Word("amount_change_share", "number", "share", "Last change of the amount relative to before (-0.25: cut by a quarter); NULL when it never changed."),
    Word("amount_before", "number", "money", "Amount before that change; NULL when it never changed."),
    Word("days_since_amount_change", "integer", "days", "Days since that change; NULL when it never changed."),
    # contact with the customer; what we wrote ourselves never counts
    Word("days_since_any", "integer", "days", "Days since the last activity done; NULL when none is known."),
    Word("days_since_two_way", "integer", "days", "Days since the customer last took part (meeting held, call connected, reply); NULL when never known to."),
    Word("days_since_decision_maker", "integer", "days", "Days since a decision maker last took part; NULL when never known to."),
    Word("activities_30d", "integer", "count", "Activities done in the last 30 days."),
    Word("meetings_held", "integer", "count", "Meetings with the customer that have taken place."),
    Word("meetings_booked", "integer", "count", "Meetings with the customer still to come."),
    Word("has_future_meeting", "boolean", "", "At least one meeting is booked."),
    Word("contacts", "integer", "count", "People at the customer with a role in the deal or who took part in an activity."),
    Word("decision_makers", "integer", "count", "Those of them whose role decides; NULL when no contact of the deal has a role."),
    Word("next_step", "text", "", "What the rep wrote as next step; NULL when empty."),
    Word("next_step_age_days", "integer", "days", "Days since the next step was last changed; NULL when unknown."),
    # who works it, and how far we can see
    Word("owner_tenure_days", "integer", "days", "Days since the owner's user was created; NULL when unknown."),
    Word("owner_new_to_segment", "boolean", "", "The owner has no earlier deal in this segment; NULL without segment."),
    Word("capture_coverage", "number", "share", "Share of the owner's open deals older than 14 days with an activity in the last 60 days; NULL when the owner has fewer than 3 of them. Low: silence is a data question."),
    # what the org's won deals look like, shrunk towards the pack's default while they are few
    Word("won_median_days_in_stage", "number", "days", "Median days won deals of the segment spent in this stage, shrunk towards the default."),
    Word("won_median_days_in_stage_n", "integer", "count", "Won deals behind it: of the segment, or of the whole org where the segment has none."),
    Word("won_median_days_in_stage_raw", "number", "days", "What those won deals alone suggest; NULL when there are none."),
    Word("won_median_touch_gap_days", "number", "days", "Median days between activities on won deals in this stage, shrunk towards the default."),
    Word("won_median_touch_gap_days_n", "integer", "count", "Won deals behind it: of the segment, or of the whole org where the segment has none."),
    # coaching
    Word("coachings", "integer", "count", "Coaching conversations on this deal that people marked done."),
    Word("days_since_coached", "integer", "days", "Days since the last of them; NULL when there was none."),
    Word("open_coaching_items", "integer", "count", "Coaching items on this deal that are waiting in the CRM."),
)  # fmt: skip

REP: tuple[Word, ...] = (
    Word("rep_id", "text", "", "Id of the rep in the CRM."),
    Word("rep_name", "text", "", "Name of the rep."),
    Word("rep_active", "boolean", "", "The rep can still sign in to the CRM."),
    Word("rep_role", "text", "", "Role of the rep; NULL when the org has none."),
    Word("manager_id", "text", "", "Id of the manager who coaches the rep; NULL at the top of the hierarchy."),
    Word("tenure_days", "integer", "days", "Days since the rep's user was created; NULL when unknown."),
    Word("open_deals", "integer", "count", "Open deals the rep owns."),
    Word("early_deals", "integer", "count", "Those of them that are early-stage."),
    Word("new_deals_28d", "integer", "count", "Deals created in the last 28 days."),
    Word("activities_7d", "integer", "count", "Activities done in the last 7 days; NULL when the CRM shows none of the rep's at all."),
    Word("meetings_held_7d", "integer", "count", "Meetings with customers in the last 7 days; NULL when the CRM shows none of the rep's at all."),
    Word("meetings_held_28d", "integer", "count", "The same in the last 28 days."),
    Word("capture_coverage", "number", "share", "Share of the rep's open deals older than 14 days with an activity in the last 60 days; NULL when fewer than 3."),
    Word("coachings_28d", "integer", "count", "Coaching conversations marked done in the last 28 days."),
    Word("days_since_coached", "integer", "days", "Days since the last of them; NULL when there was none."),
    Word("open_coaching_items", "integer", "count", "Coaching items about this rep or the rep's deals that are waiting in the CRM."),
)  # fmt: skip

WORDS: dict[Grain, dict[str, Word]] = {
    "deal": {w.name: w for w in DEAL},
    "rep": {w.name: w for w in REP},
}
SUBJECT: dict[Grain, str] = {"deal": "deal_id", "rep": "rep_id"}
"""The word that names the subject of a finding, by grain."""
