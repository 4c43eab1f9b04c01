#!/bin/sh
# What runs first in the image postgres:15. The contract is that of the image everybody knows, in short: POSTGRES_USER,
# POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE, POSTGRES_DB, POSTGRES_INITDB_ARGS, PGDATA, and arguments for the server. Started as root, it goes on as postgres.
set -eu
export PATH="/usr/lib/postgresql/15/bin:$PATH"
PGDATA=${PGDATA:-/var/lib/postgresql/data}
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  chown -R postgres:postgres "$PGDATA" /var/run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
case ${1:-postgres} in
  postgres) [ $# = 0 ] || shift ;;
  -*) ;;
  *) exec "$@" ;;
esac
# With a root file system that is read-only, the usual place of the socket is there only when something is mounted on it.
sockets=/var/run/postgresql
[ -w "$sockets" ] || sockets=/tmp
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  password=${POSTGRES_PASSWORD:-}
  if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then password=$(cat "$POSTGRES_PASSWORD_FILE"); fi
  : "${password:?set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE}"
  umask 077
  printf %s "$password" > /tmp/password
  # shellcheck disable=SC2086  # arguments, in the plural
  initdb -D "$PGDATA" -U "$user" --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust -E UTF8 --locale=C.UTF-8 \
    ${POSTGRES_INITDB_ARGS:-} > /tmp/initdb.log
  rm /tmp/password
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses= -k $sockets" -l /tmp/first.log -w start > /dev/null
  if [ "$database" != postgres ]; then
    psql -qh "$sockets" -U "$user" -d postgres -c "CREATE DATABASE \"$database\""
  fi
  for file in /docker-entrypoint-initdb.d/*.sql; do
    [ ! -f "$file" ] || psql -qh "$sockets" -U "$user" -d "$database" -v ON_ERROR_STOP=1 -f "$file"
  done
  pg_ctl -D "$PGDATA" -m fast -w stop > /dev/null
fi
# A volume's group is given every right at each mount, which the server refuses.
chmod 700 "$PGDATA" || true
exec postgres -D "$PGDATA" -c listen_addresses='*' -k "$sockets" "$@"
