-- Why files did not complete over the last 30 days, with one example of each.
SELECT
  event,
  error_reason.code AS code,
  count(*) AS files,
  max("timestamp") AS last_seen,
  max_by(object.key, "timestamp") AS example_key,
  max_by(error_reason.text, "timestamp") AS example_text
FROM audit
WHERE "date" >= CAST(CAST(current_date - INTERVAL '30' DAY AS date) AS varchar)
  AND NOT success
GROUP BY event, error_reason.code
ORDER BY files DESC, code
