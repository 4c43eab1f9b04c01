//! Finds the bill of materials (SBOM) that is attached to an image.
//!
//! It may be attached in three ways: as a referrer (image-spec 1.1, a manifest with `subject`), under cosign's tag
//! `sha256-<hex>.sbom`, or as BuildKit's attestation inside the image's own index. An SBOM is a help, not a need: what
//! cannot be read or reached here counts as not attached.

use oci_client::Reference;
use serde_json::Value;

use super::super::blobs::{Blob, Blobs};
use super::super::digest::Digest;
use super::super::image::{MANIFEST_LIMIT, Resolved};
use super::super::layout::Layout;
use super::super::registry::{Registry, Session};
use super::super::source::ImageSource;

/// Bounds how many referrers of one image are read.
const REFERRERS: usize = 16;

/// Holds a manifest that may be attached to an image.
struct Candidate {
    /// Holds the names it goes by.
    names: Vec<String>,
    /// Names the image that BuildKit says it is about.
    about: Option<Digest>,
    manifest: Value,
}

impl ImageSource {
    /// Finds the SBOM document attached to an image, or to its manifest for one platform.
    pub async fn sbom(&self, image: &Resolved) -> Option<Digest> {
        let manifests = image.platforms.iter().map(|platform| platform.manifest);
        let subjects: Vec<Digest> = [image.digest].into_iter().chain(manifests).collect();
        match self {
            Self::Layout(layout) => in_layout(layout, &subjects),
            Self::Registry { registry, cache } => in_registry(registry, cache, &image.name, &subjects).await,
        }
    }
}

fn in_layout(layout: &Layout, subjects: &[Digest]) -> Option<Digest> {
    let mut candidates = Vec::new();
    for entry in layout.entries().ok()? {
        let Some(manifest) = read(layout.blobs(), &entry.blob) else {
            continue;
        };
        for child in children(&manifest) {
            let about = child.about;
            if let Some(manifest) = read(layout.blobs(), &child.blob) {
                candidates.push(Candidate {
                    names: Vec::new(),
                    about,
                    manifest,
                });
            }
        }
        candidates.push(Candidate {
            names: entry.names,
            about: None,
            manifest,
        });
    }
    let of = |subject: &Digest| {
        let attached = candidates.iter().filter(|candidate| candidate.is_about(subject));
        attached
            .filter_map(|candidate| document(&candidate.manifest))
            .next()
    };
    subjects.iter().find_map(of)
}

async fn in_registry(registry: &Registry, cache: &Blobs, name: &str, subjects: &[Digest]) -> Option<Digest> {
    let session = registry.session(name).await.ok()?;
    // What the name stands for is there already, and says whether BuildKit attached anything.
    let top = subjects
        .first()
        .and_then(|top| fs_err::read(cache.path(top)).ok());
    let top: Value = top
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    for child in children(&top).into_iter().filter(|child| child.about.is_some()) {
        if let Some(found) = fetched(&session, &child.blob.digest).await {
            return Some(found);
        }
    }
    for subject in subjects {
        let subject_reference = session.reference.clone_with_digest(subject.to_string());
        let referrers = session.client.pull_referrers(&subject_reference, None).await;
        let referrers = referrers.ok().and_then(|index| serde_json::to_value(index).ok());
        for child in children(&referrers.unwrap_or_default()).iter().take(REFERRERS) {
            if let Some(found) = fetched(&session, &child.blob.digest).await {
                return Some(found);
            }
        }
        let tag = format!("{}.sbom", tag_of(subject));
        let reference = &session.reference;
        let tagged = Reference::with_tag(reference.registry().into(), reference.repository().into(), tag);
        if let Some(found) = session
            .manifest(&tagged)
            .await
            .ok()
            .and_then(|bytes| parsed(&bytes))
        {
            return Some(found);
        }
    }
    None
}

/// Fetches a manifest by digest, and finds the SBOM in it.
async fn fetched(session: &Session, digest: &Digest) -> Option<Digest> {
    let reference = session.reference.clone_with_digest(digest.to_string());
    let bytes = session.manifest(&reference).await.ok()?;
    (Digest::of(&bytes) == *digest).then(|| parsed(&bytes))?
}

fn parsed(bytes: &[u8]) -> Option<Digest> {
    document(&serde_json::from_slice(bytes).ok()?)
}

fn read(blobs: &Blobs, blob: &Blob) -> Option<Value> {
    serde_json::from_slice(&blobs.read(blob, MANIFEST_LIMIT).ok()?).ok()
}

/// Holds one thing that an index lists.
struct Child {
    blob: Blob,
    about: Option<Digest>,
}

fn children(index: &Value) -> Vec<Child> {
    let child = |descriptor: &Value| {
        let about = descriptor["annotations"]["vnd.docker.reference.digest"].as_str();
        Some(Child {
            blob: Blob {
                digest: descriptor["digest"].as_str()?.parse().ok()?,
                size: descriptor["size"].as_u64()?,
                media_type: descriptor["mediaType"].as_str().unwrap_or_default().to_owned(),
            },
            about: about.and_then(|about| about.parse().ok()),
        })
    };
    let listed = index["manifests"].as_array();
    listed.into_iter().flatten().filter_map(child).collect()
}

