-- grain: one rep whom indicators are about: an active user with an open deal or a manager, to whom nobody active reports.
-- clock: as rep_facts. Comparable reps have the same role; those without one are compared with each other.
SELECT rep_id, rep_facts.manager_id, coalesce(rep_role, '') AS peers, profile, focus, country,
    CAST(timezone('UTC', people.created_at) AS DATE) AS started_on, capture_coverage
FROM rep_facts
JOIN people ON people.id = rep_id
LEFT JOIN settings ON settings.id = rep_id
WHERE rep_id NOT IN (SELECT manager_id FROM manager_facts)
