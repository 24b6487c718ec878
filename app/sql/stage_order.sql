-- grain: one stage, by the name that deals carry.
-- clock: the CRM keeps no history of its stages; one that is gone as of then counts as inactive.
-- An inactive open stage stands where the nearest active one before it stands, at least at 1.
WITH stage AS (
    SELECT id, name, sort_order, closed, won, active AND NOT gone(deleted_at) AS in_use
    FROM stages
    QUALIFY row_number() OVER (PARTITION BY name ORDER BY in_use DESC, sort_order, id) = 1
),
counted AS (
    SELECT *,
        count(*) FILTER (in_use AND NOT closed) OVER () AS steps,
        count(*) FILTER (in_use AND NOT closed) OVER (ORDER BY sort_order, in_use DESC, id) AS steps_so_far
    FROM stage
)
SELECT name, closed, won,
    CASE WHEN NOT closed AND steps > 0 THEN greatest(steps_so_far, 1) END AS stage_position,
    stage_position / steps AS stage_share,
    stage_position = 1 OR stage_share <= 0.4 AS is_early
FROM counted
