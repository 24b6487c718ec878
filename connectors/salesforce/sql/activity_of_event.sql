-- Event, unless we wrote it. Invitees' copies and series templates would count one meeting many times.
WITH timed AS (
    SELECT *, coalesce(instant(StartDateTime), midnight(ActivityDate)) AS starts
    FROM rows
    WHERE reference(key, Subject) IS NULL AND NOT flag(IsChild) AND GroupEventType IS DISTINCT FROM '3'
)

SELECT
    needed(instant(stamp)) AS changed_at,
    flag(IsDeleted) AS deleted,
    Id AS id,
    'meeting' AS type,
    OwnerId AS owner_id,
    CASE WHEN WhatId LIKE '006%' THEN WhatId END AS deal_id,
    AccountId AS account_id,
    CASE WHEN WhoId LIKE '003%' THEN WhoId END AS contact_id,
    starts AS starts_at,
    CASE
        WHEN flag(IsAllDayEvent) THEN minutes_after(starts, greatest(1440, coalesce(number(DurationInMinutes), 0)))
        ELSE coalesce(instant(EndDateTime), minutes_after(starts, number(DurationInMinutes)), starts)
    END AS ends_at,
    false AS done,
    true AS two_way,
    needed(instant(CreatedDate)) AS created_at
FROM timed
WHERE starts IS NOT NULL
