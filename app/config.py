"""What an org sets: where things are kept (environment), and how much coaching whom and when (coaching.toml)."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holidays.registry import COUNTRIES
from platformdirs import user_data_path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from coaching_rules.indicators.model import Profile

FILE_NAME = "coaching.toml"

Meeting = Literal["pipeline_review", "forecast_call", "one_on_one", "call_planning", "team_meeting"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
LogLevel = Literal["debug", "info", "warning", "error"]


class BadCoaching(ValueError):
    """coaching.toml cannot be used; the message is a whole sentence that names the file and the key."""


class Settings(BaseSettings):
    """Where this installation keeps its things; every field is an environment variable COACHSYNC_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="COACHSYNC_", frozen=True)

    home: Path = Field(default_factory=lambda: user_data_path("coachsync"))
    database_url: str = Field(default_factory=lambda data: f"sqlite:///{data['home'] / 'coachsync.sqlite3'}")
    secret_key: SecretStr | None = None
    """Encrypts the secrets of connections; without it a key file in `home` is used."""
    log_level: LogLevel = "info"


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is no time zone; write one like Europe/Berlin") from None
    return name


def country_code(name: str) -> str | None:
    """The two-letter code of a country given by code or English name; None when its holidays are not known."""
    plain = name.strip().lower().replace(" ", "_")
    known = (row[1] for key, row in COUNTRIES.items() if plain in (key, *(code.lower() for code in row[1:])))
    return next(known, None)


def _known_country(name: str) -> str:
    if country_code(name) is None:
        raise ValueError(f"{name!r} is no country whose holidays are known; write a code like DE")
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Country = Annotated[str, AfterValidator(_known_country)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Planning(_Strict):
    """The caps: what a manager and a rep can take."""

    minutes_a_month: int = Field(default=120, ge=0)
    prompts_a_week: int = Field(default=5, ge=0)
    open_per_rep: int = Field(default=3, ge=0)
    days_between_new_per_deal: int = Field(default=14, ge=0)
    early_share: float = Field(default=1 / 3, ge=0, le=1)
    """Share of a manager's minutes that early-stage deals get first, as long as there are any."""
    most_new_tasks: int = Field(default=200, ge=0)
    """A run that would write more new tasks than this stops before it writes any."""
    ignored_after_working_days: int = Field(default=5, ge=1)


class Rhythm(_Strict):
    """On which day of the week each meeting is."""

    pipeline_review: Weekday = "monday"
    forecast_call: Weekday = "thursday"
    one_on_one: Weekday = "wednesday"
    call_planning: Weekday = "tuesday"
    team_meeting: Weekday = "friday"


class ManagerCoaching(_Strict):
    """What differs for one manager; what is not set is as for everybody. `coach = false` opts out."""

    minutes_a_month: int | None = Field(default=None, ge=0)
    rhythm: Mapping[Meeting, Weekday] = {}
    time_zone: TimeZone | None = None
    country: Country | None = None
    """Whose public holidays count: a code like DE, or a name like Germany."""
    coach: bool = True


class RepCoaching(_Strict):
    """What differs for one rep: another `profile` than that of the role, a `focus` that for now takes its place.

    `leave` lists days, and pairs of a first and a last day.
    """

    profile: Profile | None = None
    focus: Profile | None = None
    leave: tuple[date | tuple[date, date], ...] = ()
    time_zone: TimeZone | None = None
    country: Country | None = None


class Coaching(_Strict):
    """How this org coaches. `managers` and `reps` are keyed by the person's id or name in the CRM."""

    planning: Planning = Planning()
    rhythm: Rhythm = Rhythm()
    managers: Mapping[str, ManagerCoaching] = {}
    early_stages: Mapping[str, Annotated[Sequence[str], Field(min_length=1)]] = {}
    """By name of a connection: the stages that are early there, in place of the first 40 % of its open stages."""
    reps: Mapping[str, RepCoaching] = {}
    profiles: Mapping[str, Profile] = {}
    """The profile of a role, by its name in the CRM."""
    goals: Mapping[str, Annotated[float, Field(gt=0)] | Literal["peers"]] = {}
    """The org's goals, by the indicator's id: a number in its period, or `peers` for what comparable reps achieve."""
    api_share: float = Field(default=0.10, gt=0, le=1)
    """The share of the org's API calls that we may use."""
    overlap_minutes: int = Field(default=5, ge=0)
    """How far back behind its cursor a pull reads again, since a CRM may show a change late."""

    def of(self, manager_id: str, name: str) -> ManagerCoaching:
        """What is set for this manager, with everybody's minutes and rhythm filled in."""
        own = self.managers.get(manager_id) or self.managers.get(name) or ManagerCoaching()
        minutes = self.planning.minutes_a_month if own.minutes_a_month is None else own.minutes_a_month
        rhythm = self.rhythm.model_dump() | dict(own.rhythm)
        return own.model_copy(update={"minutes_a_month": minutes, "rhythm": rhythm})

    def of_rep(self, rep_id: str, name: str, role: str | None) -> RepCoaching:
        """What is set for this rep, with the profile of the role filled in."""
        own = self.reps.get(rep_id) or self.reps.get(name) or RepCoaching()
        return own.model_copy(update={"profile": own.profile or self.profiles.get(role or "")})


def read_coaching(home: Path) -> Coaching:
    """The org's coaching.toml, or the defaults where there is none. BadCoaching names what is wrong."""
    path = home / FILE_NAME
    if not path.exists():
        return Coaching()
    try:
        return Coaching.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadCoaching(f"{path} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise BadCoaching(_sentence(path, error)) from error


def _sentence(path: Path, error: ValidationError) -> str:
    first, *others = error.errors()
    key = ".".join(str(part) for part in first["loc"])
    message = "there is no such key" if first["type"] == "extra_forbidden" else first["msg"]
    more = f" ({len(others)} more after this one)" if others else ""
    return f"{path}: {key}: {message.removeprefix('Value error, ')}{more}."
