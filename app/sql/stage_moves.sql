-- grain: one deal with a history of its stage.
-- clock: when it entered the stages.
SELECT deal_id,
    max(entered_at) AS entered_stage_at,
    count(*) FILTER (stage_position < position_before) AS stages_moved_back,
    max(entered_at) FILTER (stage_position < position_before) AS moved_back_at,
    count(*) FILTER (stage_position > position_before + 1) AS stages_skipped,
    max(entered_at) FILTER (stage_position > position_before + 1) AS skipped_at
FROM stage_visits
GROUP BY deal_id
