#!/bin/sh
# Creates a customer's organization in Flovyn Server. Create it in Flovyn App first, with the same slug.
#   ADMIN_TOKEN=... scripts/flovyn-onboard.sh "Customer Corp" customer-corp
set -eu
name=$1 slug=$2
curl --fail-with-body -X POST "{{ installation.url | trim_end(pat="/") }}/api/orgs" \
  -H "Authorization: Bearer $ADMIN_TOKEN" \
  -H "Content-Type: application/json" \
  -d "{\"name\": \"$name\", \"slug\": \"$slug\"}"
