//! Libraries of languages: what npm, Python and .NET write beside the code.

use serde_json::Value;

use super::{Kind, Part, purl};

/// Reads what one file tells.
pub(super) type Reader = fn(&str, &str) -> Vec<Part>;

/// Finds who reads a file.
pub(super) fn reader(place: &str) -> Option<Reader> {
    if is_npm(place) {
        Some(npm)
    } else if place.ends_with(".dist-info/METADATA") || place.ends_with(".egg-info/PKG-INFO") {
        Some(python)
    } else if place.ends_with(".deps.json") {
        Some(nuget)
    } else {
        None
    }
}

/// Names what holds libraries and is not understood.
pub(super) fn not_read(place: &str) -> Option<&'static str> {
    let archive = [".jar", ".war", ".ear"].iter().any(|end| place.ends_with(end));
    archive.then_some("Java archives")
}

/// Says whether a file describes an installed package; deeper ones describe parts of a package.
fn is_npm(place: &str) -> bool {
    let Some(folder) = place.strip_suffix("/package.json") else {
        return false;
    };
    let Some((_, name)) = folder.rsplit_once("node_modules/") else {
        return false;
    };
    match name.strip_prefix('@') {
        Some(scoped) => scoped.matches('/').count() == 1,
        None => !name.contains('/'),
    }
}

fn part(place: &str, purl: String, name: &str, version: &str, license: Option<&str>) -> Part {
    Part {
        kind: Kind::Package {
            purl,
            excluded: false,
        },
        name: name.to_owned(),
        version: Some(version.to_owned()),
        license: license
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
        place: place.to_owned(),
    }
}

fn npm(place: &str, text: &str) -> Vec<Part> {
    let package: Value = serde_json::from_str(text).unwrap_or_default();
    let (Some(full), Some(version)) = (package["name"].as_str(), package["version"].as_str()) else {
        return Vec::new();
    };
    let (namespace, name) = full.split_once('/').unwrap_or(("", full));
    let purl = purl("npm", namespace, name, Some(version), &[]);
    vec![part(place, purl, full, version, package["license"].as_str())]
}

fn python(place: &str, text: &str) -> Vec<Part> {
    let head = text.split("\n\n").next().unwrap_or_default();
    let field = |key: &str| {
        let line = head
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.map(str::trim).filter(|value| !value.is_empty())
    };
    let (Some(name), Some(version)) = (field("Name"), field("Version")) else {
        return Vec::new();
    };
    // PEP 503: names that differ in case and in which of `-_.` stands between words are one name.
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    let normal = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    // A licence's whole text sometimes stands where its name should; its first line is the name, if anything is.
    let license = field("License-Expression").or_else(|| field("License"));
    let purl = purl("pypi", "", &normal, Some(version), &[]);
    vec![part(place, purl, name, version, license)]
}

fn nuget(place: &str, text: &str) -> Vec<Part> {
    // .NET writes a byte order mark now and then.
    let libraries: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_default();
    let listed = libraries["libraries"].as_object();
    let package = |(id, about): (&String, &Value)| {
        let (name, version) = id.split_once('/')?;
        let purl = purl("nuget", "", name, Some(version), &[]);
        (about["type"] == "package").then(|| part(place, purl, name, version, None))
    };
    listed.into_iter().flatten().filter_map(package).collect()
}
