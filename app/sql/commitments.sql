-- grain: one person with a task in the CRM, or a manager's on one of their deals; what of it is still to be done.
-- clock: tasks known as of then; whether one is done is as of today, the CRM keeps no history of it.
WITH task AS (
    SELECT deal_id, owner_id AS promised_by, starts_at AS due, done
    FROM activities
    WHERE (asked('open_commitments') OR asked('commitment_late'))
        AND type = 'task' AND owner_id IS NOT NULL AND there(created_at, deleted_at)
),
promise AS (
    SELECT promised_by AS owner_id, due, done FROM task
    UNION ALL
    SELECT deal.owner_id, due, done
    FROM task JOIN deal_state AS deal USING (deal_id)
    WHERE promised_by = deal.manager_id AND promised_by <> deal.owner_id
)
SELECT owner_id,
    count(*) FILTER (NOT done) AS open_commitments,
    CASE WHEN bool_and(done) THEN 0
        WHEN count(due) FILTER (NOT done) > 0 THEN greatest(max(days_since(due)) FILTER (NOT done), 0)
    END AS commitment_late_days
FROM promise
GROUP BY owner_id
