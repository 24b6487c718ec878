-- DatedConversionRate
SELECT
    needed(instant(stamp)) AS changed_at,
    false AS deleted,
    Id AS id,
    needed(IsoCode) AS currency,
    needed(day(StartDate)) AS valid_from,
    needed(number(ConversionRate)) AS rate
FROM rows
