#!/bin/bash
# Enters the cluster's cgroups and namespaces, and becomes the node (see up.sh).
set -eu
. "$(dirname "$0")/env.sh"
for hierarchy in $V1 systemd; do
  [ ! -d "$CG/$hierarchy" ] || echo $$ > "$CG/$hierarchy/$NAME/cgroup.procs"
done
ulimit -n "$(ulimit -Hn)"
echo $$ > "$RUN/unshare.pid"
exec unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child=KILL --mount-proc bash "$HERE/node.sh"
