-- Everything that was recorded for one interaction. Put its id in the place of INT-42.
SELECT
  "timestamp",
  event,
  error_reason.code AS code,
  object.key AS key,
  object.version_id AS version_id,
  object.size_bytes AS size_bytes,
  object.sha256 AS sha256,
  job_id,
  identity,
  execution_arn
FROM audit
WHERE interaction_id = 'INT-42'
ORDER BY "timestamp", identity
