# shellcheck shell=bash disable=SC2034  # sourced by the other scripts, which use what is set here
# Settings of the AWS ground. `cargo xtask aws` sets the first ones; the rest may be set from outside.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB=${LANDFALL_AWS_DIR:?the folder of state and logs}
ENGINE=${LANDFALL_AWS_ENGINE:-} # what engine.sh made
PYTHON=${LANDFALL_AWS_PYTHON:-} # with what requirements/*.txt name
# Two grounds side by side need two names, ports and networks of their own.
NAME=${LANDFALL_AWS_NAME:-aws}
PORT=${LANDFALL_AWS_PORT:-4567} MOTO_PORT=${LANDFALL_AWS_MOTO_PORT:-4568} REG_PORT=${LANDFALL_AWS_REG_PORT:-5010}
NET=${LANDFALL_AWS_NET:-172.30.0}
REGION=${AWS_REGION:?the region of calls that nobody signed}
GATEWAY=$NET.1 BRIDGE=landfall-$NAME
RUN=$LAB/run LOGS=$LAB/logs STATE=$LAB/state
export DOCKER_HOST=unix://$RUN/docker.sock
docker() { "$ENGINE/usr/bin/docker" "$@"; }
answers() { curl --noproxy '*' -sf -o /dev/null -m 5 "$1"; }

# A process id is used again sooner or later: only a process whose command line still looks like ours counts.
is_ours() { # NAME WORD
  [ -s "$RUN/$1.pid" ] && tr '\0' ' ' < "/proc/$(cat "$RUN/$1.pid")/cmdline" 2> /dev/null | grep -qF -- "$2"
}
is_engine() { is_ours engine "unix://$RUN/docker.sock"; }
is_registry() { is_ours registry "$RUN/registry.yml"; }
is_emulator() { is_ours emulator ministack_plus; }
is_moto() { is_ours moto moto_plus; }
