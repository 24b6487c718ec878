-- OpportunityHistory, which holds the enumeration of a forecast where Opportunity holds the label
SELECT
    needed(instant(stamp)) AS changed_at,
    flag(IsDeleted) AS deleted,
    Id AS id,
    needed(OpportunityId) AS deal_id,
    needed(instant(CreatedDate)) AS valid_from,
    StageName AS stage,
    number(Amount) AS amount,
    day(CloseDate) AS close_date,
    CASE ForecastCategory
        WHEN 'Forecast' THEN 'Commit'
        WHEN 'BestCase' THEN 'Best Case'
        WHEN 'MostLikely' THEN 'Most Likely'
        ELSE ForecastCategory
    END AS forecast_category,
    number(Probability) AS probability
FROM rows
