#!/bin/bash
# Proves that the cluster is what it promises. `cargo xtask cluster check` runs it, after `up --with ingress,metrics` and `push`.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
SPACE=landfall-check
REGISTRY=${LANDFALL_TEST_REGISTRY:?} INGRESS=${LANDFALL_TEST_INGRESS:-}
passed=0 failed=0

kube() { kubectl --namespace "$SPACE" "$@"; }
manifest() { sed "s|image: |image: $REGISTRY/|" "$HERE/manifests/$1.yaml"; }
says() { # RESULT WHAT
  if [ "$1" = 0 ]; then passed=$((passed + 1)) && echo "ok      $2"; else failed=$((failed + 1)) && echo "FAILED  $2"; fi
}
# VERBOSE=1 shows what each command wrote.
check() { # WHAT COMMAND...
  local what=$1 words
  shift
  words=$("$@" 2>&1)
  says $? "$what"
  [ -z "${VERBOSE:-}" ] || echo "$words"
}
# The first answer may be late: an autoscaler, a proxy and a route each need a moment.
soon() { for _ in $(seq 60); do if "$@"; then return 0; fi; sleep 0.5; done; return 1; }
bound() { [ "$(kube get pvc "$1" -o 'jsonpath={.status.phase}')" = Bound ]; }
refused() {
  kube run bad --image="$REGISTRY/library/redis:7" --privileged 2>&1 | grep -q 'violates PodSecurity "restricted'
}
page() { curl --noproxy '*' -sf -m 2 -H "Host: $1" "$INGRESS/" | grep -qi '<html'; }
answers() { # POD WORD COMMAND...
  local pod=$1 word=$2
  shift 2
  kube exec "$pod" -- "$@" | grep -q "$word"
}
database() { answers postgres-0 1 sh -c 'PGPASSWORD=check psql -h postgres -U notes -Atc "select 1"'; }
bucket() { # through the S3 API, with the one client that is at hand
  local store=":s3,provider=Other,endpoint='http://objects:9000',access_key_id=check,secret_access_key=check-secret:"
  kube exec objects-0 -- rclone mkdir "${store}notes" && answers objects-0 notes rclone lsf "$store"
}
top() { kubectl top nodes --no-headers && kube top pods --no-headers | grep -q postgres; }

kubectl delete namespace "$SPACE" --ignore-not-found --timeout=120s > /dev/null
manifest services | kubectl apply --server-side --filename - > /dev/null
manifest notes | kubectl apply --server-side --filename - > /dev/null
for name in postgres redis objects temporal; do
  check "$name runs as 65532 with a read-only root" kube rollout status "statefulset/$name" --timeout=180s
  check "$name has a volume" bound "data-$name-0"
done
check "the sample's page runs" kube rollout status deployment/web --timeout=120s
check "a privileged pod is refused" refused
check "the database answers by its name and password" soon database
check "the cache answers" answers redis-0 PONG redis-cli -h redis -a check ping
check "the object store speaks S3" bucket
check "Temporal serves" answers temporal-0 SERVING temporal operator cluster health
if kubectl get ingressclass landfall-test > /dev/null 2>&1 && [ -n "$INGRESS" ]; then
  kubectl apply --server-side --filename "$HERE/manifests/routes.yaml" > /dev/null
  check "the page answers through an Ingress" soon page ingress.check.test
  check "the page answers through an HTTPRoute" soon page route.check.test
else
  echo "SKIPPED no ingress controller: cargo xtask cluster up --with ingress"
fi
if kubectl get apiservice v1beta1.metrics.k8s.io > /dev/null 2>&1; then
  check "metrics are there" soon top
else
  echo "SKIPPED no metrics: cargo xtask cluster up --with metrics"
fi
if [ "$failed" = 0 ]; then kubectl delete namespace "$SPACE" --wait=false > /dev/null; fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