impl Candidate {
    fn is_about(&self, subject: &Digest) -> bool {
        let tag = format!("{}.sbom", tag_of(subject));
        let tagged = |name: &String| name.rsplit(':').next() == Some(tag.as_str());
        self.about == Some(*subject)
            || self.manifest["subject"]["digest"].as_str() == Some(subject.to_string().as_str())
            || self.names.iter().any(tagged)
    }
}

fn tag_of(digest: &Digest) -> String {
    format!("sha256-{}", digest.hex())
}

/// Finds the document in a manifest that carries an SBOM.
fn document(manifest: &Value) -> Option<Digest> {
    let layers = manifest["layers"].as_array()?;
    let of = |layer: &Value| {
        is_sbom(&layer["mediaType"]) || is_sbom(&layer["annotations"]["in-toto.io/predicate-type"])
    };
    let whole = is_sbom(&manifest["artifactType"]) || is_sbom(&manifest["config"]["mediaType"]);
    let layer = layers
        .iter()
        .find(|layer| of(layer))
        .or(if whole { layers.first() } else { None });
    layer?["digest"].as_str()?.parse().ok()
}

/// Knows the two formats by the words in their media and predicate types.
fn is_sbom(kind: &Value) -> bool {
    let kind = kind.as_str().unwrap_or_default().to_ascii_lowercase();
    kind.contains("spdx") || kind.contains("cyclonedx")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oci::testing::{
        Compression, Fixture, MANIFEST, TarItem, descriptor, for_platform, named, tar,
    };

    const SPDX: &str = "application/spdx+json";

    struct Site {
        fixture: Fixture,
        image: Blob,
        sbom: Blob,
    }

    fn site() -> Site {
        let fixture = Fixture::new();
        let layer = tar(&[TarItem::file("a", 0o644, "a")]);
        let image = fixture.manifest("amd64", &[layer], Compression::None);
        let sbom = fixture.blob(b"{\"spdxVersion\":\"SPDX-2.3\"}", SPDX);
        Site { fixture, image, sbom }
    }

    impl Site {
        fn artifact(&self, extra: Value, layer: Value) -> Blob {
            let mut manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer] });
            for (key, value) in extra.as_object().unwrap() {
                manifest[key] = value.clone();
            }
            self.fixture.blob(manifest.to_string().as_bytes(), MANIFEST)
        }

        async fn found(&self, entries: &[Value]) -> Option<Digest> {
            self.fixture.write_index(entries);
            let source = ImageSource::layout(self.fixture.root()).unwrap();
            let image = source.resolve("app:1").await.unwrap();
            source.sbom(&image).await
        }
    }

    #[tokio::test]
    async fn a_referrer_with_a_subject_is_found() {
        let site = site();
        let extra = json!({ "artifactType": SPDX, "subject": descriptor(&site.image) });
        let referrer = site.artifact(extra, descriptor(&site.sbom));
        let entries = [named(&site.image, "app:1"), descriptor(&referrer)];
        assert_eq!(site.found(&entries).await, Some(site.sbom.digest));
    }

    #[tokio::test]
    async fn a_tag_of_cosigns_is_found() {
        let site = site();
        let tagged = site.artifact(json!({}), descriptor(&site.sbom));
        let name = format!("acme/app:{}.sbom", tag_of(&site.image.digest));
        let entries = [named(&site.image, "app:1"), named(&tagged, &name)];
        assert_eq!(site.found(&entries).await, Some(site.sbom.digest));
    }

    #[tokio::test]
    async fn an_attestation_inside_the_index_is_found() {
        let site = site();
        let mut layer = descriptor(&site.sbom);
        layer["mediaType"] = "application/vnd.in-toto+json".into();
        layer["annotations"] = json!({ "in-toto.io/predicate-type": "https://spdx.dev/Document" });
        let attestation = site.artifact(json!({}), layer);
        let mut listed = for_platform(descriptor(&attestation), "unknown");
        listed["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": site.image.digest,
        });
        let index = json!({ "schemaVersion": 2, "manifests": [for_platform(descriptor(&site.image), "amd64"), listed] });
        let index = site
            .fixture
            .blob(index.to_string().as_bytes(), crate::oci::testing::INDEX);
        assert_eq!(
            site.found(&[named(&index, "app:1")]).await,
            Some(site.sbom.digest)
        );
    }

    #[tokio::test]
    async fn a_signature_or_another_images_sbom_is_none() {
        let site = site();
        let other = site.fixture.manifest("arm64", &[tar(&[])], Compression::None);
        let extra = json!({ "artifactType": SPDX, "subject": descriptor(&other) });
        let foreign = site.artifact(extra, descriptor(&site.sbom));
        let extra = json!({ "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json", "subject": descriptor(&site.image) });
        let mut layer = descriptor(&site.sbom);
        layer["mediaType"] = "application/json".into();
        let signature = site.artifact(extra, layer);
        let entries = [
            named(&site.image, "app:1"),
            descriptor(&foreign),
            descriptor(&signature),
        ];
        assert_eq!(site.found(&entries).await, None);
    }
}
