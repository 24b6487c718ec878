"""The nouns of judging: a rule with its rules of engagement, its cases, and a finding with its evidence."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Literal

from coaching_rules.errors import RuleError
from coaching_rules.vocabulary import Grain

Value = bool | int | float | str | date | None
"""What a word can be in one row of facts; None is "unknown"."""

Status = Literal["draft", "shadow", "live", "retired"]
"""A draft is loaded and not judged; shadow is judged and kept, and nobody is told; live makes prompts; what a retired
rule found clears."""
Trigger = Literal["stage_changed", "amount_cut", "close_date_pushed", "owner_changed", "help_requested"]
"""An event of a deal, without which a rule that names it finds nothing new."""
Kind = Literal["coaching", "hygiene", "scorecard"]
Meeting = Literal["pipeline_review", "forecast_call", "one_on_one", "call_planning", "team_meeting"]
Place = Literal[
    "pipeline_review", "forecast_call", "one_on_one", "call_planning", "ride_along", "phone", "team_meeting"
]
Area = Literal["call", "opportunity", "account", "territory", "enablement"]
Event = Literal["next_meeting", "close_date"]
Expectation = Literal["fires", "does not fire", "not enough data"]


def fingerprint(meaning: Mapping[str, object]) -> str:
    """Twelve hex digits that change with what is meant."""
    canonical = json.dumps(meaning, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When to coach: at the next `meeting`, within `days` days, or before an `event`; exactly one is set.

    `working` says that only working days count.
    """

    meeting: Meeting | None = None
    days: int | None = None
    event: Event | None = None
    working: bool = False

    def __str__(self) -> str:
        if self.meeting:
            return f"next {self.meeting}"
        if self.event:
            return f"before {self.event}"
        return f"within {self.days} {'working ' if self.working else ''}days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """Why, when and where to coach, for how many `minutes`, what to ask and what the rep prepares.

    `why` may name words in braces; they are filled in from a finding's values.
    """

    why: str
    when: Moment
    where: Place
    minutes: int
    ask: tuple[str, ...]
    prepare: tuple[str, ...]
    area: Area
    competency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hygiene:
    """A field to put right: it makes a line on a list, never a coaching task."""

    why: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One example a rule promises to keep: the words its condition reads, and what must come of them.

    `line` is where it stands in the rule's file.
    """

    name: str
    expects: Expectation
    given: Mapping[str, Value]
    line: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A condition over facts with what to do about it: `coach`, or `hygiene`; exactly one is set.

    `on` names events, and then it finds only deals to which one happened since they were last looked at; `warnings` is
    what is probably not meant.
    `severity` runs from 1 (worth a look) to 3 (act now). `rest_days` is how long a subject is left alone after
    a prompt, `max_per_week` how many prompts of this rule one manager gets in a week. `source` names the file, `text`
    is what stands in it.
    """

    id: str
    grain: Grain
    title: str
    status: Status
    owner: str
    review_by: date
    when: str
    severity: int
    on: tuple[Trigger, ...] = ()
    coach: Engagement | None = None
    hygiene: Hygiene | None = None
    rest_days: int = 14
    max_per_week: int = 3
    cases: tuple[Case, ...] = ()
    warnings: tuple[RuleError, ...] = field(default=(), compare=False)
    source: str = field(default="", compare=False)
    text: str = field(default="", compare=False, repr=False)

    @property
    def kind(self) -> Kind:
        """What it makes: a prompt, a line on the list of fields to put right, or one on the leader's scorecard."""
        if self.hygiene:
            return "hygiene"
        return "scorecard" if self.grain == "manager" else "coaching"

    @property
    def why(self) -> str:
        """The sentence a person reads first, with its words still in braces."""
        engagement = self.coach or self.hygiene
        return engagement.why if engagement else self.title

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text of the rule that may name words in braces."""
        if self.coach:
            return (self.coach.why, *self.coach.ask, *self.coach.prepare)
        return (self.hygiene.why, self.hygiene.fix) if self.hygiene else ()

    @property
    def version(self) -> str:
        """Twelve hex digits that change with what is judged or said; layout, cases, events and status are not in it."""
        told_apart = {"status", "owner", "review_by", "on", "cases", "warnings", "source", "text"}
        meaning = {name: value for name, value in asdict(self).items() if name not in told_apart}
        meaning["when"] = " ".join(self.when.split())
        if self.coach and not self.coach.when.working:
            # what was judged before there were working days keeps its version
            del meaning["coach"]["when"]["working"]
        return fingerprint(meaning)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Rules by id, in order of their ids."""

    rules: tuple[Rule, ...]

    def get(self, rule_id: str) -> Rule:
        """The rule of that id; KeyError when there is none."""
        return {rule.id: rule for rule in self.rules}[rule_id]

    @property
    def judged(self) -> tuple[Rule, ...]:
        """The rules to hold facts against each day: live ones, and shadow ones, which nobody is told about."""
        return tuple(rule for rule in self.rules if rule.status in ("live", "shadow"))

    def overridden_by(self, rules: tuple[Rule, ...]) -> "RuleSet":
        """This set with `rules` added, each taking the place of the one that has its id."""
        by_id = {rule.id: rule for rule in (*self.rules, *rules)}
        return RuleSet(rules=tuple(by_id[rule_id] for rule_id in sorted(by_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One comparison of a rule that held for a subject.

    `op` is one of `= <> < <= > >= in`, `not in`, `is` (a flag, or unknown), or empty when the word took part in a sum
    that has no single threshold. `threshold` is what the value was held against; `threshold_source` says where it
    came from.
    """

    word: str
    value: Value
    op: str = ""
    threshold: Value = None
    threshold_source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that holds for a subject. `values` has every word that the rule's condition and texts name."""

    rule_id: str
    rule_version: str
    grain: Grain
    subject_id: str
    evidence: tuple[Evidence, ...]
    values: Mapping[str, Value]
