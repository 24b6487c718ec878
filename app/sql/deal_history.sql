-- grain: one snapshot of a deal whose history the CRM keeps, numbered by `step`, with what the ones before it said.
-- clock: valid_from, up to as of then.
-- The deal's own row is the last snapshot where it is at least as new: the history may have missed what it says.
-- Everything that looks along a deal's story is asked here, of one sort. A blank says nothing and is looked past;
-- position_before looks past closed stages too.
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
SELECT deal_id, valid_from, stage, amount, close_date, forecast_category, stage_position,
    row_number() OVER story AS step,
    lead(true) OVER story IS NULL AS is_last,
    stage IS DISTINCT FROM lag(stage IGNORE NULLS) OVER story AND stage IS NOT NULL AS is_move,
    lag(stage_position IGNORE NULLS) OVER story AS position_before,
    lag(amount IGNORE NULLS) OVER story AS amount_before,
    lag(close_date IGNORE NULLS) OVER story AS close_date_before
FROM snapshot
LEFT JOIN (SELECT id AS deal_id, pipeline FROM deals WHERE pipeline IS NOT NULL) AS process USING (deal_id)
LEFT JOIN stage_order ON stage_order.name = stage AND stage_order.pipeline IS NOT DISTINCT FROM process.pipeline
WINDOW story AS (PARTITION BY deal_id ORDER BY valid_from, is_own_row, id)
