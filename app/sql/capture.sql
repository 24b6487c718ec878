-- grain: one owner of an open deal older than 14 days; how much of the work on those deals we can see.
-- clock: activities that happened in the 60 days before, whoever's they are.
SELECT owner_id,
    CASE WHEN count(*) >= 3 THEN count(*) FILTER (days_since(touched_at) < 60) / count(*) END AS capture_coverage
FROM deal_state LEFT JOIN contact USING (deal_id)
WHERE is_open AND owner_id IS NOT NULL AND days_since(created_at) > 14
GROUP BY owner_id
