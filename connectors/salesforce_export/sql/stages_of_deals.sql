-- The stages that deals and their history name and OpportunityStage.csv does not list; all of them where there is no such
-- file. Whether one is closed, and won, most deals that are in it now say; where none is, the forecasts of the history.
-- Beside listed ones they count as retired, and stand where the listed one stands that is as likely.
WITH told AS (
    SELECT stage, closed, won, probability, forecast_category, changed_at FROM deals WHERE NOT deleted
    UNION ALL
    SELECT stage, NULL, NULL, probability, forecast_category, changed_at FROM changes WHERE NOT deleted
),
named AS (
    SELECT stage,
        mode(forecast_category) AS category,
        median(probability) AS likely,
        coalesce(mode(won), category = 'Closed', false) AS is_won,
        coalesce(mode(closed), is_won OR category = 'Omitted' AND likely = 0, false) AS is_closed,
        max(changed_at) AS told_at
    FROM told ANTI JOIN listed ON listed.name = told.stage
    WHERE stage IS NOT NULL
    GROUP BY stage
)
SELECT
    told_at AS changed_at,
    false AS deleted,
    stage AS id,
    stage AS name,
    stage AS label,
    coalesce(
        (SELECT max(sort_order) FROM listed WHERE closed = is_closed AND probability <= likely),
        row_number() OVER (ORDER BY is_closed, likely NULLS LAST, stage) * (SELECT CAST(count(*) = 0 AS INT) FROM listed)
    ) AS sort_order,
    (SELECT count(*) = 0 FROM listed) AS active,
    is_closed AS closed,
    is_won AS won,
    category AS forecast_category,
    likely AS probability
FROM named
