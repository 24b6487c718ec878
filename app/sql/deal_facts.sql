-- grain: one deal that existed as of then, open or closed; its columns are the words of a deal, in their order.
-- clock: as the tables it is made from.
WITH commit_category(name) AS (
    VALUES ('commit'), ('forecast') -- Salesforce's own value for commit is Forecast
),
coached AS (
    SELECT deal_id, count(coached_at) AS coachings, max(coached_at) AS coached_at,
        count(*) FILTER (is_waiting) AS open_coaching_items
    FROM coaching GROUP BY deal_id
),
asked AS (
    SELECT deal_id, max(happened_at) AS asked_at FROM deal_events
    WHERE event = 'help_requested' AND happened_at <= as_of() AND days_since(happened_at) < 15
    GROUP BY deal_id
)
SELECT
    deal_id, deal.name AS deal_name, owner_id, owner_name, owner_active, owner_role, manager_id,
    account_name, deal.segment, deal_type, pipeline, deal.currency, rate_date,
    if(rate IS NULL, 'There is no rate for ' || deal.currency || '.', NULL) AS amount_gap,
    is_open, deal.stage, stage_position, stage_share, is_early,
    forecast_category,
    lower(forecast_category) IN (SELECT name FROM commit_category) AS is_commit,
    amount,
    if(rate <> 1, deal.currency || format(' {:,.0f} at the rate of ', (amount * rate)::DOUBLE) || rate_date, NULL)
        AS amount_basis,
    segment_median_amount, segment_p75_amount,
    days_since(deal.created_at) AS age_days,
    days_since(entered_stage_at) AS days_in_stage,
    stages_moved_back, days_since(moved_back_at) AS days_since_moved_back,
    stages_skipped, days_since(skipped_at) AS days_since_skipped,
    close_date,
    close_date - today() AS days_to_close,
    CASE WHEN close_date < today() THEN today() - close_date WHEN close_date >= today() THEN 0 END AS overdue_days,
    close_date_pushes, days_since(pushed_at) AS days_since_push,
    amount_change_share, amount_before / rate AS amount_before, days_since(amount_changed_at) AS days_since_amount_change,
    days_since(touched_at) AS days_since_any,
    days_since(two_way_at) AS days_since_two_way,
    days_since(decision_maker_at) AS days_since_decision_maker,
    coalesce(activities_30d, 0) AS activities_30d,
    coalesce(meetings_held, 0) AS meetings_held,
    coalesce(meetings_booked, 0) AS meetings_booked,
    coalesce(meetings_booked, 0) > 0 AS has_future_meeting,
    coalesce(contacts, 0) AS contacts, if(keeps_roles, coalesce(decision_makers, 0), NULL) AS decision_makers,
    next_step, days_since(next_step_at) AS next_step_age_days,
    CASE WHEN asks_for_help(next_step) OR asked_at > coalesce(coached.coached_at, asked_at - INTERVAL 1 DAY) THEN true
        WHEN next_step IS NOT NULL OR writes_next_steps THEN false END AS help_requested,
    days_since(owner_since) AS owner_tenure_days,
    if(owner_id IS NULL OR deal.segment IS NULL, NULL,
        deal.created_at <= coalesce(first_at, deal.created_at)) AS owner_new_to_segment,
    capture_coverage,
    won.days_in_stage_value AS won_median_days_in_stage, won.days_in_stage_n AS won_median_days_in_stage_n,
    won.days_in_stage_basis AS won_median_days_in_stage_basis,
    won.touch_gap_days_value AS won_median_touch_gap_days, won.touch_gap_days_n AS won_median_touch_gap_days_n,
    won.touch_gap_days_basis AS won_median_touch_gap_days_basis,
    won.contacts_value AS won_median_contacts, won.contacts_n AS won_median_contacts_n,
    won.contacts_basis AS won_median_contacts_basis,
    won.meetings_value AS won_median_meetings, won.meetings_n AS won_median_meetings_n,
    won.meetings_basis AS won_median_meetings_basis,
    won.cycle_days_value AS won_median_cycle_days, won.cycle_days_n AS won_median_cycle_days_n,
    won.cycle_days_basis AS won_median_cycle_days_basis,
    coalesce(coachings, 0) AS coachings,
    days_since(coached.coached_at) AS days_since_coached,
    coalesce(open_coaching_items, 0) AS open_coaching_items
FROM deal_state AS deal
CROSS JOIN habits
LEFT JOIN first_deals USING (owner_id, segment)
LEFT JOIN stage_moves USING (deal_id)
LEFT JOIN term_changes USING (deal_id)
LEFT JOIN contact USING (deal_id)
LEFT JOIN buyers USING (deal_id)
LEFT JOIN coached USING (deal_id)
LEFT JOIN asked USING (deal_id)
LEFT JOIN capture USING (owner_id)
LEFT JOIN amount_benchmarks AS benchmark
    ON benchmark.segment IS NOT DISTINCT FROM deal.segment AND benchmark.compared_in IS NOT DISTINCT FROM deal.compared_in
LEFT JOIN won_benchmarks AS won ON is_open AND won.stage = deal.stage
    -- a segment that no deal had when all of them were looked at is held against the org
    AND won.segment IS NOT DISTINCT FROM if(deal.segment IN (SELECT segment FROM won_benchmarks), deal.segment, NULL)
