#!/bin/bash
# Brings an AWS emulator up whose tasks, databases and caches are containers, with an engine and a registry of its own; one that
# runs is left as it is. Needs root.
set -eu
. "$(dirname "$0")/env.sh"
. "$HERE/../shell.sh"

if is_engine && is_registry && is_emulator && answers "http://$GATEWAY:$PORT/_ministack/health"; then
  say "already up"
  exit 0
fi
bash "$HERE/down.sh" containers > /dev/null
mkdir -p "$STATE/images" "$RUN" "$LOGS"
if is_taken 127.0.0.1 "$REG_PORT"; then
  echo "port $REG_PORT of 127.0.0.1 is taken: set LANDFALL_AWS_REG_PORT" >&2
  exit 1
fi
if ip -4 -oneline route show | grep -q "^$NET\.0/"; then
  echo "the network $NET.0/24 is in use here: set LANDFALL_AWS_NET, such as 172.31.7" >&2
  exit 1
fi

# started NAME COMMAND...: in a session of its own, so that nothing meant for this script ends it
started() {
  local name=$1
  shift
  setsid "$@" > "$LOGS/$name.log" 2>&1 < /dev/null &
  echo $! > "$RUN/$name.pid"
}
# ready NAME COMMAND...: what dies before it answers says why
ready() {
  local name=$1
  shift
  for _ in $(seq 600); do
    if "$@" > /dev/null 2>&1; then return 0; fi
    if [ ! -d "/proc/$(cat "$RUN/$name.pid")" ]; then break; fi
    sleep 0.1
  done
  echo "$name does not answer:" >&2
  tail -n 20 "$LOGS/$name.log" >&2
  exit 1
}

# --- the engine: in mount and process namespaces of its own, so that one kill ends every container and leaves no mount
ulimit -n "$(ulimit -Hn)"
PATH=$ENGINE/usr/bin:$ENGINE/usr/sbin:$PATH
libraries=$(echo "$ENGINE"/lib/*-linux-gnu):$(echo "$ENGINE"/usr/lib/*-linux-gnu)
plugins=$(echo "$ENGINE"/usr/lib/*-linux-gnu/xtables)
# It touches no packet filter but its containers' own, forwards nothing and has no bridge but ours.
started engine unshare --mount --pid --fork --kill-child=KILL --mount-proc \
  env LD_LIBRARY_PATH="$libraries" XTABLES_LIBDIR="$plugins" \
  "$ENGINE/usr/bin/tini" -- dockerd --host "$DOCKER_HOST" --data-root "$STATE/engine" --exec-root "$RUN/engine" \
  --pidfile "$RUN/dockerd.pid" --storage-driver overlay2 --bridge none --iptables=false --ip6tables=false --ip-forward=false \
  --ip-masq=false --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$BRIDGE" --host-gateway-ip "$GATEWAY"
ready engine docker info
# Containers of an emulator that is gone; a volume left behind would keep an old password.
docker ps --all --quiet | xargs -r "$ENGINE/usr/bin/docker" rm --force --volumes > /dev/null
docker volume ls --quiet | xargs -r "$ENGINE/usr/bin/docker" volume rm > /dev/null
# Internal: no container's address is ever hidden behind this machine's, so no answer comes back from anywhere else.
docker network inspect "$BRIDGE" > /dev/null 2>&1 || docker network create --internal --subnet "$NET.0/24" --gateway "$GATEWAY" \
  --opt "com.docker.network.bridge.name=$BRIDGE" "$BRIDGE" > /dev/null
say "engine answers"

# --- the registry that tasks' images come from, by digest
cat > "$RUN/registry.yml" << YAML
version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: $STATE/images } }
http: { addr: 127.0.0.1:$REG_PORT }
YAML
started registry docker-registry serve "$RUN/registry.yml"
ready registry answers "http://127.0.0.1:$REG_PORT/v2/"
say "registry answers"

# --- the emulator, where both this machine and the containers reach it, and nobody else
started emulator env PYTHONPATH="$HERE" PYTHONDONTWRITEBYTECODE=1 DOCKER_NETWORK="$BRIDGE" BIND_HOST="$GATEWAY" \
  GATEWAY_PORT="$PORT" MINISTACK_REGION="$REGION" AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test "$PYTHON" -m ministack_plus
ready emulator answers "http://$GATEWAY:$PORT/_ministack/health"
say "emulator answers"
