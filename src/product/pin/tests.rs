use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;

use super::*;
use crate::oci::{Blobs, Digest};
use crate::product::Catalog;

const PRODUCT: &str = r#"
schema: landfall/product/v1
name: shop
title: Shop
vendor: { name: Acme }
modes:
  own: { title: Own, summary: One machine, targets: [host], components: [api, worker] }
questions:
  - { key: registry, prompt: Which registry?, default: registry.example/shop }
components:
  api: { title: API, image: "{{ settings.registry }}/api", binary: /api }
  worker: { title: Worker, image: "{{ settings.registry }}/worker", binary: /worker }
"#;

struct Site {
    _folder: tempfile::TempDir,
    root: Utf8PathBuf,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
        fs_err::create_dir_all(root.join("shop")).unwrap();
        fs_err::write(root.join("shop/product.yaml"), PRODUCT).unwrap();
        Self {
            _folder: folder,
            root,
        }
    }

    fn entry(&self) -> Entry {
        Catalog::default().open(self.root.join("shop").as_str()).unwrap()
    }

    /// Makes a layout with one image, for two platforms that share a layer, under each name.
    fn layout(&self, names: &[&str], content: &str) -> Utf8PathBuf {
        let root = self.root.join("layout");
        fs_err::create_dir_all(&root).unwrap();
        let blobs = Blobs::new(&root);
        let insert = |bytes: &[u8], kind: &str| {
            let digest = blobs.insert(bytes).unwrap();
            json!({ "mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest, "size": bytes.len() })
        };
        let layer = insert(content.as_bytes(), "layer.v1.tar");
        let manifest = |architecture: &str| {
            let config = json!({
                "os": "linux", "architecture": architecture,
                "rootfs": { "type": "layers", "diff_ids": [Digest::of(content)] },
            });
            let config = insert(config.to_string().as_bytes(), "config.v1+json");
            let manifest = json!({
                "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": config, "layers": [layer],
            });
            let mut manifest = insert(manifest.to_string().as_bytes(), "manifest.v1+json");
            manifest["platform"] = json!({ "os": "linux", "architecture": architecture });
            manifest
        };
        let index = json!({ "schemaVersion": 2, "manifests": [manifest("amd64"), manifest("arm64")] });
        let index = insert(index.to_string().as_bytes(), "index.v1+json");
        let named = names.iter().map(|name| {
            let mut index = index.clone();
            index["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
            index
        });
        let all = json!({ "schemaVersion": 2, "manifests": named.collect::<Vec<_>>() });
        fs_err::write(root.join("index.json"), all.to_string()).unwrap();
        fs_err::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        root
    }

    async fn pin(&self, layout: &Utf8Path, images: &[(&str, &str)]) -> Result<Release, ProductError> {
        let images = images
            .iter()
            .map(|(component, reference)| ((*component).to_owned(), (*reference).to_owned()))
            .collect();
        let source = ImageSource::layout(layout).unwrap();
        let origin = ImageOrigin::Layout(layout.as_str().to_owned());
        pin(
            &self.entry(),
            &"1.0.0".parse().unwrap(),
            &images,
            &source,
            &origin,
        )
        .await
    }
}

const BOTH: [&str; 2] = [
    "registry.example/shop/api:1.0.0",
    "registry.example/shop/worker:1.0.0",
];

#[tokio::test]
async fn every_component_is_pinned_under_its_default_reference() {
    let site = Site::new();
    let release = site.pin(&site.layout(&BOTH, "x"), &[]).await.unwrap();
    let api = &release.images["api"];
    assert_eq!(api.reference, BOTH[0]);
    assert_eq!(api.digest, release.images["worker"].digest);
    assert_eq!(
        api.platforms.keys().collect::<Vec<_>>(),
        ["linux/amd64", "linux/arm64"]
    );
    assert_eq!(api.sbom, None);
    let layout = ImageSource::layout(site.root.join("layout")).unwrap();
    let resolved = layout.resolve(BOTH[0]).await.unwrap();
    let twice: u64 = resolved.platforms.iter().map(|found| found.size).sum();
    assert_eq!(
        api.size,
        twice - 1,
        "the shared layer of one byte is counted once"
    );
}

#[tokio::test]
async fn components_without_an_image_are_named() {
    let site = Site::new();
    let layout = site.layout(&BOTH[..1], "x");
    let error = site.pin(&layout, &[]).await.unwrap_err().to_string();
    assert!(
        error.contains("`worker` (`registry.example/shop/worker:1.0.0`)"),
        "{error}"
    );
    assert!(!error.contains("`api`"), "{error}");
    let given = [("worker", BOTH[0])];
    assert_eq!(
        site.pin(&layout, &given).await.unwrap().images["worker"].reference,
        BOTH[0]
    );
    let error = site.pin(&layout, &[("wroker", BOTH[0])]).await.unwrap_err();
    assert!(matches!(error, ProductError::UnknownComponent { nearest: Some(name), .. } if name == "worker"));
}

#[tokio::test]
async fn a_release_is_written_read_back_and_not_silently_replaced() {
    let site = Site::new();
    let release = site.pin(&site.layout(&BOTH, "x"), &[]).await.unwrap();
    let path = site
        .entry()
        .write_release(&release, &BTreeMap::new(), false)
        .unwrap();
    assert_eq!(path, site.root.join("shop/releases/1.0.0.yaml"));
    let text = fs_err::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# ") && text.contains("landfall/release/v1"),
        "{text}"
    );
    assert_eq!(
        site.entry().release(None).unwrap(),
        (release.clone(), path.clone())
    );

    site.entry()
        .write_release(&release, &BTreeMap::new(), false)
        .unwrap();
    assert_eq!(fs_err::read_to_string(&path).unwrap(), text);

    let other = site.pin(&site.layout(&BOTH, "y"), &[]).await.unwrap();
    let error = site
        .entry()
        .write_release(&other, &BTreeMap::new(), false)
        .unwrap_err()
        .to_string();
    assert!(error.contains("api, worker"), "{error}");
    assert_eq!(fs_err::read_to_string(&path).unwrap(), text);
    let spelled = Release {
        version: "1.0".parse().unwrap(),
        ..other.clone()
    };
    assert_eq!(
        site.entry()
            .write_release(&spelled, &BTreeMap::new(), true)
            .unwrap(),
        path
    );
    assert_eq!(site.entry().release(None).unwrap().0.images, other.images);
}

#[tokio::test]
async fn a_relative_layout_is_kept_relative_to_the_release() {
    let site = Site::new();
    let layout = site.layout(&BOTH, "x");
    let mut release = site.pin(&layout, &[]).await.unwrap();
    let here = Utf8PathBuf::from_path_buf(std::env::current_dir().unwrap()).unwrap();
    let up: Utf8PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = up.join(layout.strip_prefix("/").unwrap());
    for image in release.images.values_mut() {
        image.source = ImageOrigin::Layout(relative.as_str().to_owned());
    }
    let path = site
        .entry()
        .write_release(&release, &BTreeMap::new(), false)
        .unwrap();
    let text = fs_err::read_to_string(&path).unwrap();
    assert!(text.contains("layout: ../../layout\n"), "{text}");
    let (read, _) = site.entry().release(None).unwrap();
    assert_eq!(
        read.images["api"].source,
        ImageOrigin::Layout(layout.into_string())
    );
}

/// Makes an uncompressed layer with one file.
fn layer(name: &str, content: &str) -> String {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len().try_into().unwrap());
    header.set_mode(0o644);
    archive
        .append_data(&mut header, name, content.as_bytes())
        .unwrap();
    String::from_utf8(archive.into_inner().unwrap()).unwrap()
}

