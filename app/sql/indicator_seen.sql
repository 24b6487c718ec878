-- grain: one rep and day on which anything that an indicator could count is in the CRM.
-- clock: the 26 weeks before as of. It tells who is away, or out of sight, from who does less of one thing.
SELECT rep_id, day, count(*) AS count
FROM countable JOIN indicator_reps USING (rep_id)
WHERE day >= today() - 182
GROUP BY ALL
