"""What an indicator counts, as SQL over one table of everything that can be counted."""

from collections.abc import Iterator, Sequence

from coaching_rules import conditions
from coaching_rules.indicators.model import Counted, Indicator
from coaching_rules.vocabulary import VOCABULARIES

_NONE = "SELECT NULL::VARCHAR AS rep_id, NULL::VARCHAR AS indicator_id, NULL::DATE AS day, 0 AS count WHERE false"
_WAS_QUIET = (
    "QUALIFY coalesce(day - max(day) OVER (PARTITION BY thing ORDER BY day"
    " RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 DAY PRECEDING) > {days}, true)"
)


def counting(indicators: Sequence[Indicator]) -> str:
    """A DuckDB query: rep_id, indicator_id, day, count, from the table `countable`.

    `countable` has a row for each activity and deal (`kind`): rep_id, day, channel, two_way, deal_id, account_id,
    contact_id, and the words of the deal it was about, as of that moment.
    """
    words = ", ".join(conditions.column(word) for word in VOCABULARIES["counted"].values())
    things = f"SELECT kind, rep_id, day, channel, two_way, deal_id, account_id, contact_id, {words} FROM countable"
    return f"WITH things AS ({things})\n" + "\nUNION ALL\n".join([_NONE, *map(_count, indicators)])


def _count(indicator: Indicator) -> str:
    counted = indicator.counts
    thing, count = ("NULL", "count(*)") if counted.once == "each" else (f"{counted.once}_id", "count(DISTINCT thing)")
    return (
        f"SELECT rep_id, '{indicator.id}', day, {count} FROM ("
        f"SELECT rep_id, day, {thing} AS thing FROM things WHERE {' AND '.join(_chosen(counted))}"
        f" {_WAS_QUIET.format(days=counted.quiet_days) if counted.quiet_days else ''}) GROUP BY rep_id, day"
    )


def _chosen(counted: Counted) -> Iterator[str]:
    yield f"kind = '{counted.of}'"
    if counted.channels:
        yield f"channel IN ({', '.join(repr(channel) for channel in counted.channels)})"
    if counted.two_way:
        yield "two_way"
    if counted.once != "each":
        yield f"{counted.once}_id IS NOT NULL"
    if counted.when:
        yield conditions.parse(counted.when, "counted").sql
