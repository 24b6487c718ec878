-- grain: one deal with a history; how its close date and amount moved.
-- clock: valid_from of the snapshots. A snapshot that leaves a date or amount blank is passed over.
WITH snapshot AS (
    SELECT *, amount <> amount_before AS is_change,
        date_trunc('month', close_date) > date_trunc('month', close_date_before) AS is_push
    FROM deal_history
)
SELECT deal_id,
    CASE WHEN count(close_date) > 0 THEN count(*) FILTER (is_push) END AS close_date_pushes,
    max(valid_from) FILTER (is_push) AS pushed_at,
    max(valid_from) FILTER (is_change) AS amount_changed_at,
    arg_max(amount_before, step) FILTER (is_change) AS amount_before,
    arg_max((amount - amount_before) / nullif(abs(amount_before), 0), step) FILTER (is_change) AS amount_change_share
FROM snapshot
GROUP BY deal_id
