-- grain: one activity that has happened: a meeting that is over, or anything else that is done.
-- clock: known as of then (created_at) and past as of then (starts_at; ends_at for a meeting).
SELECT deal_id, account_id, contact_id, owner_id, type, two_way, starts_at AS touched_at, type = 'meeting' AS is_meeting
FROM activities
WHERE there(created_at, deleted_at)
    AND starts_at <= as_of()
    AND if(type = 'meeting', coalesce(ends_at, starts_at) <= as_of(), done)
