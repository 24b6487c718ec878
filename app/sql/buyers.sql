-- grain: one deal with somebody at the customer: a role in the deal, or a part in an activity that has happened.
-- clock: roles and activities known as of then.
WITH deciding(word) AS (
    VALUES ('decision maker'), ('economic'), ('executive'), ('sponsor')
),
part AS (
    SELECT deal_id, contact_id, lower(replace(nullif(trim(role), ''), '_', ' ')) AS role
    FROM deal_contacts
    WHERE contact_id IS NOT NULL AND there(created_at, deleted_at)
),
deciding_role AS (
    SELECT DISTINCT role FROM (SELECT DISTINCT role FROM part) JOIN deciding ON contains(role, word)
),
cast_list AS (
    SELECT deal_id, contact_id, count(deciding_role.role) > 0 AS decides
    FROM part LEFT JOIN deciding_role USING (role)
    GROUP BY deal_id, contact_id
),
met AS (
    SELECT deal_id, contact_id, max(touched_at) FILTER (two_way) AS two_way_at
    FROM touches
    WHERE deal_id IS NOT NULL AND contact_id IS NOT NULL
    GROUP BY deal_id, contact_id
)
SELECT deal_id,
    count(*) AS contacts,
    count(*) FILTER (decides) AS decision_makers,
    max(two_way_at) FILTER (decides) AS decision_maker_at
FROM cast_list FULL JOIN met USING (deal_id, contact_id)
GROUP BY deal_id
