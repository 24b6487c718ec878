-- grain: one stage of one pipeline: a deal of that pipeline is in it, or was.
-- clock: as of then; a deal without history was always where it is.
-- The CRM keeps one list of stages for all pipelines. Which of them a pipeline has, its deals show.
WITH process AS (
    SELECT id AS deal_id, pipeline, stage, changed_at, created_at, deleted_at FROM deals WHERE pipeline IS NOT NULL
),
told AS (
    SELECT deal_id, pipeline, deal_changes.stage
    FROM deal_changes JOIN process USING (deal_id)
    WHERE valid_from <= as_of() AND NOT gone(deal_changes.deleted_at)
)
SELECT pipeline, stage FROM told WHERE stage IS NOT NULL
UNION
SELECT pipeline, stage FROM process
WHERE stage IS NOT NULL AND there(created_at, deleted_at)
    AND (changed_at <= as_of() OR deal_id NOT IN (SELECT deal_id FROM told))
