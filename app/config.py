"""What an org sets: where things are kept (environment), and how much coaching whom and when (coaching.toml)."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holidays import country_holidays
from holidays.registry import COUNTRIES
from platformdirs import user_data_path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from coaching_rules.indicators.model import Profile

FILE_NAME = "coaching.toml"

Meeting = Literal["pipeline_review", "forecast_call", "one_on_one", "call_planning", "team_meeting"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Leave = tuple[date | tuple[date, date], ...]
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


@cache
def country_code(name: str) -> str | None:
    """The code of a country, or of a region of it (DE-BY), given by code or English name; None for what is neither."""
    plain, _, region = name.strip().partition("-")
    spelt = plain.strip().lower().replace(" ", "_").removesuffix("_of_america")
    known = (row[1] for key, row in COUNTRIES.items() if spelt in (key, *(code.lower() for code in row[1:])))
    country = next(known, None)
    if country is None or not region:
        return country
    return f"{country}-{region.strip().upper()}" if _is_region(country, region.strip().upper()) else None


def _is_region(country: str, region: str) -> bool:
    try:
        country_holidays(country, subdiv=region)
    except NotImplementedError:
        return False
    return True


def _known_country(name: str) -> str:
    if country_code(name) is None:
        raise ValueError(f"{name!r} is no country or region whose holidays are known; write a code like DE or DE-BY")
    return name


def _in_order(leave: Leave) -> Leave:
    for entry in leave:
        if isinstance(entry, tuple) and entry[1] < entry[0]:
            raise ValueError(f"{entry[0]} comes after {entry[1]}; write the first day first")
    return leave


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


class Person(_Strict):
    """Where somebody is, where the CRM does not say it or says it wrong."""

    time_zone: TimeZone | None = None
    country: Country | None = None
    """Whose public holidays count: a code like DE or DE-BY, or a name like Germany."""
    countries: Mapping[str, Country] = {}
    """As for everybody (see Coaching)."""

    def holidays(self, country: str | None) -> str | None:
        """The code of the country or region whose holidays count, when the CRM says `country`."""
        return country_code(self.country or self.countries.get(country or "", country or ""))


class ManagerCoaching(Person):
    """What differs for one manager; what is not set is as for everybody. `coach = false` opts out."""

    minutes_a_month: int | None = Field(default=None, ge=0)
    rhythm: Mapping[Meeting, Weekday] = {}
    coach: bool = True


class RepCoaching(Person):
    """What differs for one rep: another `profile` than that of the role, a `focus` that for now takes its place.

    `leave` lists days, and pairs of a first and a last day.
    """

    profile: Profile | None = None
    focus: Profile | None = None
    leave: Annotated[Leave, AfterValidator(_in_order)] = ()


class Typical(_Strict):
    """What won deals are like elsewhere: weighs as much as ten won deals of the org's own."""

    days_in_stage: float = Field(default=14, gt=0)
    touch_gap_days: float = Field(default=7, gt=0)
    contacts: float = Field(default=2, gt=0)
    meetings: float = Field(default=2, ge=0)
    cycle_days: float = Field(default=90, gt=0)


class Stated(NamedTuple):
    """What an org says of its deals: which stages are early (none: the order of stages tells), what is typical."""

    early_stages: Sequence[str] = ()
    typical: Typical = Typical()


class Coaching(_Strict):
    """How this org coaches. `managers` and `reps` are keyed by the person's id or name in the CRM."""

    planning: Planning = Planning()
    rhythm: Rhythm = Rhythm()
    managers: Mapping[str, ManagerCoaching] = {}
    countries: Mapping[str, Country] = {}
    """What the CRM calls a country, and whose holidays count there: a whole org may be in Bavaria."""
    early_stages: Mapping[str, Annotated[Sequence[str], Field(min_length=1)]] = {}
    """By name of a connection: the stages that are early there, in place of the first 40 % of its open stages."""
    typical: Typical = Typical()
    reps: Mapping[str, RepCoaching] = {}
    profiles: Mapping[str, Profile] = {}
    """The profile of a role, by its name in the CRM."""
    goals: Mapping[str, Annotated[float, Field(gt=0)] | Literal["peers"]] = {}
    """The org's goals, by the indicator's id: a number in its period, or `peers` for what comparable reps achieve."""
    api_share: float = Field(default=0.10, gt=0, le=1)
    """The share of the org's API calls that we may use."""
    overlap_minutes: int = Field(default=5, ge=0)
    """How far back behind its cursor a pull reads again, since a CRM may show a change late."""

    def stated(self, connection: str) -> Stated:
        """What is said of the deals of a connection."""
        return Stated(self.early_stages.get(connection, ()), self.typical)

    def of(self, manager_id: str, name: str) -> ManagerCoaching:
        """What is set for this manager, with everybody's minutes and rhythm filled in."""
        own = self.managers.get(manager_id) or self.managers.get(name) or ManagerCoaching()
        minutes = self.planning.minutes_a_month if own.minutes_a_month is None else own.minutes_a_month
        rhythm = self.rhythm.model_dump() | dict(own.rhythm)
        everybodys = {"minutes_a_month": minutes, "rhythm": rhythm, "countries": self.countries}
        return own.model_copy(update=everybodys)

    def of_rep(self, rep_id: str, name: str, role: str | None) -> RepCoaching:
        """What is set for this rep, with the profile of the role filled in."""
        own = self.reps.get(rep_id) or self.reps.get(name) or RepCoaching()
        profile = own.profile or self.profiles.get(role or "")
        return own.model_copy(update={"profile": profile, "countries": self.countries})


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
