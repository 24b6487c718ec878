-- grain: one user we could see.
-- clock: users that existed as of then; name, role and manager are today's, the CRM keeps no history of them.
SELECT id, name, active, role, manager_id, created_at
FROM users
WHERE there(created_at, deleted_at)
