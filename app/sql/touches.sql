-- grain: one activity that has happened: a meeting that is over, or anything else that is done.
-- clock: known as of then (created_at) and past as of then (starts_at; ends_at for a meeting).
-- What has a day and no hour begins at midnight UTC and lasts whole days or has no end; a meeting then ends the same day.
SELECT deal_id, account_id, contact_id, owner_id, type, two_way, starts_at AS touched_at, type = 'meeting' AS is_meeting,
    epoch_us(starts_at) % 86400000000 = 0
        AND NOT coalesce(ends_at > starts_at AND ends_at < starts_at + INTERVAL 1 DAY, false) AS has_no_hour
FROM activities
WHERE there(created_at, deleted_at)
    AND starts_at <= as_of()
    AND if(type = 'meeting', coalesce(ends_at, starts_at) <= as_of(), done)
