-- grain: one stage of one pipeline, by the name that deals carry; deals of no pipeline (NULL) may have every stage.
-- clock: the CRM keeps no history of its stages; one that is gone as of then counts as inactive.
-- An inactive open stage stands where the nearest active one before it stands, at least at 1; stages of one sort order
-- stand side by side, and where all have the same one, nobody knows where any of them stands.
-- Early is what the org says is early (early_stages), as long as the pipeline has one of those stages.
WITH stage AS (
    SELECT id, name, sort_order, closed, won, active AND NOT gone(deleted_at) AS in_use,
        lower(trim(name)) IN (SELECT lower(trim(name)) FROM early_stages) AS said_early
    FROM stages
    QUALIFY row_number() OVER (PARTITION BY name ORDER BY in_use DESC, sort_order, id) = 1
),
place AS (
    SELECT NULL AS pipeline, * FROM stage
    UNION ALL
    SELECT pipeline, stage.* FROM pipeline_stages JOIN stage ON stage.name = pipeline_stages.stage
    UNION -- what a deal that is looked at alone has come to since the morning
    SELECT pipeline, stage.* FROM deals JOIN stage ON stage.name = deals.stage
    WHERE pipeline IS NOT NULL AND changed_at <= as_of()
),
counted AS (
    SELECT *,
        bool_or(said_early) OVER own AS is_mapped,
        count(*) FILTER (in_use AND NOT closed) OVER own AS open_stages,
        count(DISTINCT sort_order) FILTER (in_use AND NOT closed) OVER own AS steps,
        count(DISTINCT sort_order) FILTER (in_use AND NOT closed) OVER (PARTITION BY pipeline ORDER BY sort_order) AS step
    FROM place
    WINDOW own AS (PARTITION BY pipeline)
)
SELECT pipeline, name, closed, won,
    CASE WHEN NOT closed AND (steps > 1 OR open_stages = 1) THEN greatest(step, 1) END AS stage_position,
    stage_position / steps AS stage_share,
    CASE WHEN closed THEN NULL WHEN is_mapped THEN said_early ELSE stage_position = 1 OR stage_share <= 0.4 END AS is_early
FROM counted
