#!/bin/bash
# Does to a rendered folder by hand what its README.md says, and looks that a plan is empty after every apply:
#   layers.sh FOLDER up | empty | down
# Set what `cargo xtask aws env` prints, the account as AWS_ACCESS_KEY_ID, and TF_VAR_secret_values; TASKS where there are others.
set -eu
cd "${1:?a rendered folder}"
export TF_IN_AUTOMATION=1 TF_INPUT=0
TASKS=${TASKS-database-user migration}
LAYERS=(foundation data application)
[ ! -d bootstrap ] || LAYERS=(bootstrap "${LAYERS[@]}")
terraform() { command terraform "-chdir=$1" "${@:2}" -no-color; }
# quiet COMMAND...: says nothing of what went well, and not all of what did not
quiet() {
  local said
  said=$("$@" 2>&1) || { grep -vE ': (Refreshing|Reading|Read complete|Creating|Still|Creation complete)' <<< "$said" >&2; return 1; }
}
empty() {
  quiet terraform "$1" plan -detailed-exitcode "${@:2}" || { echo "the plan of $1 is not empty" >&2; return 1; }
  echo "empty    $1"
}
apply() {
  quiet terraform "$1" apply -auto-approve "${@:2}"
  echo "applied  $1"
}
handed() { # LAYER TO...
  local to
  for to in "${@:2}"; do command terraform "-chdir=$1" output -json "for_$to" > "$to/$1.auto.tfvars.json"; done
}
# Services that were made with no task begin with as many as they may not be without.
start() {
  local cluster name names count
  cluster=$(command terraform -chdir=application output -json application | jq -r .cluster)
  names=$(command terraform -chdir=application output -json application | jq -r '.services | keys[]')
  for name in $names; do
    count=$(aws application-autoscaling describe-scalable-targets --service-namespace ecs --resource-ids "service/$cluster/$name" \
      --query 'ScalableTargets[0].MinCapacity')
    quiet aws ecs update-service --cluster "$cluster" --service "$name" --desired-count "$count"
  done
  # shellcheck disable=SC2086  # one word for each
  aws ecs wait services-stable --cluster "$cluster" --services $names
  echo "running  ${names//$'\n'/ }"
}
up() {
  local layer
  for layer in "${LAYERS[@]}"; do
    quiet terraform "$layer" init
    if [ "$layer" = application ]; then
      apply application -target=module.database_user -target=module.migration -target=module.access -target=module.cluster
      for task in $TASKS; do sh application/run-task.sh "$task"; done
    fi
    apply "$layer"
    case $layer in
      foundation) handed foundation data application ;;
      data) handed data application ;;
      application) start ;;
    esac
    empty "$layer"
  done
}
# From the top: first without protection, then gone. The bucket of the states holds those of the others until then.
down() {
  local at layer
  for ((at = ${#LAYERS[@]} - 1; at >= 0; at--)); do
    layer=${LAYERS[at]}
    apply "$layer" -var protected=false
    quiet terraform "$layer" destroy -auto-approve -var protected=false
    echo "gone     $layer"
  done
}
case ${2:-} in
  up) up ;;
  empty) for layer in "${LAYERS[@]}"; do empty "$layer"; done ;;
  down) down ;;
  *) echo "usage: layers.sh FOLDER up | empty | down" >&2 && exit 64 ;;
esac
