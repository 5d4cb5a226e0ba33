-- The same bytes that completed more than once at one interaction over the last 90 days.
-- Texts that others chose are made safe: `'` comes before a formula, `?` replaces an invisible character.
SELECT
  interaction_id,
  object.sha256 AS sha256,
  count(*) AS attachments,
  min("timestamp") AS first_seen,
  max("timestamp") AS last_seen,
  regexp_replace(regexp_replace(min(object.key), '^([=+@-])', '''$1'), '[\p{C}\p{Zl}\p{Zp}]', '?') AS first_key,
  regexp_replace(regexp_replace(max(object.key), '^([=+@-])', '''$1'), '[\p{C}\p{Zl}\p{Zp}]', '?') AS last_key
FROM audit
WHERE "date" >= CAST(CAST(current_date - INTERVAL '90' DAY AS date) AS varchar)
  AND success
GROUP BY interaction_id, object.sha256
HAVING count(*) > 1
ORDER BY attachments DESC, interaction_id
