-- ContentDocument, if it is a note we wrote; `me` is the integration user
SELECT
    needed(instant(stamp)) AS changed_at,
    flag(IsDeleted) AS deleted,
    Id AS id,
    mark(Title) AS reference,
    Title AS title,
    LastModifiedById AS modified_by,
    coalesce(LastModifiedById <> getvariable('me'), false) AS edited
FROM rows
WHERE mark(Title) IS NOT NULL
