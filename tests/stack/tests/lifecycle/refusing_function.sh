#!/bin/sh
# In place of a function that refuses a setting.
printf '{"error_type":"Settings.Invalid","message":"1 setting is wrong: JOB_DEADLINE_SECONDS is %s"}\n' "$JOB_DEADLINE_SECONDS"
exit 1
