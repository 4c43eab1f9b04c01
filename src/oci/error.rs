//! Says what can fail about images.

use std::io;

use camino::Utf8PathBuf;

use super::digest::Digest;

/// Says what was tried with an image and failed.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// A digest is not spelled as one.
    #[error("not a digest of the form `sha256:<64 hex digits>`: `{text}`")]
    ParseDigest {
        /// Holds what was found.
        text: String,
    },
    /// A platform is not spelled as one.
    #[error("not a platform of the form `linux/amd64`: `{text}`")]
    ParsePlatform {
        /// Holds what was found.
        text: String,
    },
    /// An image reference is not spelled as one.
    #[error("not an image reference: `{reference}`")]
    ParseReference {
        /// Holds what was found.
        reference: String,
        /// Says why.
        #[source]
        source: oci_client::ParseError,
    },
    /// A folder has no `oci-layout` or `index.json`.
    #[error("not an OCI image layout: `{path}` is missing")]
    LayoutMissing {
        /// Names the missing file.
        path: Utf8PathBuf,
    },
    /// A file of a layout cannot be read.
    #[error("could not read `{path}`")]
    ReadLayout {
        /// Names the file.
        path: Utf8PathBuf,
        /// Says why.
        #[source]
        source: io::Error,
    },
    /// A file of a layout is not the JSON it should be.
    #[error("could not understand `{path}`")]
    ParseLayout {
        /// Names the file.
        path: Utf8PathBuf,
        /// Says why.
        #[source]
        source: serde_json::Error,
    },
    /// A layout, index or manifest is of a version that is not known here.
    #[error("`{path}` has version `{found}`, where only `{known}` is known")]
    LayoutVersion {
        /// Names the file or digest.
        path: String,
        /// Holds the version that was found.
        found: String,
        /// Holds the version that is known.
        known: &'static str,
    },
    /// No image has the name.
    #[error("no image is named `{name}`; there are: {}", list(available))]
    ImageMissing {
        /// Holds the name that was asked for.
        name: String,
        /// Lists the names there are.
        available: Vec<String>,
    },
    /// Several images could be meant.
    #[error("`{name}` could mean: {}", list(candidates))]
    AmbiguousName {
        /// Holds the name that was asked for.
        name: String,
        /// Lists the names it could mean.
        candidates: Vec<String>,
    },
    /// An image is not made for the platform.
    #[error("`{name}` is not made for `{wanted}`; it is made for: {}", list(available))]
    PlatformMissing {
        /// Holds the image's name.
        name: String,
        /// Holds the platform that was asked for.
        wanted: String,
        /// Lists the platforms there are.
        available: Vec<String>,
    },
    /// Indexes lie within indexes without end.
    #[error("indexes lie more than {limit} deep inside each other: {digest}")]
    IndexDepth {
        /// Names the index at which reading stopped.
        digest: Digest,
        /// Holds how deep is allowed.
        limit: usize,
    },
    /// A blob is not there.
    #[error("blob is missing: `{path}`")]
    BlobMissing {
        /// Says where it should lie.
        path: Utf8PathBuf,
    },
    /// A blob has another size than its descriptor says.
    #[error("blob has {found} bytes instead of {expected}: `{blob}`")]
    BlobSize {
        /// Names the blob.
        blob: String,
        /// Holds the promised size.
        expected: u64,
        /// Holds the size at which the difference was noticed.
        found: u64,
    },
    /// A blob has another content than its digest says.
    #[error("content of `{blob}` has digest {found} instead of {expected}")]
    BlobDigest {
        /// Names the blob.
        blob: String,
        /// Holds the promised digest.
        expected: Digest,
        /// Holds the digest of what is there.
        found: Digest,
    },
    /// A manifest or configuration is larger than any honest one.
    #[error("{digest} has {size} bytes, where at most {limit} are read")]
    BlobTooLarge {
        /// Names the blob.
        digest: Digest,
        /// Holds its size.
        size: u64,
        /// Holds the bound.
        limit: u64,
    },
    /// A blob cannot be read.
    #[error("could not read blob {digest}")]
    ReadBlob {
        /// Names the blob.
        digest: Digest,
        /// Says why.
        #[source]
        source: io::Error,
    },
    /// A blob cannot be written.
    #[error("could not store blob {digest}")]
    WriteBlob {
        /// Names the blob.
        digest: Digest,
        /// Says why.
        #[source]
        source: io::Error,
    },
    /// A manifest, index or configuration is not the JSON it should be.
    #[error("could not understand {what} {digest}")]
    ParseBlob {
        /// Says what it should be.
        what: &'static str,
        /// Names the blob.
        digest: Digest,
        /// Says why.
        #[source]
        source: serde_json::Error,
    },
    /// A blob is of a kind that is not known here.
    #[error("media type of {what} {digest} is not known: `{media_type}`")]
    MediaType {
        /// Says what it should be.
        what: &'static str,
        /// Names the blob.
        digest: Digest,
        /// Holds what was found.
        media_type: String,
    },
    /// A configuration does not name one content per layer.
    #[error("manifest {digest} has {layers} layers, but its configuration names {diff_ids}")]
    LayerCount {
        /// Names the manifest.
        digest: Digest,
        /// Counts the layers.
        layers: usize,
        /// Counts the contents in the configuration.
        diff_ids: usize,
    },
    /// A layer cannot be taken apart.
    #[error("could not read layer {digest}")]
    ReadLayer {
        /// Names the layer's blob.
        digest: Digest,
        /// Says why.
        #[source]
        source: io::Error,
    },
    /// A layer names a file outside the tree.
    #[error("layer {digest} names a file outside the tree: `{path}`")]
    PathEscape {
        /// Names the layer's blob.
        digest: Digest,
        /// Holds the name.
        path: String,
    },
    /// A file of a layer cannot be put into the tree.
    #[error("could not unpack `{path}` from layer {digest}")]
    WriteEntry {
        /// Names the layer's blob.
        digest: Digest,
        /// Holds the file's name.
        path: String,
        /// Says why.
        #[source]
        source: io::Error,
    },
    /// The folder to unpack into belongs to something else.
    #[error("`{path}` is taken by {found}")]
    DestinationTaken {
        /// Names the folder.
        path: Utf8PathBuf,
        /// Says what is there.
        found: String,
    },
    /// The tree cannot be prepared, finished or put in its place.
    #[error("could not {action} `{path}`")]
    WriteTree {
        /// Says what was tried, as in `create`.
        action: &'static str,
        /// Names the folder or file.
        path: Utf8PathBuf,
        /// Says why.
        #[source]
        source: io::Error,
    },
    /// An image's program is not in its tree.
    #[error("`{path}` is not in `{root}`{}", nearest.as_ref().map_or_else(String::new, |n| format!("; the nearest name is `{n}`")))]
    BinaryMissing {
        /// Names the tree.
        root: Utf8PathBuf,
        /// Holds the name that was asked for.
        path: String,
        /// Holds the name that comes nearest.
        nearest: Option<String>,
    },
    /// An image's program cannot be run.
    #[error("`{path}` is not an executable file")]
    BinaryNotExecutable {
        /// Names the file.
        path: Utf8PathBuf,
    },
    /// A file with registry credentials is not the JSON it should be.
    #[error("could not understand the registry credentials")]
    ParseCredentials {
        /// Says why.
        #[source]
        source: serde_json::Error,
    },
    /// The credentials for a registry are not spelled as credentials.
    #[error("credentials for `{registry}` are not base64 of `user:password`")]
    DecodeCredential {
        /// Names the registry.
        registry: String,
    },
    /// A registry's credentials are of a kind that is not known here.
    #[error(
        "credentials for `{registry}` are an identity token, which cannot be used; log in with a password or access token"
    )]
    IdentityToken {
        /// Names the registry.
        registry: String,
    },
    /// A credential helper did not answer.
    #[error("credential helper `{helper}` failed for `{registry}`")]
    CredentialHelper {
        /// Names the helper.
        helper: String,
        /// Names the registry.
        registry: String,
        /// Says why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A text holds no certificate.
    #[error("not a PEM certificate: no line says `BEGIN CERTIFICATE`")]
    ParseCertificate,
    /// The connection to registries cannot be set up, mostly because of a certificate.
    #[error("could not set up connections to registries")]
    ConfigureRegistry {
        /// Says why.
        #[source]
        source: Box<oci_client::errors::OciDistributionError>,
    },
    /// A registry did not hand out a manifest.
    #[error("could not fetch the manifest of `{reference}`")]
    FetchManifest {
        /// Names the image.
        reference: String,
        /// Says why.
        #[source]
        source: Box<oci_client::errors::OciDistributionError>,
    },
    /// A registry did not hand out a blob.
    #[error("could not fetch blob {digest} of `{reference}`")]
    FetchBlob {
        /// Names the image.
        reference: String,
        /// Names the blob.
        digest: Digest,
        /// Says why.
        #[source]
        source: Box<oci_client::errors::OciDistributionError>,
    },
    /// A helper thread did not end as it should.
    #[error("background work on `{name}` was broken off")]
    Background {
        /// Names the image or registry.
        name: String,
        /// Says why.
        #[source]
        source: tokio::task::JoinError,
    },
}

impl OciError {
    /// Takes back an error of ours that travelled inside an I/O error, or wraps a real one.
    pub(super) fn or_from(error: io::Error, wrap: impl FnOnce(io::Error) -> Self) -> Self {
        error.downcast::<Self>().unwrap_or_else(wrap)
    }
}

/// Writes names for a message; long lists are cut.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 10;
    match names.len() {
        0 => "none".to_owned(),
        count => {
            let shown: Vec<_> = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect();
            let rest = count.saturating_sub(SHOWN);
            let tail = if rest > 0 {
                format!(" and {rest} more")
            } else {
                String::new()
            };
            shown.join(", ") + &tail
        }
    }
}
