#!/bin/bash
# Builds what the cluster consists of, and both helms, into a folder: build.sh FOLDER
# Cold it is a quarter of an hour of processor time, after that seconds. `-trimpath` changes every key of Go's own cache, so
# the flag stays the same from build to build.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
OUT=${1:?a folder}
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false
KUBERNETES=34.1
MINOR=${KUBERNETES%.*}
mkdir -p "$OUT"

go_build() { # NAME PACKAGE LINKER-FLAGS
  echo "building $1" >&2
  go build -p 2 -trimpath -ldflags "-s -w $3" -o "$OUT/$1" "$2"
}

gcc -static -Os -s -o "$OUT/pause" "$HERE/src/pause/pause.c"
cd "$HERE/src/registry"
go_build registry . ""
cd "$HERE/src/klab"
version=k8s.io/component-base/version
go_build klab . "-X $version.gitVersion=v1.$KUBERNETES -X $version.gitMajor=1 -X $version.gitMinor=$MINOR \
  -X $version.gitTreeState=clean -X $version.buildDate=2025-01-01T00:00:00Z"

# Without these a helm that was not built by its own Makefile believes that it talks to Kubernetes 1.20, and `helm template`
# of a chart that asks for more fails.
believes() { # PACKAGE...
  local package
  for package; do printf -- '-X %s.k8sVersionMajor=1 -X %s.k8sVersionMinor=%s ' "$package" "$package" "$MINOR"; done
}
helm() { # MAJOR FLAGS
  local module=helm.sh/helm/v$1
  go_build "helm$1" "$module/cmd/helm" "-X $module/internal/version.version=$(go list -m -f '{{.Version}}' "$module") $2"
}
helm 3 "$(believes helm.sh/helm/v3/pkg/chartutil helm.sh/helm/v3/pkg/lint/rules)"
client=helm.sh/helm/v4/internal/version.kubeClientVersion
helm 4 "$(believes helm.sh/helm/v4/pkg/chart/common helm.sh/helm/v4/pkg/chart/v2/lint/rules) -X ${client}Major=1 -X ${client}Minor=$MINOR"

for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy coredns kubectl; do
  ln -sf klab "$OUT/$name"
done
