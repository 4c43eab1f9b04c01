#!/bin/bash
# The first process of the node: runs in mount, pid, net, uts, ipc and cgroup namespaces of its own (see up.sh). Every mount,
# packet filter and process below it goes when it goes.
set -eu
. "$(dirname "$0")/env.sh"

# What kubelet mounts is seen by the containers, and by nobody outside.
mount --make-rshared /
hostname "$NAME"

# The file system of this network namespace; cgroup hierarchies that begin at our own cgroup.
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 cgroup "$CG"
for hierarchy in $V1; do
  mkdir "$CG/$hierarchy"
  mount -t cgroup -o "$hierarchy" cgroup "$CG/$hierarchy"
done
mkdir "$CG/systemd"
mount -t cgroup -o none,name=systemd cgroup "$CG/systemd" 2> /dev/null || rmdir "$CG/systemd"

# A private /run and a copy-on-write /var: nothing is left on the machine but in the cluster's own folder.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/netns /run/klab "$STATE/var/up" "$STATE/var/work" "$LOGS/var"
mount -t overlay overlay -o "lowerdir=/var,upperdir=$STATE/var/up,workdir=$STATE/var/work" /var
mkdir -p /var/log/pods /var/log/containers /var/lib/kubelet

# kubelet insists on some settings of the whole machine: it is shown what it wants, and nothing is changed.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=/run/klab/$(echo "${setting%=*}" | tr / _)
  echo "${setting#*=}" > "$file"
  mount --bind "$file" "/proc/sys/${setting%=*}"
done

# Loopback, one address, and a default route that leads nowhere: an air gap.
ip link set lo up
ip link add node0 type veth peer name node0p
ip addr add "$NODE_IP/24" dev node0
ip link set node0 up
ip link set node0p up
ip route add default via "$GATEWAY_IP" dev node0
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=1
echo > "$STATE/resolv.conf"
export PATH=$BIN:$PATH

start() { # NAME PROGRAM...
  local name=$1
  shift
  "$@" >> "$LOGS/$name.log" 2>&1 &
  echo $! > "/run/klab/$name.pid"
}
# shellcheck disable=SC2046  # one word for each process
trap 'kill $(jobs -p) 2> /dev/null; exit 0' TERM INT

start etcd etcd --name klab --data-dir "$STATE/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls \
  http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
  --initial-cluster klab=http://127.0.0.1:2380 --unsafe-no-fsync --log-level warn
start registry registry serve "$RUN/registry.yml"
start containerd containerd --config "$RUN/containerd.toml" --log-level warn
start kube-apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 --bind-address=0.0.0.0 "--secure-port=$API_PORT" \
  "--advertise-address=$NODE_IP" "--service-cluster-ip-range=$SVC_CIDR" --allow-privileged=true \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction "--client-ca-file=$PKI/ca.crt" \
  "--tls-cert-file=$PKI/apiserver.crt" "--tls-private-key-file=$PKI/apiserver.key" \
  "--kubelet-client-certificate=$PKI/apiserver-kubelet.crt" "--kubelet-client-key=$PKI/apiserver-kubelet.key" \
  "--kubelet-certificate-authority=$PKI/ca.crt" --kubelet-preferred-address-types=InternalIP \
  --service-account-issuer=https://kubernetes.default.svc.cluster.local "--service-account-key-file=$PKI/sa.pub" \
  "--service-account-signing-key-file=$PKI/sa.key" "--requestheader-client-ca-file=$PKI/front-ca.crt" \
  --requestheader-allowed-names=front-proxy-client --requestheader-extra-headers-prefix=X-Remote-Extra- \
  --requestheader-group-headers=X-Remote-Group --requestheader-username-headers=X-Remote-User \
  "--proxy-client-cert-file=$PKI/front-client.crt" "--proxy-client-key-file=$PKI/front-client.key" --profiling=false \
  --shutdown-delay-duration=0s
until kubectl --kubeconfig "$PKI/admin.kubeconfig" get --raw /readyz > /dev/null 2>&1; do sleep 0.1; done
date +%s.%N > /run/klab/apiserver-ready
start kube-controller-manager kube-controller-manager "--kubeconfig=$PKI/kcm.kubeconfig" \
  "--authentication-kubeconfig=$PKI/kcm.kubeconfig" "--authorization-kubeconfig=$PKI/kcm.kubeconfig" \
  --bind-address=127.0.0.1 --leader-elect=false --use-service-account-credentials=true \
  "--service-account-private-key-file=$PKI/sa.key" "--root-ca-file=$PKI/ca.crt" "--cluster-signing-cert-file=$PKI/ca.crt" \
  "--cluster-signing-key-file=$PKI/ca.key" --allocate-node-cidrs=true "--cluster-cidr=$POD_CIDR" \
  "--service-cluster-ip-range=$SVC_CIDR" --pvclaimbinder-sync-period=2s --kube-api-qps=500 --kube-api-burst=1000 \
  --profiling=false
start kube-scheduler kube-scheduler "--kubeconfig=$PKI/scheduler.kubeconfig" \
  "--authentication-kubeconfig=$PKI/scheduler.kubeconfig" "--authorization-kubeconfig=$PKI/scheduler.kubeconfig" \
  --bind-address=127.0.0.1 --leader-elect=false --kube-api-qps=500 --kube-api-burst=1000 --profiling=false
until [ -S /run/containerd/containerd.sock ]; do sleep 0.05; done
start kubelet kubelet "--config=$RUN/kubelet.yml" "--kubeconfig=$PKI/kubelet.kubeconfig" "--hostname-override=$NAME" \
  "--node-ip=$NODE_IP" "--root-dir=$STATE/kubelet"
start kube-proxy kube-proxy "--config=$RUN/kube-proxy.yml" "--hostname-override=$NAME"
start provisioner klab provisioner "$PKI/provisioner.kubeconfig" "$STATE/volumes" "$NAME"
start netpol klab netpol "$PKI/provisioner.kubeconfig" "$NODE_IP"
start coredns coredns -conf "$RUN/Corefile"
kubectl --kubeconfig "$PKI/admin.kubeconfig" apply --server-side --force-conflicts -f "$RUN/base.yml" > "$LOGS/base.log" \
  2>&1 || cat "$LOGS/base.log" >&2
touch /run/klab/started

# A program that died stays dead, and its log says why: nothing here hides it.
while :; do wait -n 2> /dev/null || sleep 1; done
