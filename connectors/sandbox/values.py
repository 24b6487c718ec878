"""Values on their way in: what a client or a generator hands over, made into what the tables hold.

Instants are held as text in the very form the API answers with, so they sort, compare and leave without work.
"""

from datetime import UTC, date, datetime, time, timedelta

from connectors.sandbox.errors import Rejected
from connectors.sandbox.ids import to18
from connectors.sandbox.schema import NUMBER_TYPES, Field

Stored = str | int | float | None


def instant(moment: datetime) -> str:
    """`2026-03-02T09:00:00.000+0000`: milliseconds, UTC, no colon in the offset."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat("T", "milliseconds")[:23] + "+0000"


def moment(text: str) -> datetime:
    """An ISO 8601 instant; without an offset it is UTC. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def loaded(field: Field, value: object) -> Stored:
    """A generator's value as stored: trusted, only brought into form."""
    if value is None or value == "":
        return None
    if field.type == "datetime":
        return _loaded_instant(value)
    if field.type == "boolean":
        return int(bool(value))
    if isinstance(value, date):
        return value.isoformat()[:10]
    return value if isinstance(value, str | int | float) else str(value)


def _loaded_instant(value: object) -> str:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, str):
        return value if value.endswith("+0000") and len(value) == 28 else instant(moment(value))
    assert isinstance(value, date), f"{value!r} is no instant"
    return instant(datetime.combine(value, time(), UTC))


def received(field: Field, value: object) -> Stored:
    """A client's JSON value as stored, or the error Salesforce has for it."""
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        return 0 if field.type == "boolean" else None
    if field.type == "boolean":
        return _boolean(field, value)
    if field.type in NUMBER_TYPES:
        return _number(field, value)
    if field.type in ("date", "datetime"):
        return _time(field, str(value))
    if field.type in ("id", "reference"):
        return record_id(str(value), field.name)
    return _text(field, value)


def record_id(value: str, field: str = "Id") -> str:
    """The 18-character form of an id given with 15 or 18; MALFORMED_ID when it is none."""
    try:
        return to18(value)
    except ValueError:
        raise Rejected("MALFORMED_ID", f"{field}: bad id {value[:40]}", fields=(field,)) from None


def _unreadable(field: Field, value: object) -> Rejected:
    kind = {"boolean": "boolean", "date": "date", "datetime": "datetime"}.get(field.type, "double")
    message = (
        f"Cannot deserialize instance of {kind} from VALUE_STRING value {value!s:.80} or request may be missing a"
        " required field at [line:1, column:1]"
    )
    return Rejected("JSON_PARSER_ERROR", message)


def _boolean(field: Field, value: object) -> int:
    if value in (True, False):
        return int(bool(value))
    if str(value).lower() in ("true", "false", "1", "0"):
        return int(str(value).lower() in ("true", "1"))
    raise _unreadable(field, value)


def _number(field: Field, value: object) -> Stored:
    if isinstance(value, bool):
        raise _unreadable(field, value)
    try:
        number = float(str(value))
    except ValueError:
        raise _unreadable(field, value) from None
    if field.precision and abs(number) >= 10 ** (field.precision - field.scale):
        message = f"{field.name}: value outside of valid range on numeric field: {value}"
        raise Rejected("NUMBER_OUTSIDE_VALID_RANGE", message, fields=(field.name,))
    return int(number) if field.type == "int" else round(number, field.scale)


def _time(field: Field, value: str) -> str:
    try:
        if field.type == "datetime":
            return instant(moment(value))
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise _unreadable(field, value) from None


def _text(field: Field, value: object) -> str:
    if isinstance(value, dict | list):
        raise Rejected("JSON_PARSER_ERROR", f"Cannot deserialize instance of string from START_OBJECT: {field.name}")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if field.length and len(text) > field.length:
        message = f"{field.name}: data value too large: {text[:255]} (max length={field.length})"
        raise Rejected("STRING_TOO_LONG", message, fields=(field.name,))
    return text


def minute(moment_: datetime) -> datetime:
    """The whole minute an instant lies in, the grain of the deletion log."""
    return moment_ - timedelta(seconds=moment_.second, microseconds=moment_.microsecond)
