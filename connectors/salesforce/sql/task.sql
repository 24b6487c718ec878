-- Task, if we wrote it
SELECT
    needed(instant(stamp)) AS changed_at,
    flag(IsDeleted) AS deleted,
    Id AS id,
    reference(key, Subject) AS reference,
    needed(OwnerId) AS owner_id,
    WhatId AS deal_id,
    day(ActivityDate) AS due,
    coalesce(Subject, '') AS subject,
    coalesce(Description, '') AS body,
    needed(Status) AS status,
    flag(IsClosed) AS closed,
    instant(CompletedDateTime) AS closed_at,
    LastModifiedById AS modified_by
FROM rows
WHERE reference(key, Subject) IS NOT NULL
