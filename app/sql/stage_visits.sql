-- grain: one visit of a deal to a stage, an unbroken run of snapshots that name it.
-- clock: valid_from of the run's first snapshot; left_at is NULL while the visit lasts.
-- position_before is that of the last open stage before the visit: a detour through a closed stage changes nothing.
WITH visit AS (
    SELECT deal_id, step, stage, valid_from AS entered_at
    FROM deal_history
    WHERE stage IS NOT NULL
    QUALIFY stage IS DISTINCT FROM lag(stage) OVER (PARTITION BY deal_id ORDER BY step)
)
SELECT deal_id, stage, entered_at, stage_position,
    lead(entered_at) OVER story AS left_at,
    last_value(stage_position IGNORE NULLS)
        OVER (story ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS position_before
FROM visit LEFT JOIN stage_order ON stage_order.name = visit.stage
WINDOW story AS (PARTITION BY deal_id ORDER BY step)
