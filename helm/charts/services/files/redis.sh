#!/bin/sh
# Starts Redis with what it keeps on the volume. With `ready` it asks whether the server answers.
# PORT and DATA_PATH come from the pod; the password, where there is one, lies in a file.
set -eu
umask 077
password=/run/secrets/redis/password

if [ "${1:-}" = ready ]; then
    if [ -e "$password" ]; then
        REDISCLI_AUTH=$(cat "$password")
        export REDISCLI_AUTH
    fi
    [ "$(redis-cli -p "$PORT" ping)" = PONG ]
    exit
fi

# In a file, because what is on the command line can be read by every process.
{
    echo "port $PORT"
    echo "dir $DATA_PATH"
    echo 'appendonly yes'
    echo 'protected-mode no'
    if [ -e "$password" ]; then
        printf 'requirepass "%s"\n' "$(sed 's/[\\"]/\\&/g' "$password")"
    fi
} >/tmp/redis.conf
exec redis-server /tmp/redis.conf "$@"
