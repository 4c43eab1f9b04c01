"""A registry spoken to with plain HTTP, and image layouts: what img.py and push.py share."""

import hashlib
import json
import os
import urllib.error
import urllib.parse
import urllib.request

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX = "application/vnd.oci.image.index.v1+json"
NAME = "org.opencontainers.image.ref.name"

# A registry on this machine is never behind the proxy that the environment may name.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def blob(layout, named):
    return os.path.join(layout, "blobs", named.replace(":", "/"))


class Repository:
    """One repository of a registry."""

    def __init__(self, registry, name):
        self.base = f"http://{registry}/v2/{name}"

    def call(self, method, url, data=None, headers=None):
        request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
        return OPENER.open(request)

    def has(self, kind, named, accept="*/*"):
        try:
            answer = self.call("HEAD", f"{self.base}/{kind}/{named}", headers={"Accept": accept})
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return answer.headers.get("Docker-Content-Digest", "")

    def push_blob(self, path, described):
        if self.has("blobs", described["digest"]) is not None:
            return
        begun = self.call("POST", f"{self.base}/blobs/uploads/", b"").headers["Location"]
        url = urllib.parse.urljoin(self.base + "/", begun)
        url += ("&" if "?" in url else "?") + "digest=" + described["digest"]
        kind = {"Content-Type": "application/octet-stream", "Content-Length": str(described["size"])}
        with open(path, "rb") as content:
            self.call("PUT", url, content, kind)

    def push_manifest(self, tag, content, kind):
        answer = self.call("PUT", f"{self.base}/manifests/{tag}", content, {"Content-Type": kind})
        stored = answer.headers.get("Docker-Content-Digest")
        if stored != digest(content):
            raise SystemExit(f"{self.base}:{tag} became {stored}, not {digest(content)}")


def read_layout(layout):
    """Lists the images of a layout: name, tag, descriptor."""
    with open(os.path.join(layout, "index.json"), "rb") as file:
        index = json.load(file)
    for described in index["manifests"]:
        name, _, tag = described["annotations"][NAME].rpartition(":")
        yield name, tag, described
