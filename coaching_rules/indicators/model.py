"""The nouns of leading indicators: what is counted, what it is held against, and what an alarm says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Literal

from coaching_rules.model import Area, Status, fingerprint

Layer = Literal["activity", "objective", "result"]
Period = Literal["week", "month"]
Profile = Literal["account_manager", "prospector"]
Counting = Literal["activity", "deal"]
Channel = Literal["call", "meeting", "email", "task"]
Once = Literal["each", "deal", "account", "contact"]
Detector = Literal["pace", "peer", "trend"]
Kind = Literal["coach", "watch", "data", "context", "on_track"]

WORKING_DAYS: Mapping[Period, float] = {"week": 5, "month": 65 / 3}
"""What a goal per period is divided by; whose period has fewer working days has less of a goal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is counted: activities with a customer that are done, or deals on the day they were made, if `when` holds.

    `channels` and `two_way` choose among activities, `when` is a condition over words of the deal as of that moment.
    `once` counts an account (deal, contact) once a day; `quiet_days` only if nobody had it in this count for so long.
    """

    of: Counting
    channels: tuple[Channel, ...] = ()
    two_way: bool = False
    when: str = ""
    once: Once = "each"
    quiet_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """Something a rep does that can be counted, and how much of it is expected.

    `goal` is events per full `per`; None is what comparable reps achieve. `ramp` has the share of it that is expected
    in each month of a new rep. Empty `profiles` are all of them. `minutes` is how long to talk about it, and `ask` what
    a manager may ask.
    """

    id: str
    title: str
    status: Status
    owner: str
    review_by: date
    process: Area
    layer: Layer
    counts: Counted
    per: Period
    goal: float | None
    profiles: tuple[Profile, ...] = ()
    ramp: tuple[float, ...] = ()
    minutes: int = 15
    ask: tuple[str, ...] = ()
    source: str = field(default="", compare=False)

    def serves(self, profile: str | None) -> bool:
        """Whether it is one for reps of this profile."""
        return not self.profiles or profile in self.profiles

    @property
    def meaning(self) -> dict[str, object]:
        """What is counted and said, as a version keeps it."""
        told_apart = {"status", "owner", "review_by", "source"}
        return {name: value for name, value in asdict(self).items() if name not in told_apart}

    @property
    def version(self) -> str:
        """Twelve hex digits that change with its meaning."""
        return fingerprint(self.meaning)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one detector saw: `count` where `expected` was likely, and `low` to `high` would have been no surprise.

    `worked` is the working days it looked at; a weekday with less to count is part of one.

    `p` is how likely so few are when all is as expected. `miss`, for pace, is the probability of missing the goal.
    """

    count: float
    expected: float
    low: float
    high: float
    worked: float
    p: float
    miss: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """How an indicator of a rep stands on `as_of`.

    `kind` is what to do with it: `coach` (the one of this rep that may reach the plan), `watch` (shown, never written),
    `data` (so little of this rep's work is in the CRM that the question is where the rest is), `context` (an
    objective or a result, which stands beside an activity and never alone), or `on_track`. `by` has the detectors that
    could say something, and `strongest` names the one to speak of. An alarm that is `doubtful` is never `coach`: too
    little of the rep's work is in the CRM, or it rests on `unseen` working days of the last three weeks on which
    nothing at all is.
    """

    rep_id: str
    manager_id: str | None
    indicator_id: str
    as_of: date
    kind: Kind
    p: float
    strongest: Detector
    by: Mapping[Detector, Measured]
    doubtful: bool = False
    unseen: int = 0
