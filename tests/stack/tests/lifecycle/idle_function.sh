#!/bin/sh
# In place of a function: says a line, then does nothing for longer than any test lasts. Without a Runtime API it ends, as a
# function does.
[ "$AWS_LAMBDA_RUNTIME_API" = 127.0.0.1:9 ] && exit 1
echo '{"message":"up"}'
exec sleep 600
