"""The words a rule may use. One grain, one table of `Facts`; the columns of that table are exactly these words.

A word is NULL when the org gives us nothing to say it from; a condition that turns NULL never fires.
"""

# ruff: noqa: E501 -- a word and its meaning stay on one line, so that the tables read as tables
from dataclasses import dataclass
from datetime import date
from typing import Literal

Grain = Literal["deal", "rep", "manager"]
Vocabulary = Literal["deal", "rep", "manager", "counted"]
Type = Literal["boolean", "integer", "number", "text", "date"]
Unit = Literal["", "days", "money", "share", "count"]

EARLIEST, LATEST = date(1970, 1, 1), date(2199, 12, 31)
"""Days that somebody may mean; what is outside is a slip."""


@dataclass(frozen=True, slots=True)
class Word:
    """`null` says when it is NULL. `reads` names the records and fields it is made from, or `coaching`, which is ours."""

    name: str
    type: Type
    unit: Unit
    meaning: str
    null: str
    reads: str


DEAL: tuple[Word, ...] = (
    # who and what (for sentences as much as for conditions)
    Word("deal_id", "text", "", "Id of the deal in the CRM.", "never", "deal.id"),
    Word("deal_name", "text", "", "Name of the deal.", "never", "deal.name"),
    Word("owner_id", "text", "", "Id of the rep who owns the deal.", "when nobody we can see does", "deal.owner_id field_change.owner_id"),
    Word("owner_name", "text", "", "Name of the rep who owns the deal.", "without owner_id", "user.name"),
    Word("owner_active", "boolean", "", "The owner can still sign in to the CRM.", "without owner_id", "user.active"),
    Word("owner_role", "text", "", "Role of the owner.", "when the owner has none", "user.role"),
    Word("manager_id", "text", "", "Id of the manager who coaches the owner.", "when the CRM names none", "user.manager_id"),
    Word("account_name", "text", "", "Name of the customer.", "when the deal has no account", "account.name"),
    Word("segment", "text", "", "Segment of the customer.", "when the deal has no account, or the account no segment", "account.segment"),
    Word("deal_type", "text", "", "Type of the deal (new, existing business …).", "when not filled in", "deal.deal_type"),
    Word("pipeline", "text", "", "Pipeline (sales process) whose stages the deal goes through.", "when the CRM has one for all deals", "deal.pipeline"),
    Word("currency", "text", "", "Currency that the CRM has the deal in.", "in an org with one currency", "deal.currency"),
    Word("rate_date", "date", "", "Since when the rate holds by which money was turned into the org's own currency.", "when it was not", "deal.currency"),
    Word("amount_gap", "text", "", "Why the deal's amounts are unknown.", "when its currency has a rate, or needs none", "deal.currency"),
    # where it stands
    Word("is_open", "boolean", "", "The deal is neither won nor lost.", "never", "deal.closed stage.closed"),
    Word("stage", "text", "", "Name of the stage.", "never", "deal.stage deal_change.stage"),
    Word("stage_position", "integer", "count", "1 for the first open stage.", "for a stage that is closed or unknown, or when the CRM has them in no order", "stage.sort_order stage.active"),
    Word("stage_share", "number", "share", "Position among the open stages, above 0 up to 1.", "with stage_position", "stage.sort_order stage.active"),
    Word("is_early", "boolean", "", "In the first 40 % of the open stages, or in a stage that the org calls early.", "with stage_position, unless the org says which stages are early", "stage.sort_order stage.active"),
    Word("forecast_category", "text", "", "Forecast category as the CRM names it.", "when it has none", "deal.forecast_category deal_change.forecast_category"),
    Word("is_commit", "boolean", "", "Forecast as commit.", "when the CRM has no category", "deal.forecast_category deal_change.forecast_category"),
    Word("amount", "number", "money", "Amount, in the org's own currency where its rates are known.", "when not filled in, or without a rate (amount_gap)", "deal.amount deal_change.amount"),
    Word("amount_basis", "text", "", "What the amount is in the deal's own currency, and of which day the rate is.", "when it was not turned into another currency", "deal.amount deal.currency"),
    Word("segment_median_amount", "number", "money", "Median amount of the segment's deals of the last 12 months (of all deals when the segment has fewer than 10).", "when there are none", "deal.amount account.segment"),
    Word("segment_p75_amount", "number", "money", "75th percentile of those amounts.", "when there are none", "deal.amount account.segment"),
    Word("age_days", "integer", "days", "Days since the deal was created.", "never", "deal.created_at"),
    Word("days_in_stage", "integer", "days", "Days since it entered its stage.", "when the CRM kept no history of it", "deal_change.stage deal_change.valid_from"),
    Word("stages_moved_back", "integer", "count", "How often it moved to an earlier open stage.", "when the CRM kept no history", "deal_change.stage stage.sort_order"),
    Word("days_since_moved_back", "integer", "days", "Days since the last such move.", "when there was none", "deal_change.stage deal_change.valid_from"),
    Word("stages_skipped", "integer", "count", "How often it jumped over an open stage on its way up.", "when the CRM kept no history", "deal_change.stage stage.sort_order"),
    Word("days_since_skipped", "integer", "days", "Days since the last such jump.", "when there was none", "deal_change.stage deal_change.valid_from"),
    # dates and money that move
    Word("close_date", "date", "", "Expected close date.", "when not filled in", "deal.close_date deal_change.close_date"),
    Word("days_to_close", "integer", "days", "Days until the close date, negative when past.", "without close_date", "deal.close_date deal_change.close_date"),
    Word("overdue_days", "integer", "days", "Days past the close date, 0 when not past.", "without close_date", "deal.close_date deal_change.close_date"),
    Word("close_date_pushes", "integer", "count", "How often the close date moved to a later month.", "when the CRM kept no history", "deal_change.close_date"),
    Word("days_since_push", "integer", "days", "Days since the last such push.", "when there was none", "deal_change.close_date deal_change.valid_from"),
    Word("amount_change_share", "number", "share", "Last change of the amount relative to before (-0.25: cut by a quarter); changes within 14 days are one.", "when it never changed, or changed from 0", "deal_change.amount"),
    Word("amount_before", "number", "money", "Amount before that change.", "when it never changed, or without a rate", "deal_change.amount"),
    Word("days_since_amount_change", "integer", "days", "Days since the last change of the amount.", "when it never changed", "deal_change.amount deal_change.valid_from"),
    # contact with the customer; what we wrote ourselves never counts
    Word("days_since_any", "integer", "days", "Days since the last activity done.", "when none is known", "activity.starts_at activity.done"),
    Word("days_since_two_way", "integer", "days", "Days since the customer last took part (meeting held, call connected, reply).", "when never known to", "activity.starts_at activity.two_way"),
    Word("days_since_decision_maker", "integer", "days", "Days since a decision maker last took part.", "when never known to", "activity.contact_id activity.two_way deal_contact.role"),
    Word("activities_30d", "integer", "count", "Activities done in the last 30 days.", "never", "activity.starts_at activity.done"),
    Word("meetings_held", "integer", "count", "Meetings with the customer that have taken place.", "never", "activity.type activity.ends_at"),
    Word("meetings_booked", "integer", "count", "Meetings with the customer still to come.", "never", "activity.type activity.ends_at"),
    Word("has_future_meeting", "boolean", "", "At least one meeting is booked.", "never", "activity.type activity.ends_at"),
    Word("contacts", "integer", "count", "People at the customer with a role in the deal or who took part in an activity.", "never", "deal_contact.contact_id activity.contact_id"),
    Word("decision_makers", "integer", "count", "Those of them whose role decides.", "when no contact of any deal has a role", "deal_contact.role"),
    Word("next_step", "text", "", "What the rep wrote as next step.", "when empty", "deal.next_step field_change.next_step"),
    Word("next_step_age_days", "integer", "days", "Days since the next step was last changed.", "when unknown", "field_change.next_step"),
    Word("help_requested", "boolean", "", "The rep asks for help: the next step begins with `help:`, or the hook was called in the last 14 days and no talk followed.", "when no deal of the org has a next step", "deal.next_step field_change.next_step"),
    # who works it, and how far we can see
    Word("owner_tenure_days", "integer", "days", "Days since the owner's user was created.", "when unknown", "user.created_at"),
    Word("owner_new_to_segment", "boolean", "", "The owner has no earlier deal in this segment.", "without owner_id or segment", "deal.owner_id account.segment deal.created_at"),
    Word("capture_coverage", "number", "share", "Share of the owner's open deals older than 14 days with an activity in the last 60 days. Low: silence is a data question.", "when there are fewer than 3 of them", "deal.owner_id activity.starts_at"),
    # what the org's won deals look like, shrunk towards the pack's default while they are few
    Word("won_median_days_in_stage", "number", "days", "Median days won deals of the segment spent in this stage, shrunk towards the default.", "never", "deal_change.stage deal.won account.segment"),
    Word("won_median_days_in_stage_n", "integer", "count", "Won deals behind it: of the segment, or of the whole org where the segment has none.", "never", "deal_change.stage deal.won account.segment"),
    Word("won_median_days_in_stage_basis", "text", "", "What it rests on: the default, and what the org's and the segment's won deals suggest.", "never", "deal_change.stage deal.won account.segment"),
    Word("won_median_touch_gap_days", "number", "days", "Median days between activities on won deals in this stage, shrunk towards the default.", "never", "activity.starts_at deal_change.stage deal.won account.segment"),
    Word("won_median_touch_gap_days_n", "integer", "count", "Won deals behind it: of the segment, or of the whole org where the segment has none.", "never", "activity.starts_at deal_change.stage deal.won account.segment"),
    Word("won_median_touch_gap_days_basis", "text", "", "What it rests on: the default, and what the org's and the segment's won deals suggest.", "never", "activity.starts_at deal_change.stage deal.won account.segment"),
    Word("won_median_contacts", "number", "count", "Median number of people at the customer whom won deals had by the end of this stage, shrunk towards the default.", "never", "deal_contact.contact_id activity.contact_id deal_change.stage deal.won account.segment"),
    Word("won_median_contacts_n", "integer", "count", "Won deals behind it: of the segment, or of the whole org where the segment has none.", "never", "deal_contact.contact_id activity.contact_id deal_change.stage deal.won account.segment"),
    Word("won_median_contacts_basis", "text", "", "What it rests on: the default, and what the org's and the segment's won deals suggest.", "never", "deal_contact.contact_id activity.contact_id deal_change.stage deal.won account.segment"),
    Word("won_median_meetings", "number", "count", "Median number of meetings held on won deals by the end of this stage, shrunk towards the default.", "never", "activity.type activity.ends_at deal_change.stage deal.won account.segment"),
    Word("won_median_meetings_n", "integer", "count", "Won deals behind it: of the segment, or of the whole org where the segment has none.", "never", "activity.type activity.ends_at deal_change.stage deal.won account.segment"),
    Word("won_median_meetings_basis", "text", "", "What it rests on: the default, and what the org's and the segment's won deals suggest.", "never", "activity.type activity.ends_at deal_change.stage deal.won account.segment"),
    Word("won_median_cycle_days", "number", "days", "Median days from the creation of won deals to the win, shrunk towards the default.", "never", "deal.created_at deal_change.stage deal.won account.segment"),
    Word("won_median_cycle_days_n", "integer", "count", "Won deals behind it: of the segment, or of the whole org where the segment has none.", "never", "deal.created_at deal_change.stage deal.won account.segment"),
    Word("won_median_cycle_days_basis", "text", "", "What it rests on: the default, and what the org's and the segment's won deals suggest.", "never", "deal.created_at deal_change.stage deal.won account.segment"),
    # coaching
    Word("coachings", "integer", "count", "Coaching conversations on this deal that people marked done.", "never", "coaching"),
    Word("days_since_coached", "integer", "days", "Days since the last of them.", "when there was none", "coaching"),
    Word("open_coaching_items", "integer", "count", "Coaching items on this deal that are waiting in the CRM.", "never", "coaching"),
)  # fmt: skip

