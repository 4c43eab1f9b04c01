//! Packages of the system: what dpkg and apk wrote down.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Kind, Part, purl};
use crate::oci::tree::Tree;

/// Which system an image holds, as `os-release` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Release {
    /// `debian`, `alpine`; empty when there is no such file.
    pub(super) id: String,
    /// `12`, `3.20.1`.
    pub(super) version: String,
}

impl Release {
    pub(super) fn read(tree: &Tree) -> Self {
        let places = ["etc/os-release", "usr/lib/os-release"];
        let found = places.iter().find_map(|place| tree.find(Path::new(place)).ok());
        let text = found.and_then(|path| fs_err::read_to_string(path).ok());
        Self::parse(&text.unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let value = |key: &str| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default()
                .trim()
                .trim_matches(['"', '\''])
                .to_owned()
        };
        Self {
            id: value("ID"),
            version: value("VERSION_ID"),
        }
    }

    fn distro(&self) -> String {
        match (self.id.as_str(), self.version.as_str()) {
            ("", _) => String::new(),
            (id, "") => id.to_owned(),
            (id, version) => format!("{id}-{version}"),
        }
    }

    fn package(&self, kind: &str, or: &str, found: Found<'_>, place: &str) -> Part {
        let namespace = if self.id.is_empty() { or } else { &self.id };
        let qualifiers = [("arch", found.architecture), ("distro", &self.distro())];
        Part {
            kind: Kind::Package {
                purl: purl(kind, namespace, found.name, Some(found.version), &qualifiers),
                excluded: false,
            },
            name: found.name.to_owned(),
            version: Some(found.version.to_owned()),
            license: found.license.map(str::to_owned),
            place: place.to_owned(),
        }
    }
}

struct Found<'a> {
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    license: Option<&'a str>,
}

/// Says whether a file is dpkg's list; images without dpkg itself have a file for each package.
pub(super) fn is_dpkg(place: &str) -> bool {
    let single = place
        .strip_prefix("var/lib/dpkg/status.d/")
        .is_some_and(|name| !name.ends_with(".md5sums"));
    single || place == "var/lib/dpkg/status"
}

/// Says whether a file is apk's list.
pub(super) fn is_apk(place: &str) -> bool {
    ["lib/apk/db/installed", "usr/lib/apk/db/installed"].contains(&place)
}

/// Names what is a list of packages and is not understood.
pub(super) fn not_read(place: &str) -> Option<&'static str> {
    let name = ["var/lib/rpm/", "usr/lib/sysimage/rpm/"]
        .iter()
        .find_map(|folder| place.strip_prefix(folder))?;
    ["rpmdb.sqlite", "Packages", "Packages.db"]
        .contains(&name)
        .then_some("package databases of rpm")
}

/// Says whether programs at a place come with the system's packages.
pub(super) fn is_its_place(place: &str) -> bool {
    let top = place.split('/').next().unwrap_or_default();
    (["bin", "sbin", "usr"].contains(&top) || top.starts_with("lib")) && !place.starts_with("usr/local/")
}

/// Reads dpkg's paragraphs; those of packages that were removed are left out.
pub(super) fn dpkg(place: &str, text: &str, release: &Release) -> Vec<Part> {
    let paragraphs = text.split("\n\n");
    let package = |paragraph: &str| {
        let fields: BTreeMap<&str, &str> = paragraph
            .lines()
            .filter(|line| !line.starts_with([' ', '\t']))
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key, value.trim()))
            .collect();
        if fields
            .get("Status")
            .is_some_and(|status| !status.ends_with(" installed"))
        {
            return None;
        }
        let found = Found {
            name: fields.get("Package")?,
            version: fields.get("Version")?,
            architecture: fields.get("Architecture").copied().unwrap_or_default(),
            license: None,
        };
        Some(release.package("deb", "debian", found, place))
    };
    paragraphs.filter_map(package).collect()
}

/// Reads apk's paragraphs, in which a letter names each field.
pub(super) fn apk(place: &str, text: &str, release: &Release) -> Vec<Part> {
    let package = |paragraph: &str| {
        let field = |letter: &str| {
            paragraph
                .lines()
                .find_map(|line| line.strip_prefix(letter)?.strip_prefix(':'))
        };
        let found = Found {
            name: field("P")?,
            version: field("V")?,
            architecture: field("A").unwrap_or_default(),
            license: field("L").filter(|license| !license.is_empty()),
        };
        Some(release.package("apk", "alpine", found, place))
    };
    text.split("\n\n").filter_map(package).collect()
}
