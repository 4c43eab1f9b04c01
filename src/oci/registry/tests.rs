use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::oci::source::ImageSource;
use crate::oci::testing::{Compression, Fixture, INDEX, TarItem, tar};
use crate::oci::unpack::{UnpackOptions, unpack};

/// Serves a fixture's blobs as the repository `acme/api`, tag `1`, and misbehaves as told.
///
/// Speaks HTTP by hand, because a server library would not break its answers.
#[derive(Default)]
struct Fake {
    /// Answers only with this `Authorization`.
    password: Option<String>,
    /// Breaks the first answer with a large body in the middle.
    cut_once: AtomicBool,
    /// Sends whole blobs when a rest was asked for.
    ignore_range: bool,
    /// Changes a byte of every large body.
    spoil: bool,
    /// Holds every request line, with its range.
    log: Mutex<Vec<String>>,
}

struct Site {
    fixture: Fixture,
    index: Blob,
    fake: Arc<Fake>,
    host: String,
}

/// Bodies above this are layers; below are manifests and configurations.
const LARGE: usize = 10_000;

async fn site(fake: Fake) -> Site {
    let fixture = Fixture::new();
    let noise: String = (0..40_000_u32)
        .map(|n| char::from(b'a' + (n.wrapping_mul(n) % 23) as u8))
        .collect();
    let amd = fixture.manifest(
        "amd64",
        &[tar(&[TarItem::file("a", 0o644, &noise)])],
        Compression::None,
    );
    let arm = fixture.manifest("arm64", &[tar(&[])], Compression::None);
    let index = fixture.index(&[("amd64", &amd), ("arm64", &arm)]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let fake = Arc::new(fake);
    let (serving, blobs, tag) = (fake.clone(), fixture.blobs().clone(), index.digest);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (fake, blobs) = (serving.clone(), blobs.clone());
            tokio::spawn(async move { fake.answer(stream, &blobs, tag).await });
        }
    });
    Site {
        fixture,
        index,
        fake,
        host,
    }
}

impl Fake {
    async fn answer(&self, mut stream: TcpStream, blobs: &Blobs, tag: Digest) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        let header = |name: &str| {
            let line = request
                .lines()
                .find(|line| line.to_lowercase().starts_with(name))?;
            Some(line.split_once(": ").unwrap().1.to_owned())
        };
        let path = request.split(' ').nth(1).unwrap();
        let from = header("range").map(|range| range["bytes=".len()..range.len() - 1].parse().unwrap());
        self.log
            .lock()
            .unwrap()
            .push(format!("{path} {}", from.unwrap_or(0)));
        let (status, mut body) = self.body(path, header("authorization"), blobs, tag);
        let from = from.filter(|_| !self.ignore_range && status == "200 OK");
        let status = if from.is_some() {
            "206 Partial Content"
        } else {
            status
        };
        body.drain(..from.unwrap_or(0));
        if self.spoil && body.len() > LARGE {
            body[5000] ^= 1;
        }
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nWWW-Authenticate: Basic realm=\"x\"\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        if body.len() > LARGE && self.cut_once.swap(false, Ordering::Relaxed) {
            body.truncate(body.len() / 2);
        }
        stream.write_all(&body).await.ok();
    }

    fn body(&self, path: &str, auth: Option<String>, blobs: &Blobs, tag: Digest) -> (&'static str, Vec<u8>) {
        if self.password.is_some() && self.password != auth {
            return ("401 Unauthorized", Vec::new());
        }
        let name = path.rsplit('/').next().unwrap();
        let digest = if name == "1" { Ok(tag) } else { name.parse() };
        match digest.map(|digest| fs_err::read(blobs.path(&digest))) {
            _ if path == "/v2/" => ("200 OK", Vec::new()),
            Ok(Ok(bytes)) if path.starts_with("/v2/acme/api/") => ("200 OK", bytes),
            _ => (
                "404 Not Found",
                br#"{"errors":[{"code":"NOT_FOUND","message":"no"}]}"#.to_vec(),
            ),
        }
    }

    fn asked(&self) -> usize {
        self.log.lock().unwrap().len()
    }
}

