-- Task, unless we wrote it. Salesforce has no field that says what kind of task it was or whether the customer took part.
WITH typed AS (
    SELECT
        *,
        CASE
            WHEN TaskSubtype ILIKE '%call%' OR Type ILIKE '%call%' THEN 'call'
            WHEN CallType IS NOT NULL OR number(CallDurationInSeconds) > 0 THEN 'call'
            WHEN TaskSubtype ILIKE '%email%' OR Type ILIKE '%email%' THEN 'email'
            WHEN TaskSubtype ILIKE '%meeting%' OR Type ILIKE '%meeting%' THEN 'meeting'
            ELSE 'task'
        END AS kind
    FROM rows
    WHERE reference(key, Subject) IS NULL
)

SELECT
    needed(instant(stamp)) AS changed_at,
    flag(IsDeleted) AS deleted,
    Id AS id,
    kind AS type,
    OwnerId AS owner_id,
    CASE WHEN WhatId LIKE '006%' THEN WhatId END AS deal_id,
    AccountId AS account_id,
    CASE WHEN WhoId LIKE '003%' THEN WhoId END AS contact_id,
    -- done: when it was completed; planned: its day; neither: when it was made
    coalesce(
        CASE WHEN flag(IsClosed) THEN instant(CompletedDateTime) END, midnight(ActivityDate), instant(CreatedDate)
    ) AS starts_at,
    CAST(NULL AS TIMESTAMPTZ) AS ends_at,
    flag(IsClosed) AS done,
    CASE kind
        WHEN 'call' THEN
            -- voicemail greetings and messages stay below two minutes
            coalesce(number(CallDurationInSeconds) >= 120, false)
            OR coalesce(CallType = 'Inbound', false)
            OR (
                says(CallDisposition, '\b(connect|reached|spoke|talked|answered|conversation|discussed)')
                AND NOT says(
                    CallDisposition,
                    '\b(no|not|nobody|none|never|left|voice ?mail|machine|busy|wrong|failed|unable)\b|n[''’]t\b'
                )
            )
        WHEN 'email' THEN says(Subject, '^\s*(email:\s*)?(←|<<|re:|aw:|sv:|antw:|r:)')
        ELSE kind = 'meeting'
    END AS two_way,
    -- closed, and nobody noted when: known of from its last change on, or it would have been done before it was
    greatest(
        needed(instant(CreatedDate)), CASE WHEN flag(IsClosed) AND CompletedDateTime IS NULL THEN instant(stamp) END
    ) AS created_at
FROM typed
