-- Opportunity
SELECT
    needed(instant(stamp)) AS changed_at,
    flag(IsDeleted) AS deleted,
    Id AS id,
    coalesce(one_line(Name), Id) AS name,
    AccountId AS account_id,
    OwnerId AS owner_id,
    coalesce("RecordType.Name", nullif(RecordTypeId, '012000000000000AAA')) AS pipeline, -- that id means none
    needed(StageName) AS stage,
    number(Amount) AS amount,
    CurrencyIsoCode AS currency,
    day(CloseDate) AS close_date,
    flag(IsClosed) AS closed,
    flag(IsWon) AS won,
    ForecastCategoryName AS forecast_category,
    number(Probability) AS probability,
    Type AS deal_type,
    NextStep AS next_step,
    needed(instant(CreatedDate)) AS created_at
FROM rows
