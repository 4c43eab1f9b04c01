//! The document: CycloneDX 1.6 in JSON.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::walk::Contents;
use super::{Kind, Part, purl};
use crate::oci::digest::Digest;
use crate::oci::image::Image;

type Looked<'a> = (&'a Image, Contents, Option<Timestamp>);

/// A part in all the places and on all the platforms where it was found.
#[derive(Default)]
struct Entry<'a> {
    part: Option<&'a Part>,
    places: BTreeSet<&'a str>,
    platforms: BTreeSet<String>,
    license: Option<&'a str>,
    /// Whether it is in the image wherever it was found, and not only helped to build.
    included: bool,
}

/// Writes the document, and says how many parts it lists.
pub(super) fn write(reference: &str, digest: Digest, looked: &[Looked<'_>]) -> (Vec<u8>, usize) {
    let entries = entries(looked);
    let mut components: Vec<Value> = systems(looked);
    components.extend(
        entries
            .iter()
            .map(|(id, entry)| component(id, entry, looked.len() > 1)),
    );
    let listed: Vec<&str> = entries.keys().map(String::as_str).collect();
    let subject = digest.to_string();
    let mut metadata = json!({
        "tools": { "components": [{ "type": "application", "name": "landfall" }] },
        "component": image(reference, digest, looked),
    });
    // The newest of the platforms' times: no clock is read, so that the same image gives the same bytes.
    if let Some(created) = looked.iter().filter_map(|(_, _, created)| *created).max() {
        metadata["timestamp"] = created.to_string().into();
    }
    let complete = looked
        .iter()
        .all(|(_, contents, _)| contents.unread().next().is_none());
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": [{ "ref": subject, "dependsOn": listed }],
        // What says nothing about itself may hold anything, so it is never called complete.
        "compositions": [{ "aggregate": if complete { "unknown" } else { "incomplete" }, "assemblies": [subject] }],
    });
    let mut text = serde_json::to_vec_pretty(&document).unwrap_or_default();
    text.push(b'\n');
    (text, entries.len())
}

fn entries<'a>(looked: &'a [Looked<'_>]) -> BTreeMap<String, Entry<'a>> {
    let mut entries: BTreeMap<String, Entry<'a>> = BTreeMap::new();
    for (image, contents, _) in looked {
        for part in &contents.parts {
            let (id, included) = match &part.kind {
                Kind::Package { purl, excluded } => (purl.clone(), !excluded),
                Kind::Program(digest) => (format!("file:{}@{digest}", part.place), true),
            };
            let entry = entries.entry(id).or_default();
            entry.part.get_or_insert(part);
            entry.places.insert(&part.place);
            entry.platforms.insert(image.platform.to_string());
            entry.license = entry.license.or(part.license.as_deref());
            entry.included |= included;
        }
    }
    entries
}

/// Describes the image itself.
fn image(reference: &str, digest: Digest, looked: &[Looked<'_>]) -> Value {
    let name = reference.split('@').next().unwrap_or_default();
    let (repository, tag) = match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, ""),
    };
    let last = repository
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let home = if repository.contains('/') { repository } else { "" };
    let version = digest.to_string();
    let qualifiers = [("repository_url", home), ("tag", tag)];
    let mut properties = Vec::new();
    for (image, contents, _) in looked {
        let platform = &image.platform;
        let mut add = |what: &str, value: String| {
            let name = format!("landfall:image:{platform}:{what}");
            properties.push(json!({ "name": name, "value": value }));
        };
        add("manifest", image.manifest.digest.to_string());
        add("config", image.config_blob.digest.to_string());
        for unread in contents.unread() {
            add("not-read", unread);
        }
    }
    json!({
        "type": "container",
        "bom-ref": version,
        "name": if repository.is_empty() { reference } else { repository },
        "version": if tag.is_empty() { &version } else { tag },
        "purl": purl("oci", "", &last, Some(&version), &qualifiers),
        "hashes": [{ "alg": "SHA-256", "content": digest.hex() }],
        "properties": properties,
    })
}

/// Describes the systems that the image is built on, each once.
fn systems(looked: &[Looked<'_>]) -> Vec<Value> {
    let found = looked.iter().map(|(_, contents, _)| &contents.release);
    let named: BTreeMap<(&str, &str), ()> = found
        .filter(|release| !release.id.is_empty())
        .map(|release| ((release.id.as_str(), release.version.as_str()), ()))
        .collect();
    let system = |(id, version): &(&str, &str)| {
        let mut system = json!({
            "type": "operating-system", "bom-ref": format!("os:{id}@{version}"), "name": id,
        });
        if !version.is_empty() {
            system["version"] = (*version).into();
        }
        system
    };
    named.keys().map(system).collect()
}

fn component(id: &str, entry: &Entry<'_>, with_platforms: bool) -> Value {
    let Some(part) = entry.part else {
        return Value::Null;
    };
    let mut component = json!({ "type": "library", "bom-ref": id, "name": part.name });
    match &part.kind {
        Kind::Package { purl, .. } => component["purl"] = purl.as_str().into(),
        Kind::Program(digest) => {
            component["type"] = "file".into();
            component["hashes"] = json!([{ "alg": "SHA-256", "content": digest.hex() }]);
        }
    }
    if let Some(version) = &part.version {
        component["version"] = version.as_str().into();
    }
    if !entry.included {
        component["scope"] = "excluded".into();
    }
    if let Some(license) = entry.license {
        component["licenses"] = json!([{ "license": { "name": license } }]);
    }
    let places = entry.places.iter().map(|place| json!({ "location": place }));
    component["evidence"] = json!({ "occurrences": places.collect::<Vec<_>>() });
    if with_platforms {
        let on = entry.platforms.iter();
        let on = on.map(|platform| json!({ "name": "landfall:platform", "value": platform }));
        component["properties"] = on.collect();
    }
    component
}
