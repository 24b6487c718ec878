-- grain: one currency that some deal has (NULL is a currency here), with what its amounts are divided by.
-- clock: the latest rate that began by then, for amounts of any day; one without a day holds until one that has begun.
-- With rates, all money is the org's own; without any, amounts stay as they are and meet only their own kind.
WITH dated AS (
    SELECT currency, rate, coalesce(valid_from, CAST(changed_at AS DATE)) AS rate_date
    FROM currency_rates
    WHERE coalesce(valid_from <= today(), true) AND rate > 0 AND isfinite(rate) AND NOT gone(deleted_at)
    QUALIFY row_number() OVER (PARTITION BY currency ORDER BY valid_from DESC NULLS LAST, changed_at DESC) = 1
),
known AS (
    SELECT count(*) > 0 AS are_known FROM currency_rates WHERE NOT gone(deleted_at)
)
SELECT kind.currency, rate_date,
    if(are_known AND kind.currency IS NOT NULL, rate, 1) AS rate,
    if(are_known, NULL, kind.currency) AS compared_in
FROM (SELECT DISTINCT currency FROM deals) AS kind
CROSS JOIN known
LEFT JOIN dated ON dated.currency = kind.currency
