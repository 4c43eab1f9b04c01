//! Finds images in registries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, TryStreamExt, stream};
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use oci_spec::image as spec;

use super::blobs::{Blob, Blobs};
use super::credentials::Credentials;
use super::digest::Digest;
use super::error::OciError;
use super::image::{self, Image, Resolved};
use super::platform::Platform;
use super::source::Materialised;
use super::{fetch, reference};

/// Lists what is asked for, so that registries do not convert old formats on the way.
const MANIFEST_TYPES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
/// Bounds how many blobs of one image are fetched at once.
const PARALLEL: usize = 4;
/// Bounds silence; a large blob may take hours, but never pauses so long.
const READ_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);

/// Says how registries are reached.
#[derive(Clone, Debug, Default)]
pub struct RegistryOptions {
    /// Holds the credentials.
    pub credentials: Credentials,
    /// Lists registries (`host` or `host:port`) that speak HTTP without TLS; this machine's own always may.
    pub plain_http: Vec<String>,
    /// Holds the PEM text of certificates to trust beside the system's; one text may hold several.
    pub certificates: Vec<String>,
    /// Maps `host` or `host/path` to the `host` or `host/path` that is asked instead.
    pub mirrors: BTreeMap<String, String>,
}

/// Reads images from registries, over the OCI distribution-spec 1.1.
#[derive(Clone)]
pub struct Registry {
    options: Arc<RegistryOptions>,
    clients: Arc<Mutex<Vec<Known>>>,
}

/// Keeps a client for one protocol and one login, because a client holds one login per registry, and repositories of
/// one registry may need different ones.
struct Known {
    plain: bool,
    auth: RegistryAuth,
    client: Client,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// Sets up the connections; sends nothing yet.
    ///
    /// # Errors
    ///
    /// When a certificate is not one.
    pub fn new(options: RegistryOptions) -> Result<Self, OciError> {
        let new = Self {
            options: Arc::new(options),
            clients: Arc::default(),
        };
        // Built now, so that a bad certificate is told before anything starts.
        new.client(false, &RegistryAuth::Anonymous)?;
        Ok(new)
    }

    /// Says what a reference means now, for every platform; small blobs are kept in `cache`.
    ///
    /// # Errors
    ///
    /// When the registry cannot be reached, refuses, or hands out something else than it should.
    pub async fn resolve(&self, reference: &str, cache: &Blobs) -> Result<Resolved, OciError> {
        let top = self.fetch_metadata(reference, None, cache).await?;
        image::resolve(cache, reference, &[top])
    }

    /// Finds the image for a platform; manifests and configuration are kept in `cache`.
    ///
    /// A reference with a digest whose blobs are already there asks no registry.
    ///
    /// # Errors
    ///
    /// As [`Registry::resolve`]; when the image is for other platforms.
    pub async fn find(&self, reference: &str, platform: &Platform, cache: &Blobs) -> Result<Image, OciError> {
        let top = self.fetch_metadata(reference, Some(platform), cache).await?;
        image::pick(cache, reference, &[top], platform)
    }

    /// Fetches every blob of an image that is not in the folder, some at a time.
    ///
    /// A blob that was broken off goes on where it stopped. Safe beside others that fill the same folder.
    ///
    /// # Errors
    ///
    /// As [`Registry::resolve`]; when the folder cannot be written.
    pub async fn fetch(&self, image: &Image, into: &Blobs) -> Result<Materialised, OciError> {
        let session = self.session(&image.name).await?;
        let session = &session;
        // One entry per digest: the same layer may lie in an image twice.
        let wanted: BTreeMap<_, _> = image.blobs().map(|b| (b.digest, b.clone())).collect();
        let done: Vec<_> = stream::iter(wanted.into_values())
            .map(|blob| async move {
                let fetched = if blob.digest == image.manifest.digest {
                    session.manifest_blob(&blob, into).await?
                } else {
                    fetch::blob(&session.client, &session.reference, &blob, into).await?
                };
                Ok::<_, OciError>((blob.size, fetched))
            })
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await?;
        Ok(done
            .into_iter()
            .fold(Materialised::default(), |sum, (size, fetched)| {
                sum.add(size, fetched)
            }))
    }

    /// Fetches the manifests behind a reference, and the configurations of those that could be wanted.
    async fn fetch_metadata(
        &self,
        text: &str,
        wanted: Option<&Platform>,
        cache: &Blobs,
    ) -> Result<spec::Descriptor, OciError> {
        let session = self.session(text).await?;
        let top = session.top(cache).await?;
        let mut seen = BTreeSet::new();
        let mut queue = vec![(top.clone(), 0)];
        while let Some((descriptor, depth)) = queue.pop() {
            let blob = Blob::try_from(&descriptor)?;
            if image::skipped(&descriptor, wanted) || !seen.insert(blob.digest) {
                continue;
            }
            session.manifest_blob(&blob, cache).await?;
            if !image::is_index(&blob)? {
                let config = image::config_of(&image::read_manifest(cache, &blob)?)?;
                if config.size > image::CONFIG_LIMIT {
                    let (digest, size) = (config.digest, config.size);
                    return Err(OciError::BlobTooLarge {
                        digest,
                        size,
                        limit: image::CONFIG_LIMIT,
                    });
                }
                fetch::blob(&session.client, &session.reference, &config, cache).await?;
            } else if depth < image::DEPTH_LIMIT {
                let index = image::parse_index(&blob, &cache.read(&blob, image::MANIFEST_LIMIT)?)?;
                queue.extend(index.manifests().iter().map(|d| (d.clone(), depth + 1)));
            }
        }
        Ok(top)
    }

