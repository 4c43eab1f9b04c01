use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::oci::testing::{Compression, Fixture, INDEX, MANIFEST, descriptor, for_platform, named, tar};

fn amd64() -> Platform {
    "linux/amd64".parse().unwrap()
}

fn manifest(fixture: &Fixture, architecture: &str) -> Blob {
    fixture.manifest(architecture, &[tar(&[])], Compression::Gzip)
}

#[test]
fn an_image_is_found_by_every_name_it_has() {
    let fixture = Fixture::new();
    let blob = manifest(&fixture, "amd64");
    fixture.write_index(&[named(&blob, "registry.example:5000/acme/api:1.2")]);
    let layout = Layout::open(fixture.root()).unwrap();
    let digest = blob.digest;
    for name in [
        "registry.example:5000/acme/api:1.2",
        "api:1.2",
        "acme/api:1.2",
        "api",
        "acme/api",
        "registry.example:5000/acme/api",
        &digest.to_string(),
        &format!("api@{digest}"),
    ] {
        let image = layout.find(name, &amd64()).unwrap();
        assert_eq!((image.digest, image.manifest.digest), (digest, digest), "{name}");
    }
    for name in ["pi:1.2", "api:1", "", "api@sha256:00", "other"] {
        assert!(layout.find(name, &amd64()).is_err(), "{name}");
    }
}

#[test]
fn the_configuration_is_told() {
    let fixture = Fixture::new();
    let blob = manifest(&fixture, "amd64");
    fixture.write_index(&[named(&blob, "api:1")]);
    let image = Layout::open(fixture.root())
        .unwrap()
        .find("api", &amd64())
        .unwrap();
    assert_eq!(image.config.entrypoint, ["/usr/bin/app"]);
    assert_eq!(image.config.ports, ["8080/tcp", "9090/tcp"]);
    assert_eq!(
        (image.config.user.as_deref(), image.config.workdir.as_deref()),
        (Some("1000"), Some("/srv"))
    );
    assert_eq!(image.layers.len(), 1);
}

#[test]
fn a_platform_is_picked_out_of_nested_indexes() {
    let fixture = Fixture::new();
    let (amd, arm) = (manifest(&fixture, "amd64"), manifest(&fixture, "arm64"));
    let inner = fixture.index(&[("arm64", &arm), ("amd64", &amd), ("unknown", &amd)]);
    let outer = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(&inner)]});
    let outer = fixture.blob(outer.to_string().as_bytes(), INDEX);
    fixture.write_index(&[named(&outer, "api:1")]);
    let layout = Layout::open(fixture.root()).unwrap();
    let image = layout.find("api", &amd64()).unwrap();
    assert_eq!((image.digest, image.manifest.digest), (outer.digest, amd.digest));
    assert_eq!(
        layout
            .find(&arm.digest.to_string(), &"linux/arm64".parse().unwrap())
            .unwrap()
            .digest,
        arm.digest
    );
    let error = layout.find("api", &"linux/s390x".parse().unwrap()).unwrap_err();
    let text = "`api` is not made for `linux/s390x`; it is made for: `linux/amd64`, `linux/arm64`";
    assert_eq!(error.to_string(), text);
    let resolved = layout.resolve("api").unwrap();
    assert_eq!(resolved.platforms.len(), 2);
    assert!(resolved.platforms.iter().all(|p| p.size > 100));
}

#[test]
fn one_name_for_several_platforms_is_one_image_but_for_several_things_is_refused() {
    let fixture = Fixture::new();
    let (amd, arm) = (manifest(&fixture, "amd64"), manifest(&fixture, "arm64"));
    fixture.write_index(&[
        for_platform(named(&arm, "api:1"), "arm64"),
        for_platform(named(&amd, "api:1"), "amd64"),
        named(&amd, "x/web:1"),
        named(&arm, "y/web:1"),
        named(&arm, "y/web:2"),
    ]);
    let layout = Layout::open(fixture.root()).unwrap();
    assert_eq!(layout.find("api", &amd64()).unwrap().digest, amd.digest);
    assert!(matches!(
        layout.find("web:1", &amd64()),
        Err(OciError::AmbiguousName { .. })
    ));
    assert!(layout.find("x/web", &amd64()).is_ok());
    let error = layout.find("none", &amd64()).unwrap_err().to_string();
    assert!(error.contains("`api:1`, `x/web:1`"), "{error}");
}

#[test]
fn damage_is_named_by_its_kind() {
    let fixture = Fixture::new();
    let root = fixture.root();
    assert!(matches!(
        Layout::open(root.join("none")),
        Err(OciError::LayoutMissing { .. })
    ));
    assert!(
        matches!(Layout::open(root), Err(OciError::LayoutMissing { path }) if path.ends_with("index.json"))
    );
    fs::write(root.join("index.json"), "{").unwrap();
    assert!(matches!(Layout::open(root), Err(OciError::ParseLayout { .. })));
    fs::write(root.join("index.json"), r#"{"schemaVersion":1,"manifests":[]}"#).unwrap();
    assert!(matches!(Layout::open(root), Err(OciError::LayoutVersion { .. })));
    let find = |value: serde_json::Value| {
        fixture.write_index(&[value]);
        Layout::open(root).unwrap().find("api", &amd64()).unwrap_err()
    };
    let good = manifest(&fixture, "amd64");
    assert!(matches!(
        find(named(&manifest(&fixture, "arm64"), "api:1")),
        OciError::PlatformMissing { .. }
    ));
    let with = |key: &str, to: serde_json::Value| {
        let mut value = named(&good, "api:1");
        value[key] = to;
        value
    };
    assert!(matches!(find(with("size", json!(3))), OciError::BlobSize { .. }));
    assert!(matches!(
        find(with("size", json!(1_u64 << 40))),
        OciError::BlobTooLarge { .. }
    ));
    assert!(matches!(
        find(with("mediaType", json!("text/plain"))),
        OciError::MediaType { .. }
    ));
    assert!(matches!(
        find(with("digest", json!(Digest::of("?")))),
        OciError::BlobMissing { .. }
    ));
    let bad = fixture.blob(b"[1]", MANIFEST);
    assert!(matches!(find(named(&bad, "api:1")), OciError::ParseBlob { .. }));
    let bytes = fs::read(fixture.blobs().path(&good.digest)).unwrap();
    fs::write(fixture.blobs().path(&good.digest), bytes.to_ascii_uppercase()).unwrap();
    assert!(matches!(find(named(&good, "api:1")), OciError::BlobDigest { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_never_panic(bytes in any::<Vec<u8>>(), cut in any::<prop::sample::Index>(), flip in any::<u8>()) {
        let fixture = Fixture::new();
        let read = |fixture: &Fixture| Layout::open(fixture.root()).and_then(|l| l.find("api", &amd64()));
        fs::write(fixture.root().join("index.json"), &bytes).unwrap();
        prop_assert!(read(&fixture).is_err());
        fixture.write_index(&[named(&fixture.blob(&bytes, MANIFEST), "api:1")]);
        prop_assert!(read(&fixture).is_err());
        // A good manifest with one byte changed reaches deeper than noise does.
        let good = fixture.blobs().read(&manifest(&fixture, "amd64"), 1 << 20).unwrap();
        let mut spoiled = good.clone();
        spoiled[cut.index(good.len())] ^= flip;
        fixture.write_index(&[named(&fixture.blob(&spoiled, MANIFEST), "api:1")]);
        let _ = read(&fixture);
    }
}
