-- OpportunityStage
SELECT
    needed(instant(stamp)) AS changed_at,
    false AS deleted,
    Id AS id,
    -- old versions have no ApiName; deals carry the API name, which equals the label unless it was renamed
    coalesce(ApiName, needed(MasterLabel)) AS name,
    needed(MasterLabel) AS label,
    coalesce(CAST(SortOrder AS BIGINT), 0) AS sort_order,
    coalesce(CAST(IsActive AS BOOLEAN), true) AS active,
    flag(IsClosed) AS closed,
    flag(IsWon) AS won,
    coalesce(ForecastCategoryName, ForecastCategory) AS forecast_category,
    number(DefaultProbability) AS probability
FROM rows
