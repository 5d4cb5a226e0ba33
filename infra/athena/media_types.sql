-- What was sent over the last 30 days, by media type.
SELECT
  object.mime_type AS mime_type,
  count(*) AS files,
  count_if(success) AS completed,
  round(sum(object.size_bytes) / 1048576.0, 1) AS mebibytes,
  max(object.size_bytes) AS largest_bytes
FROM audit
WHERE "date" >= CAST(CAST(current_date - INTERVAL '30' DAY AS date) AS varchar)
GROUP BY object.mime_type
ORDER BY files DESC, mime_type
