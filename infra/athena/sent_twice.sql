-- The same bytes that completed more than once at one interaction over the last 90 days.
SELECT
  interaction_id,
  object.sha256 AS sha256,
  count(*) AS attachments,
  min("timestamp") AS first_seen,
  max("timestamp") AS last_seen,
  min(object.key) AS first_key,
  max(object.key) AS last_key
FROM audit
WHERE "date" >= CAST(CAST(current_date - INTERVAL '90' DAY AS date) AS varchar)
  AND success
GROUP BY interaction_id, object.sha256
HAVING count(*) > 1
ORDER BY attachments DESC, interaction_id
