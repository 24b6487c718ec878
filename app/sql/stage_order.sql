-- grain: one stage, by the name that deals carry.
-- clock: the CRM keeps no history of its stages; one that is gone as of then counts as inactive.
-- An inactive open stage stands where the nearest active one before it stands, at least at 1; stages of one sort order
-- stand side by side, and where all have the same one, nobody knows where any of them stands.
-- Early is what the org says is early (early_stages), as long as one of those stages is there.
WITH stage AS (
    SELECT id, name, sort_order, closed, won, active AND NOT gone(deleted_at) AS in_use,
        lower(trim(name)) IN (SELECT lower(trim(name)) FROM early_stages) AS said_early
    FROM stages
    QUALIFY row_number() OVER (PARTITION BY name ORDER BY in_use DESC, sort_order, id) = 1
),
counted AS (
    SELECT *,
        bool_or(said_early) OVER () AS is_mapped,
        count(*) FILTER (in_use AND NOT closed) OVER () AS steps,
        count(*) FILTER (in_use AND NOT closed) OVER (ORDER BY sort_order) AS steps_so_far,
        count(*) FILTER (in_use AND NOT closed) OVER (PARTITION BY sort_order) AS abreast,
        max(sort_order) FILTER (in_use AND NOT closed) OVER () > min(sort_order) FILTER (in_use AND NOT closed) OVER ()
            AS is_ordered
    FROM stage
)
SELECT name, closed, won,
    CASE WHEN NOT closed AND (is_ordered OR steps = 1)
        THEN greatest(steps_so_far - greatest(abreast - 1, 0), 1) END AS stage_position,
    stage_position / steps AS stage_share,
    CASE WHEN closed THEN NULL WHEN is_mapped THEN said_early ELSE stage_position = 1 OR stage_share <= 0.4 END AS is_early
FROM counted
