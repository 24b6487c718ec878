-- grain: one segment that some open deal has, or NULL (no segment), and open stage; a value, n and basis for each measure.
-- clock: as won_measures.
-- Shrunk in two steps: the org's median towards what is typical elsewhere (coaching.toml), which weighs as much as ten deals, then the
-- segment's towards the org's, which weighs as much as the segments are alike (docs/decisions/thresholds.md).
-- n is the segment's own, the org's where the segment has none.
WITH everywhere AS (
    SELECT measure, stage, count(*) AS n, median(value) AS typical FROM won_measures GROUP BY measure, stage
),
within AS (
    SELECT measure, stage, segment, count(*) AS n, median(value) AS typical,
        avg(ln(1 + value)) AS centre, coalesce(var_samp(ln(1 + value)), 0) AS spread
    FROM won_measures WHERE segment IS NOT NULL GROUP BY measure, stage, segment
),
apart AS (
    SELECT measure, sum((n - 1) * spread) AS inside, sum(n - 1) AS inside_df,
        sum(n * centre * centre) - sum(n * centre) ^ 2 / sum(n) AS outside, count(*) - 1 AS outside_df,
        sum(n) - sum(n * n) / sum(n) AS reach
    FROM within GROUP BY measure, stage
),
variance AS (
    SELECT measure, sum(inside) / nullif(sum(inside_df), 0) AS inside, sum(outside_df) AS outside_df,
        sum(inside_df) AS inside_df,
        (sum(outside) - sum(inside) / nullif(sum(inside_df), 0) * sum(outside_df)) / nullif(sum(reach), 0) AS beyond
    FROM apart GROUP BY measure
),
likeness AS (
    SELECT measure,
        -- what is left of a difference of equal numbers is rounding, and another one each time
        CASE WHEN beyond > 1e-9 THEN least(greatest(pi() / 2 * inside / beyond, 1), 200) ELSE 200 END AS weight
    FROM variance WHERE least(inside_df, outside_df) >= 4
),
-- also of stages that no deal of the segment is in now: one may come there before the next morning
kind AS (
    SELECT DISTINCT segment, stage FROM deal_state WHERE is_open
    UNION
    SELECT segment, name FROM (SELECT NULL AS segment UNION SELECT segment FROM deal_state WHERE is_open), stage_order
    WHERE NOT closed
    UNION
    SELECT NULL, stage FROM deal_state WHERE is_open
),
learnt AS (
    SELECT kind.segment, kind.stage, typical.measure,
        shrunk(everywhere.n, everywhere.typical, typical.typical, 10) AS orgs,
        shrunk(within.n, within.typical, orgs, coalesce(likeness.weight, 10)) AS value,
        coalesce(within.n, everywhere.n, 0) AS n,
        coalesce('default ' || spoken(typical.typical) || '; your ' || suggest(everywhere.n, everywhere.typical)
            || if(within.n < everywhere.n, ', the ' || within.n || ' of this segment ' || spoken(within.typical), ''),
            'default; no won deals to learn from yet') AS basis
    FROM kind
    CROSS JOIN typical
    LEFT JOIN everywhere ON everywhere.measure = typical.measure
        AND everywhere.stage IS NOT DISTINCT FROM if(by_stage, kind.stage, NULL)
    LEFT JOIN within ON within.measure = typical.measure AND within.segment = kind.segment
        AND within.stage IS NOT DISTINCT FROM everywhere.stage
    LEFT JOIN likeness ON likeness.measure = typical.measure
)
SELECT * FROM (
    PIVOT learnt ON measure IN ('days_in_stage', 'touch_gap_days', 'contacts', 'meetings', 'cycle_days')
    USING first(value) AS value, first(n) AS n, first(basis) AS basis
    GROUP BY segment, stage
)
