"""The Maven "CRM Sales Opportunities" files as a sandbox company, so that a familiar data set can be coached on."""

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar

from connectors.sandbox.ids import make_id, numbered

Row = dict[str, object]
Line = dict[str, str]
T = TypeVar("T")

BATCH = 5_000
HEAD = "Head of Sales (not in the file)"

COLUMNS = {
    "accounts.csv": ("account", "sector", "revenue", "employees", "subsidiary_of"),
    "sales_teams.csv": ("sales_agent", "manager", "regional_office"),
    "sales_pipeline.csv": (
        "opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date", "close_date", "close_value",
    ),
}  # fmt: skip

STAGES: dict[str, Row] = {
    "Prospecting": {"IsClosed": False, "IsWon": False, "ForecastCategory": "Pipeline"},
    "Engaging": {"IsClosed": False, "IsWon": False, "ForecastCategory": "Pipeline"},
    "Won": {"IsClosed": True, "IsWon": True, "ForecastCategory": "Closed", "DefaultProbability": 100},
    "Lost": {"IsClosed": True, "IsWon": False, "ForecastCategory": "Omitted", "DefaultProbability": 0},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One line of the pipeline; the days are the file's own, None where it has none."""

    number: int
    agent: str
    product: str
    account: str | None
    stage: str
    engaged: date | None
    closed: date | None
    value: float | None


def maven(folder: Path, *, today: date) -> Iterator[tuple[str, list[Row]]]:
    """Batches of (object name, rows) in an order in which every reference points back.

    Time is moved by whole days so that the last day in the files is `today`; stamps are midnight UTC of their day.
    What the files do not say stays unsaid: an open deal has no Amount and no CloseDate (a real org cannot have that),
    a lost one has Amount 0 as in the file, there are no activities and no contacts, and typos are kept. Invented are
    only the head the managers report to and, for deals in Prospecting, the load day as CreatedDate.

    Raises ValueError, with one sentence that names file and line, before the first batch when the files are unfit.
    """
    sales = [_sale(line, number) for number, line in enumerate(_read(folder / "sales_pipeline.csv"), start=1)]
    days = [day for sale in sales for day in (sale.engaged, sale.closed) if day]
    if not days:
        raise ValueError("sales_pipeline.csv holds no dated deal: unpack the original download again.")
    shift = today - max(days)
    began = _midnight(min(days) + shift)
    roles, users = _people(_read(folder / "sales_teams.csv"), began)
    accounts = _accounts(_read(folder / "accounts.csv"), began)
    user_ids, account_ids = _ids(users), _ids(accounts)
    deals = [_deal(sale, user_ids, account_ids, shift, today) for sale in sales]
    history = list(_history(sales, deals))
    for name, rows in (
        ("OpportunityStage", _stages()), ("UserRole", roles), ("User", users), ("Account", accounts),
        ("Opportunity", deals), ("OpportunityHistory", history),
    ):  # fmt: skip
        yield from ((name, rows[start : start + BATCH]) for start in range(0, len(rows), BATCH))


def _read(path: Path) -> list[Line]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True, restkey="", restval=None)
            known, lines = reader.fieldnames or (), list(reader)
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read in {path.parent}: unpack the Maven download there.") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is not a CSV file in UTF-8 ({error}): unpack the original again.") from error
    for column in COLUMNS[path.name]:
        if column not in known:
            raise ValueError(f"{path.name} has no column {column!r}: use the file as Maven publishes it.")
    for number, line in enumerate(lines, start=1):
        if "" in line or None in line.values():
            raise ValueError(f"{path.name}, row {number}, does not have one cell a column: unpack the original again.")
    return [{key: cell.strip() for key, cell in line.items()} for line in lines]


def _cell(line: Line, column: str, read: Callable[[str], T], where: str) -> T | None:
    if not line[column]:
        return None
    try:
        return read(line[column])
    except ValueError as error:
        raise ValueError(f"{where}: {column} {line[column]!r} cannot be understood; correct this cell.") from error


