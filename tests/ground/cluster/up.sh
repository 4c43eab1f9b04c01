#!/bin/bash
# Brings a one-node Kubernetes cluster up that runs real pods; a running one is left as it is. Needs root.
# FRESH=1 throws the old state away first; the registry's images stay.
set -eu
. "$(dirname "$0")/env.sh"
. "$HERE/../shell.sh"
alive() {
  [ -s "$RUN/unshare.pid" ] && [ "$(cat "/proc/$(cat "$RUN/unshare.pid")/comm" 2> /dev/null)" = unshare ]
}
kube() { "$BIN/kubectl" --kubeconfig "$KUBECONFIG_OUT" "$@"; }

# --- already there?
if [ -z "${FRESH:-}" ] && alive && kube get --raw /readyz > /dev/null 2>&1; then
  say "already up"
  exit 0
fi
bash "$HERE/down.sh" > /dev/null
[ -z "${FRESH:-}" ] || rm -rf "$STATE"
mkdir -p "$STATE" "$RUN/certs.d/_default" "$RUN/cni" "$LOGS" "$REGDATA"
rm -f "$LOGS"/*.log

# --- Debian's packages
missing=()
for package in containerd runc containernetworking-plugins iptables nftables conntrack iproute2 procps; do
  dpkg -s "$package" > /dev/null 2>&1 || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${missing[*]}"
  # Run level 1 keeps the packages from starting services.
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  apt-get update -qq > "$LOGS/apt.log" 2>&1
  apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >> "$LOGS/apt.log" 2>&1
fi
for port in $API_PORT $REG_PORT $NODEPORTS; do
  if is_taken 127.0.0.1 "$port"; then
    echo "port $port of 127.0.0.1 is taken: set KLAB_API_PORT, KLAB_REG_PORT or KLAB_NODEPORTS" >&2
    exit 1
  fi
done

# --- keys and settings
"$BIN/klab" pki "$PKI" "$NAME" "$NODE_IP" "$SVC_IP" "https://127.0.0.1:$API_PORT"
install -m 600 "$PKI/admin.kubeconfig" "$KUBECONFIG_OUT"
. "$HERE/settings.sh"
say "configured"

# --- a cgroup of our own in each hierarchy, then the namespaces
for hierarchy in $V1 systemd; do
  [ -d "$CG/$hierarchy" ] || continue
  mkdir -p "$CG/$hierarchy/$NAME"
done
for file in cpuset.cpus cpuset.mems; do cat "$CG/cpuset/$file" > "$CG/cpuset/$NAME/$file"; done
export KLAB_DIR=$LAB KLAB_BIN=$BIN KLAB_NAME=$NAME KLAB_API_PORT=$API_PORT KLAB_REG_PORT=$REG_PORT KLAB_NODEPORTS=$NODEPORTS
setsid bash "$HERE/enter.sh" > "$LOGS/node.log" 2>&1 < /dev/null &
node_pid() { NODE=$([ ! -s "$RUN/unshare.pid" ] || pgrep -P "$(cat "$RUN/unshare.pid")" bash) && [ -n "$NODE" ]; }
wait_for 200 0.05 node_pid || { cat "$LOGS/node.log" >&2; exit 1; }
echo "$NODE" > "$RUN/node.pid"
inside=/proc/$NODE/root/run/klab

# --- the caller's loopback: API server, registry, node ports
pairs=()
for port in $API_PORT $REG_PORT; do pairs+=("127.0.0.1:$port=127.0.0.1:$port"); done
for port in $NODEPORTS; do pairs+=("127.0.0.1:$port=$NODE_IP:$port"); done
is_apart() { [ "$(readlink "/proc/$NODE/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
wait_for 100 0.05 is_apart
setsid "$BIN/klab" forward "/proc/$NODE/ns/net" "${pairs[@]}" > "$LOGS/forward.log" 2>&1 < /dev/null &
echo $! > "$RUN/forward.pid"
registry_answers() { curl --noproxy '*' -sf "http://127.0.0.1:$REG_PORT/v2/" > /dev/null; }
wait_for 400 0.05 registry_answers || { cat "$LOGS/forward.log" "$LOGS/registry.log" >&2; exit 1; }
# Every pod has it as its first container, so it must be there before any.
if [ ! -d "$LAB/pause" ]; then python3 "$HERE/../images/img.py" "$LAB/pause" pause:1 --file "$BIN/pause:/pause" --entrypoint /pause; fi
python3 "$HERE/../images/push.py" "127.0.0.1:$REG_PORT" "$LAB/pause" > "$LOGS/images.log"
say "registry answers"

# --- wait
dies() { cat "$LOGS/node.log" >&2; exit 1; }
is_readyz() { [ -f "$inside/apiserver-ready" ] || { [ -d "/proc/$NODE" ] || dies; false; }; }
wait_for 2400 0.05 is_readyz
say "API server ready"
is_ready() { [ "$(kube get node "$NAME" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2> /dev/null)" = True ]; }
wait_for 600 0.1 is_ready
has_account() { [ -f "$inside/started" ] && kube -n default get serviceaccount default > /dev/null 2>&1; }
wait_for 400 0.05 has_account
for file in "$inside"/*.pid; do
  program=$(basename "$file" .pid)
  nsenter -t "$NODE" -m -p kill -0 "$(cat "$file")" 2> /dev/null && continue
  say "$program is dead:"
  tail -n 5 "$LOGS/$program.log" >&2
  dead=1
done
[ -z "${dead:-}" ] || exit 1
say "node Ready"
