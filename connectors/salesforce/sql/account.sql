-- Account
SELECT
    needed(instant(stamp)) AS changed_at,
    flag(IsDeleted) AS deleted,
    Id AS id,
    coalesce(one_line(Name), Id) AS name,
    OwnerId AS owner_id,
    segment,
    MasterRecordId AS merged_into
FROM rows
