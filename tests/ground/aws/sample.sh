#!/bin/bash
# Makes in an account of the emulator what the sample's answers name, and writes them: sample.sh FOLDER [VERSION...]
# FOLDER has landfall.yaml then, and env with what is to be set. The first version is the one that is asked for.
# Set what `cargo xtask aws env` prints, and an account of twelve digits as AWS_ACCESS_KEY_ID; LANDFALL names the program,
# INSTALLATION the installation.
set -eu
mkdir -p "${1:?a folder}"
FOLDER=$(cd "$1" && pwd)
ROOT=$(cd "$(dirname "$0")/../../.." && pwd)
shift
[ $# -gt 0 ] || set -- 1.0.0
ACCOUNT=$AWS_ACCESS_KEY_ID REGISTRY=$LANDFALL_TEST_AWS_REGISTRY INSTALLATION=${INSTALLATION:-notes}
landfall() { "${LANDFALL:-landfall}" "$@"; }
secret() { head -c 20 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

export LANDFALL_DATA=$FOLDER/data LANDFALL_CACHE=$FOLDER/cache
for version in "$@"; do
  images=()
  for component in api web worker; do images+=(--image "$component=$REGISTRY/landfall/sample-$component:$version"); done
  mapfile -t promise < <(jq -r --arg version "$version" '.[] | select(.version == $version) | .promise[]' "$ROOT/sample/releases.json")
  landfall release add sample "$version" --no-sbom "${images[@]}" --image "database=$REGISTRY/library/postgres:15" "${promise[@]}" > /dev/null
done
landfall license issue --product sample --key "$ROOT/sample/keys/license-test.key.pem" --customer acme --tier enterprise \
  --seats 5 --feature attachments --issuer landfall --id first > "$FOLDER/license.jwt"
aws s3 mb "s3://$INSTALLATION-attachments" > /dev/null
zone=$(aws route53 create-hosted-zone --name example.test --caller-reference "$(secret)" --query HostedZone.Id --output text)
curl --noproxy '*' -sSf "$AWS_ENDPOINT_URL/_ministack/rds/ca.pem" > "$FOLDER/database-ca.pem"

cat > "$FOLDER/landfall.yaml" << YAML
schema: landfall/answers/v1
product: sample
release: $1
name: $INSTALLATION
tier: enterprise
parts:
  main:
    mode: aws
    target: aws
    options:
      region: $AWS_REGION
      account: "$ACCOUNT"
      domain: notes.example.test
      zone_id: ${zone##*/}
      size: small
      state: ${STATE:-s3}
      # What the emulator has.
      database_version: "15.18"
      database_ca: $FOLDER/database-ca.pem
      cache_engine: redis
      cache_version: "7.1"
      alarm_emails: [ops@example.test]
      budget: 100
services:
  database: { supply: managed }
  cache: { supply: managed }
  objects:
    supply: yours
    region: $AWS_REGION
    endpoint: $AWS_ENDPOINT_URL
    bucket: $INSTALLATION-attachments
    access_key: env:NOTES_S3_ACCESS_KEY
    secret_key: env:NOTES_S3_SECRET_KEY
  license: { token: env:NOTES_LICENSE }
YAML
secrets=$(jq -cn --arg cache "$(secret)" --arg database "$(secret)" --arg session "$(secret)" --arg account "$ACCOUNT" \
  --rawfile license "$FOLDER/license.jwt" '{cache_password: $cache, database_password: $database, session_key: $session,
  license_token: ($license | rtrimstr("\n")), objects_access_key: $account, objects_secret_key: "test"}')
cat > "$FOLDER/env" << ENV
export LANDFALL_DATA='$LANDFALL_DATA' LANDFALL_CACHE='$LANDFALL_CACHE'
export NOTES_LICENSE='$(cat "$FOLDER/license.jwt")' NOTES_S3_ACCESS_KEY='$ACCOUNT' NOTES_S3_SECRET_KEY=test
export TF_VAR_secret_values='$secrets'
ENV
