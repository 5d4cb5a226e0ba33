-- Everything that was recorded for one interaction. Replace INT-42 by its id, in both places.
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
  OR (interaction_id IS NULL AND key_interaction = 'INT-42')
ORDER BY "timestamp", identity
