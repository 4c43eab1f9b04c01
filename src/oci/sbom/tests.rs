use std::io::Write as _;

use camino::Utf8PathBuf;
use serde_json::Value;

use super::*;
use crate::oci::testing::{Compression, Fixture, TarItem, tar};

/// Writes the smallest ELF file with these sections.
fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut names = b"\0.shstrtab\0".to_vec();
    let mut body = Vec::new();
    let mut headers = vec![[0; 8]];
    let mut add = |body: &mut Vec<u8>, name: u64, kind: u64, data: &[u8]| {
        let offset = 64 + u64::try_from(body.len()).unwrap();
        body.extend(data);
        // The first word is name and type, each half as wide.
        headers.push([name | kind << 32, 0, 0, offset, data.len() as u64, 0, 1, 0]);
    };
    for (name, data) in sections {
        let at = names.len() as u64;
        names.extend(name.bytes().chain([0]));
        add(&mut body, at, 1, data);
    }
    add(&mut body, 1, 3, &names);
    let count = u16::try_from(headers.len()).unwrap();
    let table = 64 + u64::try_from(body.len()).unwrap();
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    elf.extend([0_u64, 0, table].iter().flat_map(|word| word.to_le_bytes()));
    elf.extend(0_u32.to_le_bytes());
    elf.extend(
        [64, 56, 0, 64, count, count - 1]
            .iter()
            .flat_map(|half: &u16| half.to_le_bytes()),
    );
    elf.extend(body);
    elf.extend(headers.iter().flatten().flat_map(|word| word.to_le_bytes()));
    elf
}

fn compressed(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Makes the SBOM of an image with these layers.
fn bill(layers: &[Vec<TarItem>]) -> (Bill, Value) {
    let fixture = Fixture::new();
    let layers: Vec<_> = layers.iter().map(|items| tar(items)).collect();
    let image = fixture.image(&layers, Compression::Gzip);
    made(&fixture, &[image])
}

fn made(fixture: &Fixture, images: &[Image]) -> (Bill, Value) {
    let scratch = tempfile::tempdir().unwrap();
    let scratch = Utf8PathBuf::from_path_buf(scratch.path().join("below")).unwrap();
    let images: Vec<_> = images
        .iter()
        .map(|image| (image.clone(), fixture.blobs().clone()))
        .collect();
    let digest = images[0].0.digest;
    let make = || Bill::make("acme.example/shop/api:1.0", digest, &images, &scratch).unwrap();
    let bill = make();
    assert_eq!(bill, make(), "the same image gives the same bytes");
    assert_eq!(
        scratch.read_dir_utf8().unwrap().count(),
        0,
        "nothing is left behind"
    );
    let document = serde_json::from_slice(&bill.document).unwrap();
    (bill, document)
}

fn references(document: &Value) -> Vec<&str> {
    let components = document["components"].as_array().unwrap();
    components
        .iter()
        .map(|one| one["bom-ref"].as_str().unwrap())
        .collect()
}

const STATUS: &str = "Package: libc6\nStatus: install ok installed\nVersion: 1:2.36-9\nArchitecture: amd64\nDescription: C\n more\n\n\
                      Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n";

#[test]
fn packages_of_the_system_are_listed_with_their_distribution() {
    let (bill, document) = bill(&[vec![
        TarItem::dir("etc", 0o755),
        TarItem::file("usr/lib/os-release", 0o644, "ID=debian\nVERSION_ID=\"12\"\n"),
        TarItem::symlink("etc/os-release", "../usr/lib/os-release"),
        TarItem::file("var/lib/dpkg/status", 0o644, STATUS),
        TarItem::file(
            "var/lib/dpkg/status.d/tzdata",
            0o644,
            "Package: tzdata\nVersion: 2024a\nArchitecture: all\n",
        ),
        TarItem::file("var/lib/dpkg/status.d/tzdata.md5sums", 0o644, "x"),
        TarItem::bytes("usr/bin/true", 0o755, &elf(&[])),
        TarItem::bytes("opt/app", 0o755, &elf(&[])),
    ]]);
    let found = references(&document);
    assert_eq!(found[0], "os:debian@12");
    assert!(found[1].starts_with("file:opt/app@sha256:"), "{found:?}");
    assert_eq!(
        found[2..],
        [
            "pkg:deb/debian/libc6@1:2.36-9?arch=amd64&distro=debian-12",
            "pkg:deb/debian/tzdata@2024a?arch=all&distro=debian-12",
        ]
    );
    assert_eq!(bill.parts, 3);
    assert!(bill.unread.is_empty());
    assert_eq!(document["compositions"][0]["aggregate"], "unknown");
}

#[test]
fn apk_names_licences_and_a_removed_list_counts_for_nothing() {
    let installed = "P:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\n\nP:zlib\nV:1.3.1-r0\nA:x86_64\nL:Zlib\n";
    let (_, document) = bill(&[
        vec![
            TarItem::file("etc/os-release", 0o644, "ID=alpine\nVERSION_ID=3.20.1\n"),
            TarItem::file("lib/apk/db/installed", 0o644, "P:old\nV:1\n"),
            TarItem::file("var/lib/dpkg/status", 0o644, STATUS),
        ],
        vec![
            TarItem::file("lib/apk/db/installed", 0o644, installed),
            TarItem::file("var/lib/dpkg/.wh.status", 0o644, ""),
        ],
    ]);
    let found = references(&document);
    let musl = "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.1";
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[1], musl);
    let component = &document["components"][1];
    assert_eq!(component["licenses"][0]["license"]["name"], "MIT");
    assert_eq!(
        component["evidence"]["occurrences"][0]["location"],
        "lib/apk/db/installed"
    );
    assert_eq!(document["dependencies"][0]["dependsOn"][0], musl);
}

