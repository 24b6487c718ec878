-- grain: one thing that an indicator may count: an activity with a customer that has happened, or a deal on its first day.
-- clock: the 18 months up to as of then. What is said of the deal is as of that moment, its segment and benchmarks as of then.
-- A deal counts for its first owner. A day is one where the rep is; what has no hour is of that day everywhere.
WITH first_owner AS (
    SELECT deal_id, arg_min(old, valid_from) AS owner_id
    FROM field_changes
    WHERE field = 'owner_id' AND NOT gone(deleted_at)
    GROUP BY deal_id
),
thing AS (
    SELECT 'activity' AS kind, touches.owner_id AS rep_id, touched_at AS happened_at, type AS channel, two_way, deal_id,
        coalesce(touches.account_id, deals.account_id) AS account_id, contact_id, has_no_hour
    FROM touches LEFT JOIN deals ON deals.id = deal_id
    WHERE coalesce(deal_id, touches.account_id, contact_id) IS NOT NULL
    UNION ALL
    SELECT 'deal', coalesce(first_owner.owner_id, deal.owner_id), created_at, NULL, NULL, deal_id, NULL, NULL,
        epoch_us(created_at) % 86400000000 = 0
    FROM deal_state AS deal LEFT JOIN first_owner USING (deal_id)
),
-- what a deal was before its first snapshot is what that says, or its own row where it has none
stood AS (
    SELECT deal_id, if(step = 1, TIMESTAMPTZ '1970-01-01 00:00:00+00', valid_from) AS since, stage, amount
    FROM deal_history
    QUALIFY row_number() OVER (PARTITION BY deal_id, since ORDER BY step DESC) = 1
    UNION ALL
    SELECT id, TIMESTAMPTZ '1970-01-01 00:00:00+00', stage, amount
    FROM deals ANTI JOIN deal_history ON deal_history.deal_id = deals.id
)
SELECT kind, rep_id, channel, two_way, thing.deal_id, contact_id, coalesce(survivor, account_id) AS account_id,
    CAST(timezone(if(has_no_hour, 'UTC', coalesce(zone, 'UTC')), happened_at) AS DATE) AS day,
    deal.name AS deal_name, account_name, deal.segment, deal.deal_type, deal.pipeline,
    stood.stage, stage_order.stage_position, stage_order.stage_share, stage_order.is_early,
    stood.amount / rate AS amount, segment_median_amount, segment_p75_amount
FROM thing
ASOF LEFT JOIN stood ON stood.deal_id = thing.deal_id AND thing.happened_at >= stood.since
LEFT JOIN deal_state AS deal ON deal.deal_id = thing.deal_id
LEFT JOIN stage_order ON stage_order.name = stood.stage AND stage_order.pipeline IS NOT DISTINCT FROM deal.pipeline
LEFT JOIN amount_benchmarks AS benchmark
    ON benchmark.segment IS NOT DISTINCT FROM deal.segment AND benchmark.compared_in IS NOT DISTINCT FROM deal.compared_in
LEFT JOIN customers ON customers.id = account_id
LEFT JOIN settings ON settings.id = rep_id
WHERE days_since(happened_at) < 548
