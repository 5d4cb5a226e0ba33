-- Files by day and outcome, over the last 30 days.
SELECT
  "date",
  event,
  count(*) AS files,
  round(sum(object.size_bytes) / 1048576.0, 1) AS mebibytes
FROM audit
WHERE "date" >= CAST(CAST(current_date - INTERVAL '30' DAY AS date) AS varchar)
GROUP BY "date", event
ORDER BY "date" DESC, files DESC
