-- Why files did not complete over the last 30 days, with one example of each.
-- Texts that others chose are made safe: `'` comes before a formula, `?` replaces an invisible character.
SELECT
  event,
  error_reason.code AS code,
  count(*) AS files,
  max("timestamp") AS last_seen,
  regexp_replace(regexp_replace(max_by(object.key, "timestamp"), '^([=+@-])', '''$1'), '[\p{C}\p{Zl}\p{Zp}]', '?') AS example_key,
  regexp_replace(regexp_replace(max_by(error_reason.text, "timestamp"), '^([=+@-])', '''$1'), '[\p{C}\p{Zl}\p{Zp}]', '?') AS example_text
FROM audit
WHERE "date" >= CAST(CAST(current_date - INTERVAL '30' DAY AS date) AS varchar)
  AND NOT success
GROUP BY event, error_reason.code
ORDER BY files DESC, code
