-- grain: one owner of a deal, or somebody who could have been one all year; what is on the way to them.
-- clock: when deals were created, and when those won entered their stage.
WITH worth AS (
    SELECT owner_id, count(DISTINCT coalesce(compared_in, '')) = 1 AND bool_and(amount IS NOT NULL) AS is_known,
        sum(amount) FILTER (is_open) AS open_amount,
        sum(amount) FILTER (is_won) / 4 AS won_a_quarter
    FROM deal_state LEFT JOIN stage_moves USING (deal_id)
    WHERE is_open OR is_won AND days_since(entered_stage_at) < 365
    GROUP BY owner_id
),
period AS (
    SELECT owner_id, days_since(created_at) // 28 AS number, count(*) AS deals FROM deal_state GROUP BY ALL
),
usual AS (
    SELECT people.id AS owner_id, quantile_cont(coalesce(deals, 0), 0.25) AS new_deals_28d_p25
    FROM people CROSS JOIN range(1, 13) AS before(number)
    LEFT JOIN period ON period.owner_id = people.id AND period.number = before.number
    WHERE days_since(people.created_at) >= 13 * 28
    GROUP BY people.id
)
SELECT owner_id, new_deals_28d_p25,
    if(is_known, coalesce(open_amount, 0) / nullif(greatest(won_a_quarter, 0), 0), NULL) AS pipeline_coverage
FROM worth FULL JOIN usual USING (owner_id)
