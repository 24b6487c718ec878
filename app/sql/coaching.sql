-- grain: one plan item, which is one coaching conversation, held or waiting.
-- clock: when it was opened and closed, and when its manager marked it done, up to as of then.
WITH held AS (
    SELECT item_id, max("at") AS coached_at
    FROM outcomes
    WHERE kind = 'done' AND role = 'manager_task' AND "at" <= as_of()
    GROUP BY item_id
)
SELECT rep_id, manager_id, opened_at, coached_at, early, area,
    if(grain = 'deal', subject_id, NULL) AS deal_id,
    coalesce(closed_at > as_of(), state = 'open') AS is_waiting
FROM plan_items LEFT JOIN held ON held.item_id = plan_items.id
WHERE opened_at <= as_of()