def _number(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


def _sale(line: Line, number: int) -> Sale:
    where = f"sales_pipeline.csv, row {number}"
    if line["deal_stage"] not in STAGES:
        raise ValueError(f"{where}: deal_stage {line['deal_stage']!r} is none of {', '.join(STAGES)}; correct it.")
    sale = Sale(
        number=number,
        agent=line["sales_agent"],
        product=line["product"],
        account=line["account"] or None,
        stage=line["deal_stage"],
        engaged=_cell(line, "engage_date", date.fromisoformat, where),
        closed=_cell(line, "close_date", date.fromisoformat, where),
        value=_cell(line, "close_value", _number, where),
    )
    if (sale.stage != "Prospecting" and not sale.engaged) or (STAGES[sale.stage]["IsClosed"] and not sale.closed):
        raise ValueError(f"{where}: a deal in stage {sale.stage} needs its engage and close dates; fill them in.")
    return sale


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _ids(rows: list[Row]) -> dict[str, str]:
    return {str(row["Name"]): str(row["Id"]) for row in rows}


def _stages() -> list[Row]:
    return [
        {"Id": make_id("01J", n), "ApiName": name, "MasterLabel": name, "SortOrder": n, "IsActive": True,
         "DefaultProbability": None, "ForecastCategoryName": stage["ForecastCategory"], **stage}
        for n, (name, stage) in enumerate(STAGES.items(), start=1)
    ]  # fmt: skip


def _people(teams: list[Line], began: datetime) -> tuple[list[Row], list[Row]]:
    """Roles by regional office, and users: the head, the managers, the agents."""
    roles, users, next_role, next_user = [], [], numbered("00E"), numbered("005")
    top = _role(next_role(), "Head of Sales", None)
    roles.append(top)
    head = _user(next_user(), HEAD, top, None, began)
    users.append(head)
    by_name: dict[str, Row] = {"": top}
    for prefix, above in (("Sales Manager", ""), ("Sales Agent", "Sales Manager")):
        for office in dict.fromkeys(line["regional_office"] for line in teams):
            parent = by_name[f"{above}, {office}" if above else ""]
            roles.append(_role(next_role(), f"{prefix}, {office}", parent))
            by_name[f"{prefix}, {office}"] = roles[-1]
    managers: dict[str, Row] = {}
    for line in teams:
        if line["manager"] not in managers:
            role = by_name[f"Sales Manager, {line['regional_office']}"]
            managers[line["manager"]] = _user(next_user(), line["manager"], role, head, began)
    users.extend(managers.values())
    for line in teams:
        role = by_name[f"Sales Agent, {line['regional_office']}"]
        users.append(_user(next_user(), line["sales_agent"], role, managers[line["manager"]], began))
    return roles, users


def _role(role_id: str, name: str, parent: Row | None) -> Row:
    return {"Id": role_id, "Name": name, "ParentRoleId": parent and parent["Id"]}


def _user(user_id: str, name: str, role: Row, manager: Row | None, began: datetime) -> Row:
    first, _, last = name.rpartition(" ")
    return {
        "Id": user_id,
        "Username": f"{user_id.lower()}@example.invalid",
        "FirstName": first or None,
        "LastName": last,
        "Name": name,
        "IsActive": True,
        "UserType": "Standard",
        "UserRoleId": role["Id"],
        "ManagerId": manager and manager["Id"],
        "CreatedDate": began,
        "SystemModstamp": began,
    }


def _accounts(lines: list[Line], began: datetime) -> list[Row]:
    ids = {line["account"]: make_id("001", number) for number, line in enumerate(lines, start=1)}
    return [_account(line, number, ids, began) for number, line in enumerate(lines, start=1)]


def _account(line: Line, number: int, ids: dict[str, str], began: datetime) -> Row:
    where, parent = f"accounts.csv, row {number}", line["subsidiary_of"]
    if parent and parent not in ids:
        raise ValueError(f"{where}: subsidiary_of {parent!r} is no account in the file; add it.")
    millions = _cell(line, "revenue", _number, where)
    return {
        "Id": ids[line["account"]],
        "Name": line["account"],
        "Industry": line["sector"] or None,
        "AnnualRevenue": None if millions is None else round(millions * 1e6),
        "NumberOfEmployees": _cell(line, "employees", int, where),
        "ParentId": ids.get(parent),
        "CreatedDate": began,
        "SystemModstamp": began,
    }


def _deal(sale: Sale, users: dict[str, str], accounts: dict[str, str], shift: timedelta, today: date) -> Row:
    where = f"sales_pipeline.csv, row {sale.number}"
    if sale.agent not in users:
        raise ValueError(f"{where}: {sale.agent!r} is in no team of sales_teams.csv; add the agent there.")
    if sale.account and sale.account not in accounts:
        raise ValueError(f"{where}: {sale.account!r} is not in accounts.csv; add the account there.")
    created = _midnight(sale.engaged + shift if sale.engaged else today)
    closed = sale.closed + shift if sale.closed else None
    stage, changed = STAGES[sale.stage], _midnight(closed) if closed else created
    return {
        "Id": make_id("006", sale.number),
        "Name": f"{sale.product} for {sale.account}" if sale.account else f"{sale.product} (no account)",
        "AccountId": accounts[sale.account] if sale.account else None,
        "OwnerId": users[sale.agent],
        "StageName": sale.stage,
        "Amount": sale.value,
        "CloseDate": closed,
        "Probability": stage.get("DefaultProbability"),
        "ForecastCategory": stage["ForecastCategory"],
        "ForecastCategoryName": stage["ForecastCategory"],
        "IsClosed": stage["IsClosed"],
        "IsWon": stage["IsWon"],
        "LastStageChangeDate": changed if closed else None,
        "CreatedDate": created,
        "CreatedById": users[sale.agent],
        "LastModifiedDate": changed,
        "LastModifiedById": users[sale.agent],
        "SystemModstamp": changed,
    }


def _history(sales: list[Sale], deals: list[Row]) -> Iterator[Row]:
    next_id = numbered("008")
    for sale, deal in zip(sales, deals):
        first = "Prospecting" if sale.stage == "Prospecting" else "Engaging"
        yield _snapshot(next_id(), deal, deal["CreatedDate"], {"StageName": first, "ForecastCategory": "Pipeline"})
        if deal["IsClosed"]:
            yield _snapshot(next_id(), deal, deal["LastModifiedDate"], deal)


def _snapshot(row_id: str, deal: Row, at: object, state: Row) -> Row:
    shown = ("StageName", "Amount", "CloseDate", "Probability", "ForecastCategory")
    return {
        "Id": row_id,
        "OpportunityId": deal["Id"],
        **{field: state.get(field) for field in shown},
        "PrevAmount": None,
        "PrevCloseDate": None,
        "CreatedDate": at,
        "CreatedById": deal["OwnerId"],
        "SystemModstamp": at,
    }
