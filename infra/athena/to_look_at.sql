-- Files that CXone may hold although they did not complete: a person has to look at the interaction.
-- Texts that others chose are made safe: `'` comes before a formula, `?` replaces an invisible character.
SELECT
  "timestamp",
  event,
  error_reason.code AS code,
  interaction_id,
  regexp_replace(regexp_replace(object.key, '^([=+@-])', '''$1'), '[\p{C}\p{Zl}\p{Zp}]', '?') AS key,
  object.size_bytes AS size_bytes,
  regexp_replace(regexp_replace(job_id, '^([=+@-])', '''$1'), '[\p{C}\p{Zl}\p{Zp}]', '?') AS job_id,
  possibly_stored,
  quota,
  execution_arn
FROM audit
WHERE "date" >= CAST(CAST(current_date - INTERVAL '90' DAY AS date) AS varchar)
  AND (possibly_stored OR quota = 'unsettled' OR event IN ('ATTACHMENT_TIMED_OUT', 'ATTACHMENT_TRACKING_FAILED'))
ORDER BY "timestamp" DESC, identity
