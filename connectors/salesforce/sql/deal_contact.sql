-- OpportunityContactRole
SELECT
    needed(instant(stamp)) AS changed_at,
    flag(IsDeleted) AS deleted,
    Id AS id,
    needed(OpportunityId) AS deal_id,
    ContactId AS contact_id,
    Role AS role,
    flag(IsPrimary) AS "primary",
    instant(CreatedDate) AS created_at
FROM rows
