//! Programs that say what they are made of: Go's build information and the lists of `cargo auditable`.

use std::io::{Read, Seek};

use flate2::read::ZlibDecoder;
use object::read::ReadCache;
use object::{Object as _, ObjectSection as _};
use serde::Deserialize;

use super::{Kind, Part, purl};

/// Bounds what is read of a section, also once it is decompressed.
const LIMIT: u64 = 16 << 20;

/// What a program tells.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) parts: Vec<Part>,
    /// Whether Go wrote something in its older form, which only a running linker could follow.
    pub(super) old_go: bool,
}

/// Reads an ELF file; one that is damaged tells nothing.
pub(super) fn read(file: &mut (impl Read + Seek), place: &str) -> Told {
    let cache = ReadCache::new(file);
    let Ok(object) = object::File::parse(&cache) else {
        return Told::default();
    };
    let section = |name: &str| {
        let section = object.section_by_name(name)?;
        (section.size() <= LIMIT).then(|| section.data().ok())?
    };
    let mut told = Told::default();
    if let Some(bytes) = section(".go.buildinfo") {
        match go(bytes, place) {
            Some(parts) => told.parts.extend(parts),
            None => told.old_go = true,
        }
    }
    if let Some(bytes) = section(".dep-v0") {
        told.parts.extend(auditable(bytes, place).unwrap_or_default());
    }
    told
}

/// Reads Go's build information as Go 1.18 and later write it: see `debug/buildinfo` in Go's library.
fn go(bytes: &[u8], place: &str) -> Option<Vec<Part>> {
    let inline = bytes.starts_with(b"\xff Go buildinf:") && bytes.get(15)? & 2 != 0;
    let mut rest = bytes.get(32..).filter(|_| inline)?;
    let toolchain = string(&mut rest)?;
    let modules = string(&mut rest)?;
    let toolchain = std::str::from_utf8(toolchain).ok()?;
    let mut parts = Vec::new();
    // After the version, experiments that were on may stand.
    let version = toolchain
        .split(' ')
        .next()
        .and_then(|word| word.strip_prefix("go"));
    parts.extend(version.map(|version| module(place, "stdlib", Some(version))));
    // Sixteen bytes mark either end.
    let modules = modules
        .get(16..modules.len().saturating_sub(16))
        .unwrap_or_default();
    for line in String::from_utf8_lossy(modules).lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let (kind, rest) = words.split_first()?;
        let [path, version, ..] = rest else { continue };
        match *kind {
            "mod" | "dep" => {}
            // Stands in place of the line before.
            "=>" => _ = parts.pop(),
            _ => continue,
        }
        let version = Some(*version).filter(|version| !["", "(devel)"].contains(version));
        parts.push(module(place, path, version));
    }
    Some(parts)
}

fn module(place: &str, path: &str, version: Option<&str>) -> Part {
    // Package URLs of Go are in lower case.
    let lower = path.to_ascii_lowercase();
    let (namespace, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    Part {
        kind: Kind::Package {
            purl: purl("golang", namespace, name, version, &[]),
            excluded: false,
        },
        name: path.to_owned(),
        version: version.map(str::to_owned),
        license: None,
        place: place.to_owned(),
    }
}

/// Takes a string that its length precedes, as a variable-length number.
fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut length = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        length |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let (text, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            *rest = after;
            return Some(text);
        }
    }
    None
}

#[derive(Deserialize)]
struct Audit {
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    #[serde(default)]
    kind: Option<String>,
}

/// Reads what `cargo auditable` wrote: a compressed list of the crates that were compiled in.
fn auditable(bytes: &[u8], place: &str) -> Option<Vec<Part>> {
    let mut text = Vec::new();
    ZlibDecoder::new(bytes).take(LIMIT).read_to_end(&mut text).ok()?;
    let audit: Audit = serde_json::from_slice(&text).ok()?;
    let part = |one: Crate| Part {
        kind: Kind::Package {
            purl: purl("cargo", "", &one.name, Some(&one.version), &[]),
            excluded: one.kind.as_deref() == Some("build"),
        },
        name: one.name,
        version: Some(one.version),
        license: None,
        place: place.to_owned(),
    };
    Some(audit.packages.into_iter().map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_writes_is_read_and_replacements_stand_in_place() {
        let mut modules = vec![0; 16];
        modules.extend(b"path\texample.org/app\nmod\texample.org/app\t(devel)\t\n");
        modules.extend(
            b"dep\texample.org/old\tv1.0.0\n=>\texample.org/new\tv1.1.0\th1:x=\nbuild\tCGO_ENABLED=0\n",
        );
        modules.extend([0; 16]);
        let mut bytes = b"\xff Go buildinf:\x08\x02".to_vec();
        bytes.resize(32, 0);
        for text in [b"go1.22.1".as_slice(), &modules] {
            let (low, high) = (text.len() & 0x7f, text.len() >> 7);
            bytes.extend([u8::try_from(low).unwrap() | 0x80, u8::try_from(high).unwrap()]);
            bytes.extend(text);
        }
        let parts = go(&bytes, "app").unwrap();
        let purls: Vec<_> = parts
            .iter()
            .map(|part| match &part.kind {
                Kind::Package { purl, .. } => purl.as_str(),
                Kind::Program(_) => "",
            })
            .collect();
        assert_eq!(
            purls,
            [
                "pkg:golang/stdlib@1.22.1",
                "pkg:golang/example.org/app",
                "pkg:golang/example.org/new@v1.1.0"
            ]
        );
        assert!(go(&bytes[..20], "app").is_none());
        assert!(go(&bytes[..60], "app").is_none());
    }
}
