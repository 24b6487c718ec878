-- User, if a person; communities and automation have users of other types
SELECT
    needed(instant(stamp)) AS changed_at,
    false AS deleted,
    Id AS id,
    coalesce(one_line(Name), Id) AS name,
    coalesce(CAST(IsActive AS BOOLEAN), true) AS active,
    ManagerId AS manager_id,
    coalesce("UserRole.Name", Title) AS role,
    TimeZoneSidKey AS time_zone,
    Country AS country,
    instant(CreatedDate) AS created_at
FROM rows
WHERE coalesce(UserType, 'Standard') = 'Standard'
