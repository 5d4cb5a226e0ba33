-- Where the time went, in seconds, over the last 30 days: waiting, uploading, and CXone's processing.
SELECT
  "date",
  count(*) AS files,
  round(approx_percentile(latency_seconds, 0.5), 3) AS upload_to_outcome_p50,
  round(approx_percentile(latency_seconds, 0.99), 3) AS upload_to_outcome_p99,
  round(approx_percentile(timings.queued_seconds, 0.99), 3) AS queued_p99,
  round(approx_percentile(timings.upload_seconds, 0.99), 3) AS upload_p99,
  round(approx_percentile(timings.processing_seconds, 0.99), 3) AS processing_p99,
  max(upload_attempts) AS most_attempts
FROM audit
WHERE "date" >= CAST(CAST(current_date - INTERVAL '30' DAY AS date) AS varchar)
  AND latency_seconds IS NOT NULL
GROUP BY "date"
ORDER BY "date" DESC
