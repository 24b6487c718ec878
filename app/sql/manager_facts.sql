-- grain: one active user to whom an active user reports; its columns are the words of a manager, in their order.
-- clock: as the tables it is made from.
WITH team AS (
    SELECT manager_id AS id, count(*) AS reps FROM people WHERE active AND manager_id <> id GROUP BY manager_id
),
book AS (
    SELECT manager_id AS id, count(*) FILTER (is_open) AS open_deals, count(*) FILTER (is_open AND is_early) AS early_deals
    FROM deal_state GROUP BY manager_id
),
talk AS (
    SELECT *, days_since(coached_at) < 28 AS is_recent FROM coaching
),
held AS (
    SELECT manager_id AS id,
        count(*) FILTER (is_recent) AS coachings_28d,
        count(deal_id) FILTER (is_recent) AS deal_coachings_28d,
        count(deal_id) FILTER (is_recent AND early) AS early_coachings_28d,
        count(*) FILTER (is_waiting) AS open_coaching_items
    FROM talk GROUP BY manager_id
),
area AS (
    SELECT manager_id AS id, area AS main_area, count(*) AS talks, sum(talks) OVER (PARTITION BY manager_id) AS all_talks
    FROM talk WHERE is_recent AND area IS NOT NULL
    GROUP BY manager_id, area
    QUALIFY row_number() OVER (PARTITION BY manager_id ORDER BY talks DESC, area) = 1 AND all_talks >= 5
)
SELECT
    id AS manager_id, people.name AS manager_name, active AS manager_active, role AS manager_role,
    manager_id AS leader_id,
    reps, coalesce(open_deals, 0) AS open_deals, coalesce(early_deals, 0) AS early_deals,
    coalesce(coachings_28d, 0) AS coachings_28d, coalesce(deal_coachings_28d, 0) AS deal_coachings_28d,
    if(deal_coachings_28d >= 5, early_coachings_28d / deal_coachings_28d, NULL) AS early_coaching_share,
    main_area, talks / all_talks AS main_area_share,
    coalesce(open_coaching_items, 0) AS open_coaching_items
FROM people
JOIN team USING (id)
LEFT JOIN book USING (id)
LEFT JOIN held USING (id)
LEFT JOIN area USING (id)
WHERE active
