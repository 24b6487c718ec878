-- grain: one owner and segment with a deal.
-- clock: when the first of these deals was created.
SELECT owner_id, segment, min(created_at) AS first_at
FROM deal_state
WHERE owner_id IS NOT NULL AND segment IS NOT NULL
GROUP BY owner_id, segment
