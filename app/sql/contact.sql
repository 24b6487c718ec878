-- grain: one deal with an activity, happened or booked.
-- clock: what has happened, by touched_at; a meeting is booked while it is known and not over.
WITH happened AS (
    SELECT deal_id,
        max(touched_at) AS touched_at,
        max(touched_at) FILTER (two_way) AS two_way_at,
        count(*) FILTER (days_since(touched_at) < 30) AS activities_30d,
        count(*) FILTER (is_meeting) AS meetings_held
    FROM touches
    WHERE deal_id IS NOT NULL
    GROUP BY deal_id
),
booked AS (
    SELECT deal_id, count(*) AS meetings_booked
    FROM activities
    WHERE type = 'meeting' AND deal_id IS NOT NULL AND there(created_at, deleted_at)
        AND coalesce(ends_at, starts_at) > as_of()
    GROUP BY deal_id
)
SELECT deal_id, touched_at, two_way_at,
    coalesce(activities_30d, 0) AS activities_30d,
    coalesce(meetings_held, 0) AS meetings_held,
    coalesce(meetings_booked, 0) AS meetings_booked
FROM happened FULL JOIN booked USING (deal_id)
