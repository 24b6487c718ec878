-- grain: one account, under its own id, as the account that survived its merges.
-- clock: merges and deletions as of then; name and segment are today's.
WITH RECURSIVE merged AS (
    SELECT id, merged_into FROM accounts WHERE merged_into IS NOT NULL AND gone(deleted_at)
),
trail AS (
    SELECT id, id AS survivor FROM accounts
    UNION -- not UNION ALL: accounts merged in a circle would go round for ever
    SELECT trail.id, merged.merged_into FROM trail JOIN merged ON merged.id = trail.survivor
)
SELECT trail.id, survivor, accounts.name, accounts.segment
FROM trail JOIN accounts ON accounts.id = trail.survivor
WHERE NOT gone(accounts.deleted_at)
