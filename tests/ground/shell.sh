# shellcheck shell=bash  # sourced by the scripts of both grounds
# What they have in common: words about progress, waiting, and ending only what is ours.
began=$(date +%s.%N)
say() { printf '%6.2fs %s\n' "$(echo "$(date +%s.%N) $began" | awk '{print $1-$2}')" "$*" >&2; }

# wait_for TRIES SECONDS COMMAND...
wait_for() {
  local tries=$1 pause=$2
  shift 2
  for _ in $(seq "$tries"); do
    if "$@"; then return 0; fi
    sleep "$pause"
  done
  return 1
}

is_taken() { (exec 3<> "/dev/tcp/$1/$2") 2> /dev/null; }
