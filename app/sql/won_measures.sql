-- grain: one measure of one deal that was won, in one of its open stages; `stage` is NULL for one of the whole deal.
-- clock: deals won within the 730 days before; contacts and meetings are those until the deal left the stage.
-- A won deal of which no contact is known had one all the same: it says nothing about contacts.
WITH won AS (
    SELECT deal_id, segment, created_at, entered_stage_at AS won_at
    FROM deal_state JOIN stage_moves USING (deal_id)
    WHERE is_won AND days_since(entered_stage_at) < 730
),
visit AS (
    SELECT deal_id, segment, stage, stage_position, valid_from AS entered_at,
        lead(valid_from) OVER (PARTITION BY deal_id ORDER BY step) AS left_at
    FROM deal_history JOIN won USING (deal_id)
    WHERE is_move
),
stay AS (
    SELECT deal_id, segment, stage, sum(days_between(entered_at, left_at)) AS days_in_stage, max(left_at) AS left_at
    FROM visit WHERE stage_position IS NOT NULL
    GROUP BY deal_id, segment, stage
),
pause AS (
    SELECT deal_id, stage,
        days_between(lag(touched_at) OVER (PARTITION BY deal_id, entered_at ORDER BY touched_at), touched_at) AS days
    FROM visit JOIN touches USING (deal_id)
    WHERE asked('won_median_touch_gap_days') AND stage_position IS NOT NULL
        AND touched_at >= entered_at AND touched_at < left_at
),
rhythm AS (
    SELECT deal_id, stage, median(days) AS touch_gap_days FROM pause GROUP BY deal_id, stage
),
part AS (
    SELECT deal_id, contact_id, min(touched_at) AS since, false AS has_role
    FROM touches SEMI JOIN won USING (deal_id)
    GROUP BY deal_id, contact_id
    UNION ALL
    SELECT deal_id, contact_id, created_at, true FROM deal_contacts WHERE there(created_at, deleted_at)
),
company AS (
    SELECT deal_id, stage, nullif(count(DISTINCT contact_id), 0)::DOUBLE AS contacts
    FROM stay JOIN part USING (deal_id)
    WHERE (asked('won_median_contacts') OR asked('won_median_meetings')) AND coalesce(since < left_at, has_role)
    GROUP BY deal_id, stage
),
met AS (
    SELECT deal_id, stage, count(*)::DOUBLE AS meetings
    FROM stay JOIN touches USING (deal_id)
    WHERE asked('won_median_meetings') AND is_meeting AND touched_at < left_at
    GROUP BY deal_id, stage
),
in_stage AS (
    SELECT segment, stage, days_in_stage, touch_gap_days, contacts,
        if(company.deal_id IS NULL, NULL, coalesce(meetings, 0)) AS meetings
    FROM stay
    LEFT JOIN rhythm USING (deal_id, stage)
    LEFT JOIN company USING (deal_id, stage)
    LEFT JOIN met USING (deal_id, stage)
)
SELECT measure, segment, stage, value
FROM (UNPIVOT in_stage ON days_in_stage, touch_gap_days, contacts, meetings INTO NAME measure VALUE value)
UNION ALL
SELECT 'cycle_days', segment, NULL, days_between(created_at, won_at) FROM won WHERE won_at >= created_at
