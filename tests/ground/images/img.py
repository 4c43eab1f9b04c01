#!/usr/bin/env python3
"""Writes an OCI layout with one image of one layer, from files or a tar: no daemon, no tool, same input same bytes."""

import argparse
import gzip
import hashlib
import io
import json
import os
import tarfile

from registry import CONFIG, INDEX, LAYER, MANIFEST, NAME, blob, digest


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("layout", help="the folder to write")
    parser.add_argument("name", help="NAME:TAG")
    parser.add_argument("--tar", help="the whole file system")
    parser.add_argument("--file", action="append", default=[], metavar="SOURCE:PATH")
    parser.add_argument("--entrypoint", help="words, with commas between them")
    parser.add_argument("--command", help="words, with commas between them")
    parser.add_argument("--user", default="65532:65532")
    parser.add_argument("--env", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--expose", action="append", default=[], metavar="PORT/tcp")
    return parser.parse_args()


def archive(files):
    """Makes a tar of files; owners and times are fixed, so that the bytes are."""
    raw = io.BytesIO()
    made = set()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:

        def folder(path, mode):
            parts = path.strip("/").split("/")
            for depth in range(1, len(parts) + 1):
                name = "/".join(parts[:depth])
                if name and name not in made:
                    made.add(name)
                    entry = tarfile.TarInfo(name)
                    entry.type = tarfile.DIRTYPE
                    entry.mode = mode if depth == len(parts) else 0o755
                    tar.addfile(entry)

        folder("tmp", 0o1777)
        for pair in files:
            source, path = pair.rsplit(":", 1)
            folder(os.path.dirname(path), 0o755)
            entry = tarfile.TarInfo(path.lstrip("/"))
            known = os.stat(source)
            entry.size = known.st_size
            entry.mode = 0o755 if known.st_mode & 0o100 else 0o644
            with open(source, "rb") as content:
                tar.addfile(entry, content)
    raw.seek(0)
    return raw


def compress(raw, path):
    """Compresses a layer; returns the digest of what went in."""
    inside = hashlib.sha256()
    with open(path, "wb") as out, gzip.GzipFile("", "wb", 1, out, mtime=0) as packed:
        while piece := raw.read(1 << 20):
            inside.update(piece)
            packed.write(piece)
    return "sha256:" + inside.hexdigest()


def describe(layout, kind, content):
    named = digest(content)
    with open(blob(layout, named), "wb") as file:
        file.write(content)
    return {"mediaType": kind, "digest": named, "size": len(content)}


def main():
    given = arguments()
    os.makedirs(os.path.join(given.layout, "blobs/sha256"), exist_ok=True)
    unfinished = os.path.join(given.layout, "layer")
    with open(given.tar, "rb") if given.tar else archive(given.file) as raw:
        inside = compress(raw, unfinished)
    with open(unfinished, "rb") as file:
        packed = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    size = os.path.getsize(unfinished)
    os.rename(unfinished, blob(given.layout, packed))
    layer = {"mediaType": LAYER, "digest": packed, "size": size}
    runs = {
        "User": given.user,
        "WorkingDir": "/",
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *given.env],
        "ExposedPorts": {port: {} for port in given.expose},
    }
    for key, words in [("Entrypoint", given.entrypoint), ("Cmd", given.command)]:
        if words:
            runs[key] = words.split(",")
    machine = "arm64" if os.uname().machine == "aarch64" else "amd64"
    layers = {"type": "layers", "diff_ids": [inside]}
    config = {"architecture": machine, "os": "linux", "config": runs, "rootfs": layers}
    config = describe(given.layout, CONFIG, json.dumps(config, sort_keys=True).encode())
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
    manifest = describe(given.layout, MANIFEST, json.dumps(manifest, sort_keys=True).encode())
    manifest["annotations"] = {NAME: given.name}
    with open(os.path.join(given.layout, "oci-layout"), "w") as file:
        file.write('{"imageLayoutVersion":"1.0.0"}')
    with open(os.path.join(given.layout, "index.json"), "w") as file:
        json.dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": [manifest]}, file)


main()
