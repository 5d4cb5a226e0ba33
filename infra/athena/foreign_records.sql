-- Objects of the last 90 days that finalize cannot have written, and why. There should be none.
WITH expected AS (
  SELECT
    "$path" AS path,
    "date",
    "timestamp",
    event,
    identity,
    execution_arn,
    success = (event = 'ATTACHMENT_UPLOAD_COMPLETED') AS agrees,
    '/date=' || "date" || '/' || identity || '.json' AS own_key,
    lower(to_hex(sha256(to_utf8(object.bucket || chr(0) || object.key || chr(0) || object.version_id)))) AS own_identity,
    '-' || substr(identity, 1, 32) AS own_execution,
    count(*) OVER (PARTITION BY identity) AS records
  FROM audit
  WHERE "date" >= CAST(CAST(current_date - INTERVAL '90' DAY AS date) AS varchar)
),
judged AS (
  SELECT
    *,
    CASE
      WHEN identity IS NULL OR event IS NULL OR "timestamp" IS NULL OR execution_arn IS NULL THEN 'no audit record'
      WHEN NOT starts_with(reverse(path), reverse(own_key)) THEN 'key of another object or day'
      WHEN substr("timestamp", 1, 10) <> "date" THEN 'time of another day'
      WHEN own_identity <> identity THEN 'identity of another object'
      WHEN NOT starts_with(reverse(execution_arn), reverse(own_execution)) THEN 'execution of another object'
      WHEN NOT agrees THEN 'success and event disagree'
      WHEN records > 1 THEN 'more than one record'
    END AS reason
  FROM expected
)
SELECT reason, path, "timestamp", event, identity, execution_arn
FROM judged
WHERE reason IS NOT NULL
ORDER BY path
