-- CurrencyType: rates without a day
SELECT
    needed(instant(stamp)) AS changed_at,
    false AS deleted,
    Id AS id,
    needed(IsoCode) AS currency,
    NULL AS valid_from,
    needed(number(ConversionRate)) AS rate
FROM rows
