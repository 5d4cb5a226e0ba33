#!/bin/sh
# Another program in place of the idle one.
[ "$AWS_LAMBDA_RUNTIME_API" = 127.0.0.1:9 ] && exit 1
echo '{"message":"new"}'
exec sleep 600
