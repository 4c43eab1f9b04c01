# shellcheck shell=bash disable=SC2034  # sourced by the other scripts, which use what is set here
# Settings of a cluster. `cargo xtask cluster` sets the first two; the rest may be set from outside.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB=${KLAB_DIR:?the folder of state, logs, images and kubeconfig}
BIN=${KLAB_BIN:?the folder of what build.sh made}
# Two clusters side by side need two folders, two names and ports of their own.
NAME=${KLAB_NAME:-klab}
# The same ports on the caller's loopback and inside the node, so that one kubeconfig serves both.
API_PORT=${KLAB_API_PORT:-6443}
REG_PORT=${KLAB_REG_PORT:-5000}
NODEPORTS=${KLAB_NODEPORTS:-30080 30081 30443}
STATE=$LAB/state RUN=$LAB/run LOGS=$LAB/logs PKI=$LAB/state/pki REGDATA=$LAB/registry KUBECONFIG_OUT=$LAB/kubeconfig
NODE_IP=10.66.0.1 GATEWAY_IP=10.66.0.254
POD_CIDR=10.244.0.0/16 POD_NET=10.244.0.0/24 SVC_CIDR=10.96.0.0/16 SVC_IP=10.96.0.1 DNS_IP=10.96.0.10
PAUSE=127.0.0.1:$REG_PORT/pause:1
V1="cpu cpuacct cpuset memory devices freezer blkio pids"
CG=/sys/fs/cgroup
