-- grain: one segment and currency of comparison that some deal has (NULL is one of either here).
-- clock: deals created in the 365 days before, with their amount as of then.
-- Fewer than 10 deals in the segment: the whole org's. Amounts in another currency are never compared.
WITH recent AS (
    SELECT compared_in, segment, amount FROM deal_state WHERE amount > 0 AND days_since(created_at) < 365
),
everywhere AS (
    SELECT compared_in, median(amount) AS median_amount, quantile_cont(amount, 0.75) AS p75_amount
    FROM recent GROUP BY compared_in
),
within AS (
    SELECT compared_in, segment, median(amount) AS median_amount, quantile_cont(amount, 0.75) AS p75_amount
    FROM recent WHERE segment IS NOT NULL GROUP BY compared_in, segment HAVING count(*) >= 10
)
SELECT kind.compared_in, kind.segment,
    coalesce(within.median_amount, everywhere.median_amount) AS segment_median_amount,
    coalesce(within.p75_amount, everywhere.p75_amount) AS segment_p75_amount
FROM (SELECT DISTINCT compared_in, segment FROM deal_state) AS kind
LEFT JOIN everywhere ON everywhere.compared_in IS NOT DISTINCT FROM kind.compared_in
LEFT JOIN within ON within.compared_in IS NOT DISTINCT FROM kind.compared_in AND within.segment = kind.segment
