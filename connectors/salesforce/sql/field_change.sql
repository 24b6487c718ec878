-- OpportunityFieldHistory. A lookup is named by its relationship and written twice, by name and by id: only the ids
-- say something to us.
SELECT
    needed(instant(stamp)) AS changed_at,
    flag(IsDeleted) AS deleted,
    Id AS id,
    needed(OpportunityId) AS deal_id,
    CASE Field WHEN 'NextStep' THEN 'next_step' ELSE 'owner_id' END AS field,
    OldValue AS old,
    NewValue AS new,
    needed(instant(CreatedDate)) AS valid_from
FROM rows
WHERE Field = 'NextStep'
   OR (
       Field IN ('Owner', 'OwnerId')
       AND coalesce(left(OldValue, 3) IN ('005', '00G'), true)
       AND coalesce(left(NewValue, 3) IN ('005', '00G'), true)
   )
