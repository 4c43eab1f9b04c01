#!/bin/bash
# Gives the engine the images of databases and caches by the names that the emulator starts them by.
set -eu
. "$(dirname "$0")/env.sh"
named() { # IMAGE NAME
  docker pull --quiet "127.0.0.1:$REG_PORT/library/$1" > /dev/null
  # The emulator puts keys into the container as root, and leaves it to the image to go on as somebody else.
  printf 'FROM 127.0.0.1:%s/library/%s\nUSER 0:0\n' "$REG_PORT" "$1" | DOCKER_BUILDKIT=0 docker build --quiet --tag "$2" - > /dev/null
}
named postgres:15 postgres:15-alpine
named redis:7 redis:7-alpine