REP: tuple[Word, ...] = (
    Word("rep_id", "text", "", "Id of the rep in the CRM.", "never", "user.id"),
    Word("rep_name", "text", "", "Name of the rep.", "never", "user.name"),
    Word("rep_active", "boolean", "", "The rep can still sign in to the CRM.", "never", "user.active"),
    Word("rep_role", "text", "", "Role of the rep.", "when the rep has none", "user.role"),
    Word("manager_id", "text", "", "Id of the manager who coaches the rep.", "when the CRM names none", "user.manager_id"),
    Word("tenure_days", "integer", "days", "Days since the rep's user was created.", "when unknown", "user.created_at"),
    Word("open_deals", "integer", "count", "Open deals the rep owns.", "never", "deal.owner_id deal.closed"),
    Word("early_deals", "integer", "count", "Those of them that are early-stage.", "never", "deal.owner_id deal.stage stage.sort_order"),
    Word("new_deals_28d", "integer", "count", "Deals created in the last 28 days.", "never", "deal.owner_id deal.created_at"),
    Word("activities_7d", "integer", "count", "Activities done in the last 7 days.", "when the CRM shows none of the rep's at all", "activity.owner_id activity.starts_at"),
    Word("meetings_held_7d", "integer", "count", "Meetings with customers in the last 7 days.", "when the CRM shows none of the rep's at all", "activity.owner_id activity.type activity.ends_at"),
    Word("meetings_held_28d", "integer", "count", "The same in the last 28 days.", "with meetings_held_7d", "activity.owner_id activity.type activity.ends_at"),
    Word("capture_coverage", "number", "share", "Share of the rep's open deals older than 14 days with an activity in the last 60 days.", "when there are fewer than 3 of them", "deal.owner_id activity.starts_at"),
    Word("new_deals_28d_p25", "number", "count", "25th percentile of that number over the rep's own twelve periods of 28 days before.", "when the rep is not there for all of them", "deal.owner_id deal.created_at user.created_at"),
    Word("pipeline_coverage", "number", "", "Amount of the rep's open deals over what the rep won in an average quarter of the last 365 days.", "when nothing was won in them, one of the deals has no amount, or they are in several currencies", "deal.amount deal.currency deal.won deal_change.stage"),
    # promises: tasks in the CRM that are still to be done, the rep's own and those of the manager on the rep's deals
    Word("open_commitments", "integer", "count", "Tasks that the rep, or the manager on a deal of the rep, has in the CRM and has not done.", "when the CRM shows no task of theirs at all", "activity.type activity.owner_id activity.done"),
    Word("commitment_late_days", "integer", "days", "Days by which the latest of them is overdue, 0 when none is.", "with open_commitments, or when none of them has a date", "activity.starts_at activity.done"),
    # coaching
    Word("coachings_28d", "integer", "count", "Coaching conversations marked done in the last 28 days.", "never", "coaching"),
    Word("days_since_coached", "integer", "days", "Days since the last of them.", "when there was none", "coaching"),
    Word("open_coaching_items", "integer", "count", "Coaching items about this rep or the rep's deals that are waiting in the CRM.", "never", "coaching"),
    Word("coaching_known_days", "integer", "days", "Days for which we know who was coached: since our first coaching item in this org.", "before there was one", "coaching"),
)  # fmt: skip

