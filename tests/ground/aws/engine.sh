#!/bin/bash
# Unpacks a container engine and a registry from Debian's packages into a folder; nothing is installed: engine.sh FOLDER
set -eu
OUT=${1:?a folder}
PACKAGES=(containerd docker.io docker-registry libdevmapper1.02.1 runc tini)
# Containers find each other by name through rules in networks of their own: without these nobody's database has a name.
PACKAGES+=(iptables libip4tc2 libip6tc2 libmnl0 libnetfilter-conntrack3 libnfnetlink0 libnftnl11 libxtables12)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# apt fetches as a user of its own.
chmod 755 "$WORK"
if [ "$(id -u)" = 0 ] && id _apt > /dev/null 2>&1; then chown _apt "$WORK"; fi
cd "$WORK"
# The lists of packages may be missing or older than what the archive still has.
apt-get download -q "${PACKAGES[@]}" 2> /dev/null || { apt-get update -qq && apt-get download -q "${PACKAGES[@]}"; }
for package in *.deb; do dpkg -x "$package" "$OUT"; done
# Where it is installed, the alternatives say which of the two it is.
for name in iptables ip6tables; do ln -s "$name-nft" "$OUT/usr/sbin/$name"; done
