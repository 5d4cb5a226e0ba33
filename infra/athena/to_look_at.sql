-- Files that CXone may hold although they did not complete: a person has to look at the interaction.
SELECT
  "timestamp",
  event,
  error_reason.code AS code,
  interaction_id,
  object.key AS key,
  object.size_bytes AS size_bytes,
  job_id,
  possibly_stored,
  quota,
  execution_arn
FROM audit
WHERE "date" >= CAST(CAST(current_date - INTERVAL '90' DAY AS date) AS varchar)
  AND (possibly_stored OR quota = 'unsettled' OR event IN ('ATTACHMENT_TIMED_OUT', 'ATTACHMENT_TRACKING_FAILED'))
ORDER BY "timestamp" DESC, identity
