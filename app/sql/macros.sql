-- Words that the other files share. as_of, known_at and today (its UTC day) are set by measure; no file has a clock.
-- A whole day is 86,400 seconds: something 47 hours ago is 1 day ago.

CREATE MACRO as_of() AS getvariable('as_of');
CREATE MACRO today() AS getvariable('today');
CREATE MACRO days_since(instant) AS (epoch_us(as_of()) - epoch_us(instant)) // 86400000000;
CREATE MACRO days_between(earlier, later) AS (epoch_us(later) - epoch_us(earlier)) / 86400000000;

-- a row that was deleted, or that we could no longer see, by then
CREATE MACRO gone(deleted_at) AS coalesce(deleted_at <= least(as_of(), getvariable('known_at')), false);
-- a row that was there by then; without a date it always was
CREATE MACRO there(created_at, deleted_at) AS coalesce(created_at <= as_of(), true) AND NOT gone(deleted_at);

-- a next step in which the rep asks for help
CREATE MACRO asks_for_help(next_step) AS starts_with(lower(next_step), 'help:');

-- whether anybody asks for a word that begins so: what takes long is left out where nobody does
CREATE MACRO asked(word) AS
    coalesce(list_bool_or(list_transform(getvariable('asked')::VARCHAR[], lambda name: starts_with(name, word))), true);

-- The median m of n deals, pulled towards a prior that weighs as much as k deals (docs/decisions/thresholds.md).
CREATE MACRO shrunk(n, m, prior, k) AS (coalesce(n, 0) * coalesce(m, 0) + k * prior) / (coalesce(n, 0) + k);
-- a number, and what deals say, as a person would say it
CREATE MACRO spoken(number) AS regexp_replace(format(if(abs(number) < 10, '{:.1f}', '{:.0f}'), number), '[.]0$', '');
CREATE MACRO suggest(n, m) AS n || if(n = 1, ' won deal suggests ', ' won deals suggest ') || spoken(m);
