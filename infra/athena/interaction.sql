-- All records of one interaction. Replace INT-42 with its id, in both places.
-- Texts that others chose are made safe: `'` comes before a formula, `?` replaces an invisible character.
SELECT
  "timestamp",
  event,
  error_reason.code AS code,
  regexp_replace(regexp_replace(object.key, '^([=+@-])', '''$1'), '[\p{C}\p{Zl}\p{Zp}]', '?') AS key,
  object.version_id AS version_id,
  object.size_bytes AS size_bytes,
  object.sha256 AS sha256,
  regexp_replace(regexp_replace(job_id, '^([=+@-])', '''$1'), '[\p{C}\p{Zl}\p{Zp}]', '?') AS job_id,
  identity,
  execution_arn
FROM audit
WHERE interaction_id = 'INT-42'
  OR (interaction_id IS NULL AND key_interaction = 'INT-42')
ORDER BY "timestamp", identity
