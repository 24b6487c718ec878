-- grain: the org, one row; what its people keep in the CRM.
-- clock: as deal_state.
SELECT
    (SELECT count(next_step) > 0 FROM deal_state) AS writes_next_steps,
    (SELECT count(nullif(trim(role), '')) > 0 FROM deal_contacts WHERE there(created_at, deleted_at)) AS keeps_roles