MANAGER: tuple[Word, ...] = (
    Word("manager_id", "text", "", "Id of the manager in the CRM.", "never", "user.id"),
    Word("manager_name", "text", "", "Name of the manager.", "never", "user.name"),
    Word("manager_active", "boolean", "", "The manager can still sign in to the CRM.", "never", "user.active"),
    Word("manager_role", "text", "", "Role of the manager.", "when the manager has none", "user.role"),
    Word("leader_id", "text", "", "Id of the leader whom the manager reports to.", "when the CRM names none", "user.manager_id"),
    Word("reps", "integer", "count", "Reps who report to the manager and can sign in.", "never", "user.manager_id user.active"),
    Word("open_deals", "integer", "count", "Open deals of those reps.", "never", "deal.owner_id deal.closed"),
    Word("early_deals", "integer", "count", "Those of them that are early-stage.", "never", "deal.owner_id deal.stage stage.sort_order"),
    Word("coachings_28d", "integer", "count", "Coaching conversations that the manager marked done in the last 28 days.", "never", "coaching"),
    Word("deal_coachings_28d", "integer", "count", "Those of them that were about a deal.", "never", "coaching"),
    Word("early_coaching_share", "number", "share", "Share of those about a deal whose deal was early-stage when they were planned.", "when there are fewer than 5", "coaching"),
    Word("main_area", "text", "", "The area that most of the conversations of the last 28 days were about.", "when there are fewer than 5", "coaching"),
    Word("main_area_share", "number", "share", "Its share of them.", "without main_area", "coaching"),
    Word("open_coaching_items", "integer", "count", "The manager's coaching items that are waiting in the CRM.", "never", "coaching"),
)  # fmt: skip

