-- grain: one day that a rep works, from 26 weeks before to the end of the month.
-- clock: the day the user was made; holidays and leave have none. The CRM knows no leave: it is what the org has set.
SELECT rep_id, day, 1.0::DOUBLE AS worked
FROM indicator_reps JOIN working_days USING (country)
ANTI JOIN leave ON leave.id = rep_id AND leave.day = working_days.day
WHERE day >= coalesce(started_on, day)
