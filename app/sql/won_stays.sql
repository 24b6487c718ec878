-- grain: one open stage of one deal that was won; how long it stayed there, and its median days between activities.
-- clock: deals won within the 730 days before.
WITH won AS (
    SELECT deal_id, segment
    FROM deal_state JOIN stage_moves USING (deal_id)
    WHERE is_won AND days_since(entered_stage_at) < 730
),
visit AS (
    SELECT deal_id, segment, stage, entered_at, left_at
    FROM stage_visits JOIN won USING (deal_id)
    WHERE stage_position IS NOT NULL
),
stay AS (
    SELECT deal_id, segment, stage, sum(days_between(entered_at, left_at)) AS days FROM visit GROUP BY ALL
),
pause AS (
    SELECT deal_id, stage,
        days_between(lag(touched_at) OVER (PARTITION BY deal_id, entered_at ORDER BY touched_at), touched_at) AS days
    FROM visit JOIN touches USING (deal_id)
    WHERE touched_at >= entered_at AND touched_at < left_at
),
rhythm AS (
    SELECT deal_id, stage, median(days) AS touch_gap FROM pause GROUP BY deal_id, stage
)
SELECT segment, stage, days, touch_gap FROM stay LEFT JOIN rhythm USING (deal_id, stage)
