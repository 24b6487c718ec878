-- grain: one snapshot of a deal whose history the CRM keeps, numbered by `step`.
-- clock: valid_from, up to as of then.
-- The deal's own row is the last snapshot where it is at least as new: the history may have missed what it says.
WITH tracked AS (
    SELECT deal_id, valid_from, id, stage, amount, close_date, forecast_category
    FROM deal_changes
    WHERE valid_from <= as_of() AND NOT gone(deleted_at)
),
latest AS (
    SELECT deal_id, max(valid_from) AS valid_from FROM tracked GROUP BY deal_id
),
snapshot AS (
    SELECT *, false AS is_own_row FROM tracked
    UNION ALL
    SELECT deals.id, changed_at, deals.id, stage, amount, close_date, forecast_category, true
    FROM deals JOIN latest ON latest.deal_id = deals.id
    WHERE changed_at >= latest.valid_from AND changed_at <= as_of()
)
SELECT *, row_number() OVER (PARTITION BY deal_id ORDER BY valid_from, is_own_row, id) AS step
FROM snapshot
