-- grain: one deal that existed, open or closed.
-- clock: stage, amount, close date, forecast, owner and next step as of then; the rest is today's.
-- A deal without history as of then stands as its row says: there is nothing to undo it with.
WITH last AS (
    SELECT * FROM deal_history WHERE is_last
),
deal AS (
    SELECT deals.id AS deal_id, deals.name, deals.account_id, deals.pipeline, deals.currency, deals.deal_type, deals.created_at,
        last.deal_id IS NOT NULL AS has_history,
        coalesce(last.stage, deals.stage) AS stage,
        deals.stage = coalesce(last.stage, deals.stage) AS in_same_stage, deals.closed, deals.won,
        if(has_history, last.amount, deals.amount) AS amount,
        if(has_history, last.close_date, deals.close_date) AS close_date,
        if(has_history, last.forecast_category, deals.forecast_category) AS forecast_category,
        if(coalesce(owner_changed, false), owner_then, deals.owner_id) AS owner_id,
        if(coalesce(next_step_changed, false), next_step_then, deals.next_step) AS next_step,
        next_step_at
    FROM deals
    LEFT JOIN last ON last.deal_id = deals.id
    LEFT JOIN deal_fields ON deal_fields.deal_id = deals.id
    WHERE there(deals.created_at, deals.deleted_at)
)
SELECT deal.* EXCLUDE (in_same_stage, closed, won, owner_id, next_step, account_id, has_history, amount),
    deal.amount / rate AS amount, rate, rate_date, compared_in,
    NOT if(in_same_stage, deal.closed, coalesce(stage_order.closed, false)) AS is_open,
    if(in_same_stage, deal.won, coalesce(stage_order.won, false)) AS is_won,
    stage_position, stage_share, is_early,
    nullif(trim(next_step), '') AS next_step,
    customers.name AS account_name, customers.segment,
    people.id AS owner_id, people.name AS owner_name, people.active AS owner_active, people.role AS owner_role,
    people.manager_id, people.created_at AS owner_since
FROM deal
LEFT JOIN rates ON rates.currency IS NOT DISTINCT FROM deal.currency
LEFT JOIN stage_order ON stage_order.name = deal.stage AND stage_order.pipeline IS NOT DISTINCT FROM deal.pipeline
LEFT JOIN customers ON customers.id = deal.account_id
LEFT JOIN people ON people.id = deal.owner_id