#[tokio::test]
async fn an_sbom_is_made_kept_beside_the_release_and_found_again() {
    let site = Site::new();
    let layout = site.layout(&BOTH, &layer("lib/apk/db/installed", "P:musl\nV:1.2.5-r0\n"));
    let source = ImageSource::layout(&layout).unwrap();
    let scratch = site.root.join("scratch");
    let mut release = site.pin(&layout, &[]).await.unwrap();
    let made = bills(&mut release, &source, &scratch).await.unwrap();
    assert_eq!(made["api"], made["worker"]);
    assert_eq!(release.images["api"].sbom, Some(made["api"].digest()));
    site.entry().write_release(&release, &made, false).unwrap();
    let path = site.root.join("shop/releases/1.0.0/sbom/api.cdx.json");
    assert_eq!(fs_err::read(&path).unwrap(), made["api"].document);
    let found = |component| site.entry().sbom(&release.version, component);
    assert_eq!(found("worker").unwrap(), Some(made["api"].document.clone()));
    assert_eq!(found("nothing").unwrap(), None);

    fs_err::write(&path, "{}").unwrap();
    assert!(matches!(found("api"), Err(ProductError::SbomDiffers { .. })));

    let without = site.pin(&layout, &[]).await.unwrap();
    site.entry()
        .write_release(&without, &BTreeMap::new(), false)
        .unwrap();
    assert!(!path.exists());
    assert_eq!(found("api").unwrap(), None);
}

#[tokio::test]
async fn layers_that_cannot_be_read_are_told_with_their_image() {
    let site = Site::new();
    let layout = site.layout(&BOTH, "no archive at all");
    let source = ImageSource::layout(&layout).unwrap();
    let mut release = site.pin(&layout, &[]).await.unwrap();
    let error = bills(&mut release, &source, &site.root).await.unwrap_err();
    assert!(error.to_string().contains(BOTH[0]), "{error}");
}
