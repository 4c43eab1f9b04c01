#!/bin/bash
# Stops what was started, by the process ids that were written down: down.sh [containers|moto]
# PURGE=1 also removes state, images and logs.
set -u
. "$(dirname "$0")/env.sh"
. "$HERE/../shell.sh"

# ended NAME SIGNAL: only if it is ours; what does not listen is killed
ended() {
  local pid
  if "is_$1"; then
    pid=$(cat "$RUN/$1.pid")
    kill "-$2" "$pid"
    is_gone() { [ ! -d "/proc/$pid" ]; }
    wait_for 100 0.1 is_gone || kill -KILL "$pid"
  fi
  rm -f "$RUN/$1.pid"
}
containers() {
  ended emulator TERM
  ended registry TERM
  # The engine's namespaces end with their first process, and everything in them.
  ended engine KILL
  rm -rf "$RUN/engine" "$RUN/docker.sock" "$RUN/dockerd.pid"
  if [ -e "/sys/class/net/$BRIDGE" ]; then ip link delete "$BRIDGE"; fi
  for folder in /sys/fs/cgroup/"$BRIDGE" /sys/fs/cgroup/*/"$BRIDGE"; do
    [ ! -d "$folder" ] || find "$folder" -depth -type d -exec rmdir {} +
  done
}

case ${1:-all} in
  containers) containers ;;
  moto) ended moto TERM ;;
  *) ended moto TERM && containers ;;
esac
[ -z "${PURGE:-}" ] || rm -rf "$STATE" "$LOGS" "$RUN"
echo "the AWS ground $NAME is down"
