-- The stages that deals name, for an export without OpportunityStage.csv: open ones first, by how likely their deals are
SELECT
    max(changed_at) AS changed_at,
    false AS deleted,
    stage AS id,
    stage AS name,
    stage AS label,
    row_number() OVER (ORDER BY mode(closed), median(probability) NULLS LAST, stage) AS sort_order,
    true AS active,
    mode(closed) AS closed,
    mode(won) AS won,
    mode(forecast_category) AS forecast_category,
    median(probability) AS probability
FROM told
WHERE NOT deleted
GROUP BY stage
