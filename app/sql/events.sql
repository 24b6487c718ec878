-- grain: one kind of event of one open deal that a rule may name; the last of its kind.
-- clock: when it happened, in the 15 days before; a request for help that stands in the next step, whenever it was made.
WITH happened AS (
    SELECT deal_id, 'stage_changed' AS event, entered_stage_at AS happened_at
    FROM stage_moves SEMI JOIN (FROM deal_history SELECT deal_id GROUP BY deal_id HAVING count(DISTINCT stage) > 1)
        USING (deal_id)
    UNION ALL
    SELECT deal_id, 'amount_cut', amount_changed_at FROM term_changes WHERE amount_change_share < 0
    UNION ALL
    SELECT deal_id, 'close_date_pushed', pushed_at FROM term_changes
    UNION ALL
    SELECT deal_id, 'owner_changed', owner_changed_at FROM deal_fields
    UNION ALL
    SELECT deal_id, 'help_requested', coalesce(next_step_at, created_at) FROM deal_state WHERE asks_for_help(next_step)
)
SELECT deal_id, event, happened_at
FROM happened SEMI JOIN (FROM deal_state WHERE is_open) USING (deal_id)
WHERE days_since(happened_at) < 15 OR event = 'help_requested'