    /// Works out whom to ask for a reference, over which protocol, as whom.
    pub(super) async fn session(&self, text: &str) -> Result<Session, OciError> {
        let reference = reference::mirrored(&reference::parse(text)?, &self.options.mirrors)?;
        let registry = reference.resolve_registry().to_owned();
        let plain = reference::is_loopback(&registry) || self.options.plain_http.contains(&registry);
        let credentials = self.options.credentials.clone();
        let (asked, repository) = (registry.clone(), reference.repository().to_owned());
        // A helper is a program, and may ask for a password somewhere else.
        let auth = tokio::task::spawn_blocking(move || credentials.find(&asked, &repository))
            .await
            .map_err(|source| OciError::Background {
                name: registry.clone(),
                source,
            })??;
        let client = self.client(plain, &auth)?;
        client.store_auth_if_needed(&registry, &auth).await;
        Ok(Session {
            client,
            reference,
            auth,
        })
    }

    fn client(&self, plain: bool, auth: &RegistryAuth) -> Result<Client, OciError> {
        // A panic elsewhere cannot leave the list half-written, so a poisoned lock is as good as any.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = clients
            .iter()
            .find(|known| known.plain == plain && known.auth == *auth)
        {
            return Ok(known.client.clone());
        }
        let protocol = if plain {
            ClientProtocol::Http
        } else {
            ClientProtocol::Https
        };
        let client = build(protocol, &self.options.certificates)?;
        clients.push(Known {
            plain,
            auth: auth.clone(),
            client: client.clone(),
        });
        Ok(client)
    }
}

/// Holds a conversation about one repository.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) reference: Reference,
    auth: RegistryAuth,
}

impl Session {
    /// Finds out what the reference names; asks nobody when it names a digest that is already there.
    async fn top(&self, cache: &Blobs) -> Result<spec::Descriptor, OciError> {
        let known = self.reference.digest().map(str::parse::<Digest>).transpose()?;
        let kept = known.and_then(|digest| fs_err::read(cache.path(&digest)).ok());
        let bytes = match kept.filter(|bytes| Some(Digest::of(bytes)) == known) {
            Some(bytes) => bytes,
            None => self.manifest(&self.reference).await?,
        };
        let digest = cache.insert(&bytes)?;
        let media_type = sniff(&digest, &bytes)?;
        let name = digest.to_string().parse::<spec::Digest>();
        let name = name.map_err(|_| OciError::ParseDigest {
            text: digest.to_string(),
        })?;
        Ok(spec::Descriptor::new(media_type, bytes.len() as u64, name))
    }

    /// Fetches a manifest or index by digest, unless it is there; tells whether it fetched.
    async fn manifest_blob(&self, blob: &Blob, cache: &Blobs) -> Result<bool, OciError> {
        if cache.has(&blob.digest, blob.size) {
            return Ok(false);
        }
        let bytes = self
            .manifest(&self.reference.clone_with_digest(blob.digest.to_string()))
            .await?;
        let found = Digest::of(&bytes);
        if found != blob.digest {
            return Err(OciError::BlobDigest {
                blob: self.reference.whole(),
                expected: blob.digest,
                found,
            });
        }
        cache.insert(&bytes)?;
        Ok(true)
    }

    pub(super) async fn manifest(&self, reference: &Reference) -> Result<Vec<u8>, OciError> {
        let answer = self
            .client
            .pull_manifest_raw(reference, &self.auth, &MANIFEST_TYPES)
            .await;
        match answer {
            Ok((bytes, _)) => Ok(bytes.to_vec()),
            Err(source) => Err(OciError::FetchManifest {
                reference: reference.whole(),
                source: Box::new(source),
            }),
        }
    }
}

/// Finds out what a manifest is from its content, because the answer's header is not signed by the digest.
fn sniff(digest: &Digest, bytes: &[u8]) -> Result<spec::MediaType, OciError> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Kind {
        media_type: Option<String>,
        manifests: Option<serde::de::IgnoredAny>,
    }
    let kind: Kind = serde_json::from_slice(bytes).map_err(|source| OciError::ParseBlob {
        what: "manifest",
        digest: *digest,
        source,
    })?;
    Ok(match (kind.media_type, kind.manifests) {
        (Some(written), _) => spec::MediaType::from(written.as_str()),
        // The field is optional in OCI: image-spec 1.1, `manifest.md` and `image-index.md`.
        (None, Some(_)) => spec::MediaType::ImageIndex,
        (None, None) => spec::MediaType::ImageManifest,
    })
}

fn build(protocol: ClientProtocol, certificates: &[String]) -> Result<Client, OciError> {
    let config = ClientConfig {
        protocol,
        extra_root_certificates: certificates
            .iter()
            .map(|text| certificate(text))
            .collect::<Result<_, _>>()?,
        read_timeout: Some(READ_TIMEOUT),
        connect_timeout: Some(CONNECT_TIMEOUT),
        ..ClientConfig::default()
    };
    // Not `Client::new`, which falls back to a client without our certificates and protocol.
    Client::try_from(config).map_err(|source| OciError::ConfigureRegistry {
        source: Box::new(source),
    })
}

/// Hands a PEM text to the client, which reads every certificate in it, and silently none from anything else.
fn certificate(text: &str) -> Result<Certificate, OciError> {
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(OciError::ParseCertificate);
    }
    Ok(Certificate {
        encoding: CertificateEncoding::Pem,
        data: text.as_bytes().to_vec(),
    })
}

mod offer;
#[cfg(test)]
mod tests;

pub use offer::Offer;
