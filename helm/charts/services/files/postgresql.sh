#!/bin/sh
# Starts PostgreSQL as any image of it has it, without root. With `ready` it asks whether the server answers.
# PORT and DATA_PATH come from the pod; beside this file, `databases` has a line `database role` for each.
set -eu
umask 077
here=$(dirname "$0")
# Where Debian's packages have the programs.
command -v postgres >/dev/null || PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)"

if [ "${1:-}" = ready ]; then
    exec pg_isready --quiet --host 127.0.0.1 --port "$PORT"
fi

# A folder below the volume's own: that one belongs to root and its group may write to it, which the server refuses.
data=$DATA_PATH/data
if [ ! -e "$data/PG_VERSION" ]; then
    # Under another name until it is whole, so that being killed here leaves nothing that looks like a database.
    rm -rf "$data.new"
    initdb --pgdata "$data.new" --username postgres --encoding UTF8 --locale C.UTF-8 \
        --auth-local trust --auth-host scram-sha-256
    echo 'host all all all scram-sha-256' >>"$data.new/pg_hba.conf"
    mv "$data.new" "$data"
fi
chmod 700 "$data"

has=$(cat "$data/PG_VERSION")
case $(postgres --version) in
*" $has"[.\ ]* | *" $has") ;;
*)
    echo "the data is of PostgreSQL $has, the image has $(postgres --version): use an image of $has, or dump and load" >&2
    exit 1
    ;;
esac

# Nobody comes in over the network before roles and passwords are as they should be.
pg_ctl --pgdata "$data" --silent --wait --timeout 600 --log /tmp/setup.log \
    --options "-c listen_addresses='' -c port=$PORT -c unix_socket_directories=/tmp" start || {
    cat /tmp/setup.log >&2
    exit 1
}
while read -r database role; do
    PASSWORD_FILE=/run/secrets/databases/$database \
        psql --quiet --no-psqlrc --host /tmp --port "$PORT" --username postgres --dbname postgres \
        --set ON_ERROR_STOP=1 --set database="$database" --set role="$role" --file "$here/database.sql"
done <"$here/databases"
pg_ctl --pgdata "$data" --silent --wait --mode fast stop

postgres -D "$data" -c listen_addresses='*' -c port="$PORT" -c unix_socket_directories=/tmp "$@" &
server=$!
# The pod's TERM would let the server wait for its clients to go; INT makes it end them and stop cleanly.
trap 'kill -INT "$server"' TERM INT
status=0
while kill -0 "$server" 2>/dev/null; do
    wait "$server" && status=0 || status=$?
done
exit "$status"
