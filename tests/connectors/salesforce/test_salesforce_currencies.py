"""What currencies are worth is read whole once a day, and costs nothing where an org has only one."""

from datetime import date

from connectors.records import CurrencyRate


def load_rates(place):
    """Euros as the org's own, yen by one rate, dollars by rates that hold from a day on."""
    types = [("EUR", 1.0, True), ("JPY", 160.0, False), ("USD", 1.2, False)]
    rows = [
        {"IsoCode": code, "ConversionRate": rate, "DecimalPlaces": 2, "IsCorporate": own} for code, rate, own in types
    ]
    place.org.load("CurrencyType", rows)
    dated = [("2026-01-01", 1.1), ("2026-02-01", 1.05)]
    place.org.load(
        "DatedConversionRate", [{"IsoCode": "USD", "StartDate": day, "ConversionRate": rate} for day, rate in dated]
    )


def test_an_org_with_several_currencies_tells_what_they_are_worth(worldwide):
    """Its rates with and without a day; and deals say theirs."""
    load_rates(worldwide)
    deal = worldwide.deal(Amount=500, CurrencyIsoCode="JPY")
    changes, _ = worldwide.pull("currency_rate")
    told = sorted((c.record.currency, c.record.valid_from or date.min, c.record.rate) for c in changes)
    assert told == [
        ("EUR", date.min, 1.0),
        ("JPY", date.min, 160.0),
        ("USD", date.min, 1.2),
        ("USD", date(2026, 1, 1), 1.1),
        ("USD", date(2026, 2, 1), 1.05),
    ]
    assert all(isinstance(change.record, CurrencyRate) for change in changes)
    (told_deal,) = worldwide.pull("deal")[0]
    assert (told_deal.id, told_deal.record.currency) == (deal, "JPY")


def test_rates_are_looked_for_once_a_day(worldwide):
    """A new rate comes home with the next day's first pull, and the pulls between cost no call."""
    load_rates(worldwide)
    known = worldwide.connector()
    known.check()
    cursor = worldwide.pages("currency_rate")[-1].cursor
    connector, heard = worldwide.connector(), worldwide.listen()
    list(connector.pull("user", None))
    begun = len(heard)
    assert list(connector.pull("currency_rate", cursor)) == []
    assert len(heard) == begun
    new = {"IsoCode": "USD", "StartDate": "2026-03-01", "ConversionRate": 1.3}
    worldwide.org.load("DatedConversionRate", [new])
    worldwide.wait(hours=25)
    list(connector.pull("user", None))
    rates = {(c.record.currency, c.record.rate) for c in worldwide.pull("currency_rate", cursor)[0]}
    assert ("USD", 1.3) in rates


def test_an_org_with_one_currency_is_not_asked_again_that_day(place):
    """That there are no rates is remembered, and `check` does not complain."""
    connector = place.connector()
    assert [check.name for check in connector.check() if "Currency" in check.name or "Rate" in check.name] == []
    pages = list(connector.pull("currency_rate", None))
    assert sum(page.records.num_rows for page in pages) == 0
    heard = place.listen()
    assert list(connector.pull("currency_rate", pages[-1].cursor)) == []
    assert heard == []
    (census,) = connector.census("currency_rate")
    assert (census.records.num_rows, census.cursor) == (0, "")


def test_a_census_of_rates_is_in_the_order_of_their_ids(worldwide):
    """As every census, though these objects cannot be asked for in an order."""
    load_rates(worldwide)
    pages = list(worldwide.connector().census("currency_rate"))
    ids = [id for page in pages for id in page.records.column("id").to_pylist()]
    assert (len(ids), ids, pages[-1].cursor) == (5, sorted(ids), "")
    assert worldwide.connector().present("currency_rate", ids) == set(ids)


def test_more_rates_than_an_answer_holds_are_all_read(worldwide):
    """Twenty currencies by the month for ten years: rates cannot be asked for in pages, so their answer is followed."""
    months = [date(2016 + n // 12, n % 12 + 1, 1) for n in range(120)]
    codes = [f"X{n:02d}" for n in range(20)]
    rows = [{"IsoCode": code, "ConversionRate": 1.1, "StartDate": day} for code in codes for day in months]
    worldwide.org.load("DatedConversionRate", rows)
    assert len(worldwide.pull("currency_rate")[0]) == 2400
    pages = list(worldwide.connector().census("currency_rate"))
    ids = [id for page in pages for id in page.records.column("id").to_pylist()]
    assert len(ids) == len(set(ids)) == 2400
    assert worldwide.connector().present("currency_rate", ids) == set(ids)
