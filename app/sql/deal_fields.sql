-- grain: one deal with a change of owner or next step that somebody noted, the CRM or ourselves.
-- clock: valid_from; what changed later is to be undone, so `_then` is what stood before the first later change.
WITH noted AS (
    SELECT *, starts_with(id, 'seen:') AS seen FROM field_changes WHERE NOT gone(deleted_at)
),
change AS (
    SELECT * FROM noted
    WINDOW story AS (PARTITION BY deal_id, field ORDER BY valid_from, seen, id)
    -- what we saw ourselves comes late, and says nothing new where the CRM has said it
    QUALIFY NOT coalesce(seen AND lag(true) OVER story AND new IS NOT DISTINCT FROM lag(new) OVER story, false)
)
SELECT deal_id,
    count(*) FILTER (field = 'owner_id' AND valid_from > as_of()) > 0 AS owner_changed,
    first(old ORDER BY valid_from, seen, id) FILTER (field = 'owner_id' AND valid_from > as_of()) AS owner_then,
    count(*) FILTER (field = 'next_step' AND valid_from > as_of()) > 0 AS next_step_changed,
    first(old ORDER BY valid_from, seen, id) FILTER (field = 'next_step' AND valid_from > as_of()) AS next_step_then,
    max(valid_from) FILTER (field = 'next_step' AND valid_from <= as_of()) AS next_step_at,
    max(valid_from) FILTER (field = 'owner_id' AND valid_from <= as_of()) AS owner_changed_at
FROM change
GROUP BY deal_id
