#!/bin/sh
# What runs first in the image redis:7: `redis-server` with the arguments given, or the program given. Started as root, it goes
# on as redis.
set -eu
if [ "$(id -u)" = 0 ]; then
  chown -R redis:redis /data
  exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
fi
case ${1:-redis-server} in
  redis-server) [ $# = 0 ] || shift ;;
  -* | *.conf) ;;
  *) exec "$@" ;;
esac
# The package's own settings are not read, so the server listens everywhere and writes to its folder.
case ${1:-} in
  *.conf) exec redis-server "$@" ;;
esac
exec redis-server --dir /data --protected-mode no "$@"