WORDS: dict[Grain, dict[str, Word]] = {
    "deal": {w.name: w for w in DEAL},
    "rep": {w.name: w for w in REP},
    "manager": {w.name: w for w in MANAGER},
}
_COUNTED = (
    *(
        "deal_name",
        "account_name",
        "segment",
        "deal_type",
        "pipeline",
        "stage",
        "stage_position",
        "stage_share",
        "is_early",
    ),
    *("amount", "segment_median_amount", "segment_p75_amount"),
)
VOCABULARIES: dict[Vocabulary, dict[str, Word]] = {
    "deal": WORDS["deal"],
    "rep": WORDS["rep"],
    "manager": WORDS["manager"],
    "counted": {name: WORDS["deal"][name] for name in _COUNTED},
}
"""The words a condition may use: a grain's, or those of the deal that something an indicator counts was about."""
SUBJECT: dict[Grain, str] = {"deal": "deal_id", "rep": "rep_id", "manager": "manager_id"}
"""The word that names the subject of a finding, by grain."""
ABOUT_THE_OWNER = frozenset(word.name for word in DEAL if word.name.startswith("owner_"))
PRIVATE = ABOUT_THE_OWNER | {"capture_coverage"}
"""Words about a rep's work: never where others than the rep and the manager can read them."""
