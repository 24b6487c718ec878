-- grain: one deal with a history; how its close date and amount moved.
-- clock: valid_from of the snapshots. A snapshot that leaves a date or amount blank is passed over.
-- The changes of the amount in the 14 days up to the last one are one: two small cuts are a large one.
WITH term AS (
    SELECT deal_id,
        count(close_date) AS close_dates,
        count(*) FILTER (date_trunc('month', close_date) > date_trunc('month', close_date_before)) AS pushes,
        max(valid_from) FILTER (date_trunc('month', close_date) > date_trunc('month', close_date_before)) AS pushed_at,
        max(valid_from) FILTER (amount <> amount_before) AS amount_changed_at
    FROM deal_history
    GROUP BY deal_id
),
change AS (
    SELECT deal_id, arg_min(amount_before, step) AS amount_before, arg_max(amount, step) AS amount
    FROM deal_history JOIN term USING (deal_id)
    WHERE amount <> amount_before AND valid_from > amount_changed_at - INTERVAL 14 DAY
    GROUP BY deal_id
)
SELECT deal_id,
    if(close_dates > 0, pushes, NULL) AS close_date_pushes, pushed_at,
    amount_changed_at, amount_before,
    (amount - amount_before) / nullif(abs(amount_before), 0) AS amount_change_share
FROM term LEFT JOIN change USING (deal_id)
