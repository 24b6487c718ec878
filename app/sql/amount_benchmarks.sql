-- grain: one segment and currency that some deal has (NULL is a segment and a currency here).
-- clock: deals created in the 365 days before, with their amount as of then.
-- Fewer than 10 deals in the segment: the whole org's. Amounts in another currency are never compared.
WITH recent AS (
    SELECT currency, segment, amount FROM deal_state WHERE amount > 0 AND days_since(created_at) < 365
),
everywhere AS (
    SELECT currency, median(amount) AS median_amount, quantile_cont(amount, 0.75) AS p75_amount
    FROM recent GROUP BY currency
),
within AS (
    SELECT currency, segment, median(amount) AS median_amount, quantile_cont(amount, 0.75) AS p75_amount
    FROM recent WHERE segment IS NOT NULL GROUP BY currency, segment HAVING count(*) >= 10
)
SELECT kind.currency, kind.segment,
    coalesce(within.median_amount, everywhere.median_amount) AS segment_median_amount,
    coalesce(within.p75_amount, everywhere.p75_amount) AS segment_p75_amount
FROM (SELECT DISTINCT currency, segment FROM deal_state) AS kind
LEFT JOIN everywhere ON everywhere.currency IS NOT DISTINCT FROM kind.currency
LEFT JOIN within ON within.currency IS NOT DISTINCT FROM kind.currency AND within.segment = kind.segment
