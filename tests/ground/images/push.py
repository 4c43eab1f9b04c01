#!/usr/bin/env python3
"""Pushes the images of OCI layouts, byte for byte, so that their digests stay: push.py REGISTRY[/PREFIX] LAYOUT...

An image is called as its layout calls it (`org.opencontainers.image.ref.name`), after the prefix. Prints a line for each.
"""

import json
import sys

from registry import Repository, blob, digest, read_layout


def push(registry, prefix, layout):
    for name, tag, described in read_layout(layout):
        name = f"{prefix}/{name}" if prefix else name
        repository = Repository(registry, name)
        if repository.has("manifests", tag, described["mediaType"]) != described["digest"]:
            with open(blob(layout, described["digest"]), "rb") as file:
                content = file.read()
            if digest(content) != described["digest"]:
                raise SystemExit(f"{layout}: the manifest of {name}:{tag} is not what the index says")
            manifest = json.loads(content)
            for part in [manifest["config"], *manifest["layers"]]:
                repository.push_blob(blob(layout, part["digest"]), part)
            repository.push_manifest(tag, content, described["mediaType"])
        print(f"{registry}/{name}:{tag}@{described['digest']}")


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    registry, _, prefix = sys.argv[1].partition("/")
    for layout in sys.argv[2:]:
        push(registry, prefix, layout)


main()
