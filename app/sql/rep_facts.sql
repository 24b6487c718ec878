-- grain: one active user with an open deal or a manager; its columns are the words of a rep, in their order.
-- clock: as the tables it is made from.
WITH book AS (
    SELECT owner_id AS id,
        count(*) FILTER (is_open) AS open_deals,
        count(*) FILTER (is_open AND is_early) AS early_deals,
        count(*) FILTER (days_since(created_at) < 28) AS new_deals_28d
    FROM deal_state GROUP BY owner_id
),
work AS (
    SELECT owner_id AS id,
        count(*) FILTER (days_since(touched_at) < 7) AS activities_7d,
        count(*) FILTER (is_meeting AND days_since(touched_at) < 7) AS meetings_held_7d,
        count(*) FILTER (is_meeting AND days_since(touched_at) < 28) AS meetings_held_28d
    FROM touches WHERE asked('activities_7d') OR asked('meetings_held') GROUP BY owner_id
),
coached AS (
    SELECT rep_id AS id, max(coached_at) AS coached_at,
        count(*) FILTER (days_since(coached_at) < 28) AS coachings_28d,
        count(*) FILTER (is_waiting) AS open_coaching_items
    FROM coaching GROUP BY rep_id
),
known AS (
    SELECT days_since(min(opened_at)) AS coaching_known_days FROM coaching
)
SELECT
    id AS rep_id, people.name AS rep_name, active AS rep_active, role AS rep_role, manager_id,
    days_since(people.created_at) AS tenure_days,
    coalesce(open_deals, 0) AS open_deals,
    coalesce(early_deals, 0) AS early_deals,
    coalesce(new_deals_28d, 0) AS new_deals_28d,
    activities_7d, meetings_held_7d, meetings_held_28d,
    capture_coverage,
    new_deals_28d_p25, pipeline_coverage,
    open_commitments, commitment_late_days,
    coalesce(coachings_28d, 0) AS coachings_28d,
    days_since(coached_at) AS days_since_coached,
    coalesce(open_coaching_items, 0) AS open_coaching_items,
    coaching_known_days
FROM people
CROSS JOIN known
LEFT JOIN book USING (id)
LEFT JOIN work USING (id)
LEFT JOIN coached USING (id)
LEFT JOIN capture ON capture.owner_id = id
LEFT JOIN supply ON supply.owner_id = id
LEFT JOIN commitments ON commitments.owner_id = id
WHERE active AND (coalesce(open_deals, 0) > 0 OR manager_id IS NOT NULL)
