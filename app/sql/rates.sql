-- grain: one currency that some deal has (NULL is a currency here), with what its amounts are divided by.
-- clock: the latest rate that began by then, for amounts of any day.
-- With rates, all money is the org's own; without any, amounts stay as they are and meet only their own kind.
WITH dated AS (
    SELECT currency, arg_max(rate, valid_from) AS rate, max(valid_from) AS rate_date
    FROM currency_rates
    WHERE valid_from <= today() AND rate > 0 AND isfinite(rate)
    GROUP BY currency
),
known AS (
    SELECT count(*) > 0 AS are_known FROM currency_rates
)
SELECT kind.currency, rate_date,
    if(are_known AND kind.currency IS NOT NULL, rate, 1) AS rate,
    if(are_known, NULL, kind.currency) AS compared_in
FROM (SELECT DISTINCT currency FROM deals) AS kind
CROSS JOIN known
LEFT JOIN dated ON dated.currency = kind.currency
