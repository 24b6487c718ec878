-- grain: one segment and stage that some deal has (NULL is a segment here).
-- clock: as won_stays.
-- Shrunk in two steps: the org's median towards the pack's default, then the segment's towards the org's.
-- n and raw are the segment's own; the org's where the segment has none, since then the number rests on the org alone.
WITH defaults(stay, touch_gap, strength) AS (
    VALUES (14.0::DOUBLE, 7.0::DOUBLE, 20.0::DOUBLE)
),
everywhere AS (
    SELECT stage, count(days) AS n, median(days) AS days, count(touch_gap) AS gap_n, median(touch_gap) AS gap
    FROM won_stays GROUP BY stage
),
within AS (
    SELECT segment, stage, count(days) AS n, median(days) AS days, count(touch_gap) AS gap_n, median(touch_gap) AS gap
    FROM won_stays WHERE segment IS NOT NULL GROUP BY segment, stage
)
SELECT kind.segment, kind.stage,
    shrunk(within.n, within.days, shrunk(everywhere.n, everywhere.days, stay, strength), strength) AS days,
    if(within.n > 0, within.n, everywhere.n) AS n,
    if(within.n > 0, within.days, everywhere.days) AS raw,
    shrunk(within.gap_n, within.gap, shrunk(everywhere.gap_n, everywhere.gap, touch_gap, strength), strength) AS gap,
    if(within.gap_n > 0, within.gap_n, everywhere.gap_n) AS gap_n
FROM (SELECT DISTINCT segment, stage FROM deal_state) AS kind
CROSS JOIN defaults
LEFT JOIN everywhere ON everywhere.stage = kind.stage
LEFT JOIN within ON within.stage = kind.stage AND within.segment = kind.segment
