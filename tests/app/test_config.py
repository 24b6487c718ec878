"""Settings come from the environment, coaching from one file, and a mistake in it is told in one sentence."""

from datetime import date
from pathlib import Path

import pytest

from app.config import BadCoaching, Coaching, Settings, read_coaching
from app.team import unmatched


def written(home: Path, text: str) -> Path:
    (home / "coaching.toml").write_text(text, encoding="utf-8")
    return home


def test_the_database_lives_in_home_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting only home moves the database with it."""
    monkeypatch.setenv("COACHSYNC_HOME", str(tmp_path))
    monkeypatch.delenv("COACHSYNC_DATABASE_URL", raising=False)
    assert Settings().database_url == f"sqlite:///{tmp_path}/coachsync.sqlite3"
    monkeypatch.setenv("COACHSYNC_DATABASE_URL", "postgresql+psycopg://db.invalid/coach")
    assert Settings().database_url == "postgresql+psycopg://db.invalid/coach"


def test_the_secret_key_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing the settings never prints the key."""
    monkeypatch.setenv("COACHSYNC_SECRET_KEY", "open sesame")
    assert "sesame" not in repr(Settings())


def test_without_a_file_the_defaults_of_the_product_hold(tmp_path: Path) -> None:
    """Two hours a month, five prompts a week, three open per rep."""
    planning = read_coaching(tmp_path).planning
    assert (planning.minutes_a_month, planning.prompts_a_week, planning.open_per_rep) == (120, 5, 3)


def test_a_manager_can_differ_by_id_or_by_name(tmp_path: Path) -> None:
    """What is set for one manager wins, the rest is as for everybody."""
    everybody = "[planning]\nminutes_a_month = 90\n"
    mara_only = '[managers."Mara Quill"]\nminutes_a_month = 0\nrhythm = {one_on_one = "friday"}\n'
    coaching = read_coaching(written(tmp_path, everybody + mara_only))
    mara = coaching.of("m1", "Mara Quill")
    assert mara.minutes_a_month == 0
    assert (mara.rhythm["one_on_one"], mara.rhythm["pipeline_review"]) == ("friday", "monday")
    assert coaching.of("m2", "Otto Fennel").minutes_a_month == 90
    assert not Coaching.model_validate({"managers": {"m1": {"coach": False}}}).of("m1", "Mara Quill").coach


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[planning]\nminutes_per_month = 90\n", "planning.minutes_per_month: there is no such key"),
        ('[planning]\nminutes_a_month = "many"\n', "planning.minutes_a_month: Input should be a valid integer"),
        ('[rhythm]\none_on_one = "caturday"\n', "rhythm.one_on_one: Input should be 'monday'"),
        ('[managers.m1]\nrhythm = {tea_break = "monday"}\n', "managers.m1.rhythm.tea_break"),
        ('[managers.m1]\ntime_zone = "Middle/Earth"\n', "managers.m1.time_zone: 'Middle/Earth' is no time zone"),
        ('[early_stages]\nacme = "Discovery"\n', "early_stages.acme"),
        ('[managers.m1]\ncountry = "Atlantis"\n', "managers.m1.country: 'Atlantis' is no country"),
        ('[countries]\nBavaria = "DE-XX"\n', "countries.Bavaria: 'DE-XX' is no country or region"),
        ("[reps.r1]\nleave = [[2027-02-12, 2027-02-01]]\n", "2027-02-12 comes after 2027-02-01"),
        ("[typical]\ndays_in_stage = 0\n", "typical.days_in_stage"),
        ("[planning\n", "is not valid TOML"),
    ],
)
def test_a_mistake_is_told_with_file_and_key(tmp_path: Path, text: str, says: str) -> None:
    """One sentence, the file, the key, and what would be right."""
    with pytest.raises(BadCoaching) as told:
        read_coaching(written(tmp_path, text))
    message = str(told.value)
    assert says in message
    assert "coaching.toml" in message
    assert "\n" not in message


def test_a_rep_has_a_profile_and_days_of_leave(tmp_path: Path) -> None:
    """The profile is that of the role unless the rep has another; leave is days and spans of days."""
    roles = '[profiles]\nHunter = "prospector"\n'
    own = '[reps."Rita Quill"]\nprofile = "account_manager"\nleave = [2026-12-24, [2027-02-01, 2027-02-12]]\n'
    coaching = read_coaching(written(tmp_path, roles + own))
    rita, ralf = (coaching.of_rep("005", name, "Hunter") for name in ("Rita Quill", "Ralf Quill"))
    assert (rita.profile, ralf.profile, ralf.leave) == ("account_manager", "prospector", ())
    assert rita.leave == (date(2026, 12, 24), (date(2027, 2, 1), date(2027, 2, 12)))
    with pytest.raises(BadCoaching, match="profiles"):
        read_coaching(written(tmp_path, roles.replace("prospector", "hunter")))


def test_what_the_crm_calls_a_country_may_be_a_region(tmp_path: Path) -> None:
    """For everybody, unless somebody has a country of their own."""
    regions = '[countries]\nDeutschland = "DE-BY"\n[managers.m1]\ncountry = "Austria"\n'
    coaching = read_coaching(written(tmp_path, regions))
    assert coaching.of("m1", "Mara Quill").holidays("Deutschland") == "AT"
    assert coaching.of("m2", "Otto Fennel").holidays("Deutschland") == "DE-BY"
    assert coaching.of_rep("005", "Rita Quill", None).holidays("Deutschland") == "DE-BY"
    assert coaching.of_rep("005", "Rita Quill", None).holidays("United States of America") == "US"
    assert coaching.of_rep("005", "Rita Quill", None).holidays("Atlantis") is None


def test_what_coaching_toml_says_of_nobody_is_told() -> None:
    """Names, roles and countries, as sentences that say where to look."""
    users = [
        {"id": "005A", "name": "Rita Quill", "role": "Hunter", "country": "Deutschland", "active": True},
        {"id": "005B", "name": "Ralf Quill", "role": None, "country": "Atlantis", "active": False},
    ]
    coaching = Coaching.model_validate({
        "managers": {"Rita Quill": {}, "Mara": {}}, "reps": {"005B": {}, "Rita Quil": {}},
        "profiles": {"Hunter": "prospector", "Farmer": "account_manager"},
    })  # fmt: skip
    assert unmatched(users, coaching) == [
        '[managers."Mara"] is nobody in the CRM.',
        '[reps."Rita Quil"] is nobody in the CRM.',
        '[profiles] "Farmer" is nobody\'s role in the CRM.',
        'The holidays of "Deutschland" are not known: say whose count under [countries].',
    ]
    known = coaching.model_copy(update={"countries": {"Deutschland": "DE"}})
    assert len(unmatched(users, known)) == 3
