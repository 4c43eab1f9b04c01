#!/bin/bash
# Makes an OCI layout of a service from Debian's packages, without Docker: debimage.sh LAYOUT postgres|redis
# Needs root and mmdebstrap. The images keep the contract of the ones that everybody knows by these names, in short.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
LAYOUT=${1:?a folder} SERVICE=${2:?postgres or redis}
case $SERVICE in
  postgres) NAME=library/postgres:15 PACKAGES=postgresql-15 PROGRAM=postgres DATA=/var/lib/postgresql/data PORT=5432 ;;
  redis) NAME=library/redis:7 PACKAGES=redis-server PROGRAM=redis-server DATA=/data PORT=6379 ;;
  *) echo "no such service: $SERVICE" >&2; exit 1 ;;
esac
if ! command -v mmdebstrap > /dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 mmdebstrap > /dev/null
fi
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# Documentation, translations and the compiler behind `jit` are most of the bytes, and nobody asks for them here.
without=()
for folder in doc man locale info lintian; do without+=("--dpkgopt=path-exclude=/usr/share/$folder/*"); done
cat > "$WORK/customize" <<SCRIPT
set -eu
root=\$1
cp "$HERE/$SERVICE.sh" "\$root/usr/local/bin/docker-entrypoint.sh"
chmod 755 "\$root/usr/local/bin/docker-entrypoint.sh"
rm -rf "\$root"/usr/lib/*/libLLVM* "\$root"/usr/lib/*/libz3* "\$root"/usr/lib/postgresql/15/lib/llvmjit* \
  "\$root"/usr/lib/postgresql/15/lib/bitcode "\$root"/var/lib/postgresql/15 "\$root"/usr/share/i18n "\$root"/var/cache/apt/* \
  "\$root"/var/lib/apt/lists/* "\$root"/var/log/* "\$root/etc/resolv.conf"
mkdir -p "\$root$DATA"
chown 999:999 "\$root$DATA"
chmod 1777 "\$root$DATA"
SCRIPT
# Users of both numbers: the one that the known image has, and the one that everything of ours runs as. initdb refuses to run
# as a number that has no name.
cat > "$WORK/users" <<SCRIPT
set -eu
printf '%s\n' "$SERVICE:x:999:999::$DATA:/bin/sh" nonroot:x:65532:65532::/tmp:/bin/sh >> "\$1/etc/passwd"
printf '%s\n' "$SERVICE:x:999:" nonroot:x:65532: >> "\$1/etc/group"
SCRIPT
chmod 755 "$WORK/customize" "$WORK/users"
# The machine's own idea of where Debian comes from.
sources=/etc/apt/sources.list.d/debian.sources
[ -f "$sources" ] || sources=/etc/apt/sources.list
# Nothing of it has to outlast a power cut, so nothing waits for the disk.
SOURCE_DATE_EPOCH=0 mmdebstrap --quiet --dpkgopt=force-unsafe-io --variant=minbase --include="$PACKAGES" "${without[@]}" \
  --essential-hook="$WORK/users" --customize-hook="$WORK/customize" bookworm "$WORK/rootfs.tar" "$sources"
python3 "$HERE/img.py" "$LAYOUT" "$NAME" --tar "$WORK/rootfs.tar" --entrypoint docker-entrypoint.sh --command "$PROGRAM" \
  --env "PGDATA=$DATA" --expose "$PORT/tcp"
