# Runs one of the tasks of the output `tasks` to its end: sh run-task.sh NAME. Needs the AWS CLI and jq.
set -eu
cd "$(dirname "$0")"
task=$(terraform output -json tasks | jq -e --arg name "$1" '.[$name]')
cluster=$(echo "$task" | jq -r .run.cluster)
export AWS_REGION=eu-west-1
arn=$(aws ecs run-task --cli-input-json "$(echo "$task" | jq .run)" --query 'tasks[0].taskArn' --output text)
echo "started $arn, log in $(echo "$task" | jq -r .log_group)"
until [ "$(aws ecs describe-tasks --cluster "$cluster" --tasks "$arn" --query 'tasks[0].lastStatus' --output text)" = STOPPED ]; do
  sleep 5
done
container=$(echo "$task" | jq -r .container)
code=$(aws ecs describe-tasks --cluster "$cluster" --tasks "$arn" \
  --query "tasks[0].containers[?name=='$container'].exitCode | [0]" --output text)
reason=$(aws ecs describe-tasks --cluster "$cluster" --tasks "$arn" --query 'tasks[0].stoppedReason' --output text)
echo "ended with $code: $reason"
# A task that never started has no exit code.
[ "$code" = 0 ]