impl Site {
    fn source(&self, options: RegistryOptions) -> ImageSource {
        let cache = Blobs::new(self.fixture.root().join("cache"));
        ImageSource::Registry {
            registry: Registry::new(options).unwrap(),
            cache,
        }
    }

    fn name(&self) -> String {
        format!("{}/acme/api:1", self.host)
    }
}

fn amd64() -> Platform {
    "linux/amd64".parse().unwrap()
}

async fn local(site: &Site) -> Result<Blobs, OciError> {
    let source = site.source(RegistryOptions::default());
    let image = source.find(&site.name(), &amd64()).await?;
    source.local(&image).await
}

#[tokio::test]
async fn an_image_comes_over_and_is_unpacked_and_then_needs_nobody() {
    let site = site(Fake::default()).await;
    let source = site.source(RegistryOptions::default());
    let image = source.find(&site.name(), &amd64()).await.unwrap();
    assert_eq!(
        (image.digest, image.platform.to_string().as_str()),
        (site.index.digest, "linux/amd64")
    );
    let blobs = source.local(&image).await.unwrap();
    let out = site.fixture.root().join("tree");
    unpack(&image, &blobs, &out, UnpackOptions::default()).unwrap();
    assert_eq!(fs_err::read(out.join("a")).unwrap().len(), 40_000);
    let before = site.fake.asked();
    let pinned = format!("{}/acme/api@{}", site.host, site.index.digest);
    let again = source.find(&pinned, &amd64()).await.unwrap();
    source.local(&again).await.unwrap();
    assert_eq!(site.fake.asked(), before, "all of it is in the cache");
    let other = Blobs::new(site.fixture.root().join("other"));
    let counts = source.materialise(&image, &other).await.unwrap();
    assert_eq!((counts.brought, counts.kept, counts.bytes), (3, 0, image.size()));
    assert_eq!(source.materialise(&image, &other).await.unwrap().kept, 3);
}

