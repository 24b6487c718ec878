-- grain: the org, one row; what its people keep in the CRM.
-- clock: as deal_state.
SELECT count(next_step) > 0 AS writes_next_steps FROM deal_state
