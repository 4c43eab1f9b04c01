#!/bin/bash
# Brings moto up: the wire APIs of AWS and nothing behind them. One that runs is left as it is.
set -eu
. "$(dirname "$0")/env.sh"
. "$HERE/../shell.sh"
url=http://127.0.0.1:$MOTO_PORT/moto-api/
if is_moto && answers "$url"; then
  say "already up"
  exit 0
fi
bash "$HERE/down.sh" moto > /dev/null
mkdir -p "$RUN" "$LOGS"
if is_taken 127.0.0.1 "$MOTO_PORT"; then
  echo "port $MOTO_PORT is taken: set LANDFALL_AWS_MOTO_PORT" >&2
  exit 1
fi
PYTHONPATH=$HERE PYTHONDONTWRITEBYTECODE=1 setsid "$PYTHON" -m moto_plus --host 127.0.0.1 --port "$MOTO_PORT" \
  > "$LOGS/moto.log" 2>&1 < /dev/null &
echo $! > "$RUN/moto.pid"
wait_for 600 0.1 answers "$url" || { tail -n 20 "$LOGS/moto.log" >&2; exit 1; }
say "moto answers"