#[tokio::test]
async fn a_name_is_resolved_for_every_platform_with_its_size() {
    let site = site(Fake::default()).await;
    let resolved = site
        .source(RegistryOptions::default())
        .resolve(&site.name())
        .await
        .unwrap();
    assert_eq!(resolved.digest, site.index.digest);
    let platforms: Vec<_> = resolved
        .platforms
        .iter()
        .map(|p| p.platform.to_string())
        .collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    assert!(resolved.platforms[0].size > 40_000);
    let source = site.source(RegistryOptions::default());
    let missing = source.find(&site.name(), &"linux/s390x".parse().unwrap()).await;
    assert!(matches!(missing, Err(OciError::PlatformMissing { .. })));
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_stopped() {
    let site = site(Fake {
        cut_once: true.into(),
        ..Fake::default()
    })
    .await;
    local(&site).await.unwrap();
    let log = site.fake.log.lock().unwrap().clone();
    assert!(
        log.iter()
            .any(|line| line.contains("/blobs/") && !line.ends_with(" 0")),
        "{log:?}"
    );
}

#[tokio::test]
async fn a_registry_without_ranges_sends_the_whole_again() {
    let site = site(Fake {
        cut_once: true.into(),
        ignore_range: true,
        ..Fake::default()
    })
    .await;
    local(&site).await.unwrap();
}

#[tokio::test]
async fn a_spoiled_blob_is_refused_and_does_not_stay() {
    let site = site(Fake {
        spoil: true,
        ..Fake::default()
    })
    .await;
    let error = local(&site).await.unwrap_err();
    assert!(matches!(error, OciError::BlobDigest { .. }), "{error:?}");
    let folder = site.fixture.root().join("cache/blobs/sha256");
    for file in fs_err::read_dir(folder).unwrap() {
        let file = file.unwrap();
        assert!(file.metadata().unwrap().len() < LARGE as u64, "{:?}", file.path());
    }
}

#[tokio::test]
async fn two_at_once_fetch_each_blob_once() {
    let site = site(Fake::default()).await;
    let (first, second) = tokio::join!(local(&site), local(&site));
    first.and(second).unwrap();
    let log = site.fake.log.lock().unwrap().clone();
    let mut blobs: Vec<_> = log.iter().filter(|line| line.contains("/blobs/")).collect();
    let all = blobs.len();
    blobs.sort();
    blobs.dedup();
    assert_eq!(all, blobs.len(), "{log:?}");
}

#[tokio::test]
async fn credentials_and_mirrors_are_used() {
    let encoded = base64::engine::general_purpose::STANDARD.encode("user:secret");
    let site = site(Fake {
        password: Some(format!("Basic {encoded}")),
        ..Fake::default()
    })
    .await;
    assert!(matches!(local(&site).await, Err(OciError::FetchManifest { .. })));
    let config = serde_json::json!({"auths": {&site.host: {"auth": encoded}}}).to_string();
    let options = RegistryOptions {
        credentials: Credentials::from_docker_config(&config, None).unwrap(),
        mirrors: BTreeMap::from([(
            "registry.example/vendor".to_owned(),
            format!("{}/acme", site.host),
        )]),
        ..RegistryOptions::default()
    };
    let source = site.source(options);
    let image = source
        .find("registry.example/vendor/api:1", &amd64())
        .await
        .unwrap();
    assert_eq!(image.name, "registry.example/vendor/api:1");
    source.local(&image).await.unwrap();
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_told() {
    let site = site(Fake::default()).await;
    let source = site.source(RegistryOptions::default());
    let find = async |name: String| source.find(&name, &amd64()).await.unwrap_err();
    let error = find(format!("{}/acme/api:2", site.host)).await;
    assert!(
        matches!(&error, OciError::FetchManifest { reference, .. } if reference.ends_with(":2")),
        "{error}"
    );
    assert!(matches!(
        find("Not A Name".into()).await,
        OciError::ParseReference { .. }
    ));
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    assert!(matches!(
        find(format!("{nobody}/acme/api:1")).await,
        OciError::FetchManifest { .. }
    ));
    let lost = site.fixture.blob(b"{}", INDEX);
    let error = find(format!("{}/acme/api@{}", site.host, lost.digest)).await;
    assert!(matches!(error, OciError::ParseBlob { .. }), "{error}");
}

#[tokio::test]
async fn a_layout_is_a_source_too() {
    let site = site(Fake::default()).await;
    site.fixture
        .write_index(&[crate::oci::testing::named(&site.index, "api:1")]);
    let source = ImageSource::layout(site.fixture.root()).unwrap();
    let image = source.find("api", &amd64()).await.unwrap();
    assert_eq!(source.local(&image).await.unwrap().root(), site.fixture.root());
    let other = Blobs::new(site.fixture.root().join("other"));
    assert_eq!(
        source.materialise(&image, &other).await.unwrap().bytes,
        image.size()
    );
    assert_eq!(source.resolve("api").await.unwrap().platforms.len(), 2);
}

#[test]
fn a_bad_certificate_is_told_before_anything_starts() {
    let with = |text: &str| {
        Registry::new(RegistryOptions {
            certificates: vec![text.into()],
            ..RegistryOptions::default()
        })
    };
    assert!(matches!(with("nothing"), Err(OciError::ParseCertificate)));
    let damaged = with("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
    assert!(matches!(damaged, Err(OciError::ConfigureRegistry { .. })));
}

#[tokio::test]
async fn a_registry_says_whether_it_would_hand_an_image_out() {
    let site = site(Fake::default()).await;
    let registry = Registry::new(RegistryOptions::default()).unwrap();
    let pinned = format!("{}/acme/api@{}", site.host, site.index.digest);
    assert_eq!(registry.offer(&pinned).await, Offer::There);
    let other = format!("{}/acme/web@{}", site.host, site.index.digest);
    assert_eq!(registry.offer(&other).await, Offer::Missing);
    let nobody = registry.offer("127.0.0.1:1/acme/api:1").await;
    assert!(matches!(nobody, Offer::Silent(_)), "{nobody:?}");
}

#[tokio::test]
async fn a_registry_that_wants_credentials_refuses() {
    let locked = Fake {
        password: Some("Basic other".to_owned()),
        ..Fake::default()
    };
    let site = site(locked).await;
    let registry = Registry::new(RegistryOptions::default()).unwrap();
    assert_eq!(registry.offer(&site.name()).await, Offer::Refused);
}
