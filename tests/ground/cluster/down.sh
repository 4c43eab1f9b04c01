#!/bin/bash
# Stops the cluster by the process ids that up.sh wrote. Killing the first process of the namespaces ends every process in
# them; their mounts, interfaces and packet filters go with them. Only cgroups are left to remove by hand.
# PURGE=1 also removes state, logs and images.
set -u
. "$(dirname "$0")/env.sh"

# A process id is used again sooner or later: only a process that still looks like ours is ended.
for name in forward unshare; do
  [ -s "$RUN/$name.pid" ] || continue
  pid=$(cat "$RUN/$name.pid")
  case "$name:$(cat "/proc/$pid/comm" 2> /dev/null)" in
    forward:klab) kill "$pid" ;;
    unshare:unshare) kill -KILL "$pid" ;;
  esac
  rm -f "$RUN/$name.pid"
done
if [ -s "$RUN/node.pid" ]; then
  pid=$(cat "$RUN/node.pid")
  if grep -q node.sh "/proc/$pid/cmdline" 2> /dev/null; then kill -KILL "$pid" 2> /dev/null; fi
  for _ in $(seq 200); do [ -d "/proc/$pid" ] || break; sleep 0.05; done
  rm -f "$RUN/node.pid"
fi
for hierarchy in $V1 systemd; do
  folder=$CG/$hierarchy/$NAME
  [ -d "$folder" ] || continue
  for _ in $(seq 100); do
    find "$folder" -depth -type d -exec rmdir {} + 2> /dev/null
    [ -d "$folder" ] || break
    sleep 0.05
  done
  [ ! -d "$folder" ] || echo "left: $folder" >&2
done
[ -z "${PURGE:-}" ] || rm -rf "$STATE" "$LOGS" "$RUN" "$REGDATA" "$LAB/pause" "$KUBECONFIG_OUT"
echo "the cluster $NAME is down"