#[test]
fn libraries_of_languages_are_listed() {
    let dotnet = r#"{"libraries":{"Acme.Core/1.2.3":{"type":"package"},"App/1.0.0":{"type":"project"}}}"#;
    let metadata = "Name: Zope.Interface\nVersion: 6.0\nLicense: ZPL 2.1\n\nName: not this\n";
    let (_, document) = bill(&[vec![
        TarItem::file(
            "srv/node_modules/@acme/ui/package.json",
            0o644,
            r#"{"name":"@acme/ui","version":"2.0.0","license":"MIT"}"#,
        ),
        TarItem::file(
            "srv/node_modules/@acme/ui/node_modules/left/package.json",
            0o644,
            r#"{"name":"left","version":"1.0.0"}"#,
        ),
        TarItem::file(
            "srv/node_modules/left/esm/package.json",
            0o644,
            r#"{"name":"inner","version":"9"}"#,
        ),
        TarItem::file("srv/package.json", 0o644, r#"{"name":"srv","version":"9"}"#),
        TarItem::file(
            "usr/lib/site-packages/zope.interface-6.0.dist-info/METADATA",
            0o644,
            metadata,
        ),
        TarItem::file("app/App.deps.json", 0o644, dotnet),
    ]]);
    assert_eq!(
        references(&document),
        [
            "pkg:npm/%40acme/ui@2.0.0",
            "pkg:npm/left@1.0.0",
            "pkg:nuget/Acme.Core@1.2.3",
            "pkg:pypi/zope-interface@6.0",
        ]
    );
}

#[test]
fn crates_that_were_compiled_in_are_listed_and_those_that_helped_to_build_are_set_apart() {
    let audit = r#"{"packages":[{"name":"cc","version":"1.0.0","kind":"build","source":"registry"},
        {"name":"shop","version":"0.1.0","root":true,"source":"local"}]}"#;
    let program = elf(&[(".dep-v0", &compressed(audit))]);
    let (bill, document) = bill(&[vec![
        TarItem::bytes("app", 0o755, &program),
        TarItem::bytes("again", 0o755, &program),
    ]]);
    assert_eq!(
        references(&document),
        ["pkg:cargo/cc@1.0.0", "pkg:cargo/shop@0.1.0"]
    );
    assert_eq!(document["components"][0]["scope"], "excluded");
    let places = document["components"][1]["evidence"]["occurrences"]
        .as_array()
        .unwrap();
    assert_eq!(places.len(), 2);
    assert_eq!(bill.parts, 2);
}

#[test]
fn what_is_not_understood_is_said() {
    let (bill, document) = bill(&[vec![
        TarItem::file("var/lib/rpm/rpmdb.sqlite", 0o644, "SQLite format 3"),
        TarItem::file("srv/a.jar", 0o644, "PK"),
        TarItem::file("srv/b.jar", 0o644, "PK"),
        TarItem::bytes(
            "srv/old",
            0o755,
            &elf(&[(".go.buildinfo", b"\xff Go buildinf:\x08\x00")]),
        ),
        TarItem::bytes("srv/cut", 0o755, &elf(&[(".dep-v0", b"no zlib")])[..80]),
    ]]);
    assert_eq!(
        bill.unread,
        [
            "Go programs built before Go 1.18 (1)",
            "Java archives (2)",
            "package databases of rpm (1)"
        ]
    );
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
    let found = references(&document);
    assert!(
        found[0].starts_with("file:srv/cut@") && found[1].starts_with("file:srv/old@"),
        "{found:?}"
    );
}

#[test]
fn an_image_for_several_platforms_has_one_document() {
    let fixture = Fixture::new();
    let image = |architecture: &str, status: &str| {
        let layer = tar(&[
            TarItem::file("var/lib/dpkg/status", 0o644, status),
            TarItem::file(
                "srv/node_modules/left/package.json",
                0o644,
                r#"{"name":"left","version":"1.0.0"}"#,
            ),
        ]);
        let manifest = fixture.manifest(architecture, &[layer], Compression::Zstd);
        Image::read(fixture.blobs(), "app", manifest.digest, &manifest).unwrap()
    };
    let images = [
        image("amd64", "Package: a\nVersion: 1\nArchitecture: amd64\n"),
        image("arm64", "Package: a\nVersion: 1\nArchitecture: arm64\n"),
    ];
    let (_, document) = made(&fixture, &images);
    let found = references(&document);
    assert_eq!(
        found,
        [
            "pkg:deb/debian/a@1?arch=amd64",
            "pkg:deb/debian/a@1?arch=arm64",
            "pkg:npm/left@1.0.0"
        ]
    );
    let on = |index: usize| {
        document["components"][index]["properties"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((on(0), on(2)), (1, 2));
    let subject = &document["metadata"]["component"];
    assert_eq!(subject["name"], "acme.example/shop/api");
    let purl = subject["purl"].as_str().unwrap();
    assert!(purl.starts_with("pkg:oci/api@sha256:"), "{purl}");
    assert!(
        purl.ends_with("?repository_url=acme.example%2Fshop%2Fapi&tag=1.0"),
        "{purl}"
    );
}
