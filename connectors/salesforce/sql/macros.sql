-- How Salesforce writes things. A value that cannot be read is an error, and its row is set aside.

-- an instant without an offset is in UTC
SET GLOBAL TimeZone = 'UTC';

CREATE MACRO needed(value) AS CASE WHEN value IS NULL THEN error('a value is missing') ELSE value END;
-- 2013-05-07T22:07:19.000+0000, without a colon in the offset; 2013-05-07 22:07:19 in exports; always UTC
CREATE MACRO instant(text) AS CAST(text AS TIMESTAMPTZ);
CREATE MACRO day(text) AS CAST(left(text, 10) AS DATE);
-- a day without a time is the start of that day in UTC
CREATE MACRO midnight(text) AS CAST(left(text, 10) || ' 00:00:00+00' AS TIMESTAMPTZ);
CREATE MACRO minutes_after(instant, minutes) AS
    make_timestamptz(epoch_us(instant) + CAST(CAST(minutes AS DOUBLE) * 60000000 AS BIGINT));
-- NaN and infinity cannot be stored in Salesforce
CREATE MACRO finite(value) AS CASE WHEN isfinite(value) THEN value ELSE error('not a number') END;
CREATE MACRO number(text) AS CASE WHEN text IS NULL THEN NULL ELSE finite(CAST(text AS DOUBLE)) END;
-- a name is one line wherever it is told
CREATE MACRO one_line(text) AS
    CASE WHEN regexp_matches(text, '[\r\n]') THEN regexp_replace(trim(text), '\s*[\r\n]\s*', ' ', 'g') ELSE text END;
CREATE MACRO flag(text) AS coalesce(CAST(text AS BOOLEAN), false);
CREATE MACRO says(text, pattern) AS regexp_matches(coalesce(text, ''), pattern, 'i');
-- Our reference on a task: from the key field or, in an org without one, from the end of the subject.
CREATE MACRO mark(text) AS
    CASE WHEN contains(text, '[coach:') THEN nullif(regexp_extract(text, '\[(coach:[a-z]+:[0-9a-f]+)\]', 1), '') END;
CREATE MACRO reference(key, subject) AS CASE WHEN key LIKE 'coach:%' THEN key ELSE mark(subject) END;
