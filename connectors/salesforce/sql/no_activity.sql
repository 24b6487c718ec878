-- Task, if we wrote it: it may have been taken for somebody else's while its mark could not be seen. It is told as deleted,
-- with nothing that would count it anywhere at any time.
SELECT
    needed(instant(stamp)) AS changed_at,
    true AS deleted,
    Id AS id,
    'task' AS type,
    NULL AS owner_id,
    NULL AS deal_id,
    NULL AS account_id,
    NULL AS contact_id,
    NULL AS starts_at,
    NULL AS ends_at,
    false AS done,
    false AS two_way,
    needed(instant(CreatedDate)) AS created_at
FROM rows
WHERE reference(key, Subject) IS NOT NULL
