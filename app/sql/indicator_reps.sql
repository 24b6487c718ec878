-- grain: one rep whom indicators are about: an active user who sells, and to whom nobody active reports.
-- clock: as rep_facts; work of the 26 weeks before. Who sells has an open deal, made one, or had something to do with
-- customers on five days: office staff have a manager too, and would be coached for doing nothing and be compared with.
-- Comparable reps have the same role; those without one are compared with each other.
WITH sellers AS (
    SELECT rep_id
    FROM countable
    WHERE day >= today() - 182
    GROUP BY rep_id
    HAVING bool_or(kind = 'deal') OR count(DISTINCT day) >= 5
)
SELECT rep_id, rep_facts.manager_id, coalesce(rep_role, '') AS peers, profile, focus, country,
    CAST(timezone('UTC', people.created_at) AS DATE) AS started_on, capture_coverage
FROM rep_facts
JOIN people ON people.id = rep_id
LEFT JOIN settings ON settings.id = rep_id
WHERE rep_id NOT IN (SELECT manager_id FROM manager_facts)
    AND (open_deals > 0 OR rep_id IN (SELECT rep_id FROM sellers))
