-- grain: one deal with a history of its stage.
-- clock: when it entered the stages.
-- position_before is that of the last open stage before the move: a detour through a closed stage changes nothing.
SELECT deal_id,
    max(valid_from) AS entered_stage_at,
    count(*) FILTER (stage_position < position_before) AS stages_moved_back,
    max(valid_from) FILTER (stage_position < position_before) AS moved_back_at,
    count(*) FILTER (stage_position > position_before + 1) AS stages_skipped,
    max(valid_from) FILTER (stage_position > position_before + 1) AS skipped_at
FROM deal_history
WHERE is_move
GROUP BY deal_id
