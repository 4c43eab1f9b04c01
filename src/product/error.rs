//! What can be wrong with definitions and releases.

use camino::Utf8PathBuf;

use super::Version;
use crate::document::Problems;
use crate::oci::OciError;

/// Says why a product or a release cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ProductError {
    /// No product of that name is known.
    #[error("no product is called `{name}`: known are {known}")]
    UnknownProduct {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// The product has no release at all.
    #[error("{product} has no release yet, so there is no image to run")]
    NoRelease {
        /// The product's name.
        product: String,
    },
    /// The product has releases, but not this one.
    #[error("{product} has no release {version}: known are {known}")]
    UnknownRelease {
        /// The product's name.
        product: String,
        /// What was asked for.
        version: Version,
        /// The versions there are.
        known: String,
    },
    /// A definition or release is wrong in itself.
    #[error("{what} is not valid")]
    Invalid {
        /// Which document.
        what: String,
        /// Everything that is wrong, placed.
        #[source]
        problems: Problems,
    },
    /// A file could not be read.
    #[error("could not read {path}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("could not write {path}")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file that would be made is there already.
    #[error("{path} is there already")]
    Exists {
        /// The file.
        path: Utf8PathBuf,
    },
    /// An image is given for a component that the product does not have.
    #[error("{product} has no component `{component}`: known are {known}")]
    UnknownComponent {
        /// The product's name.
        product: String,
        /// What was given.
        component: String,
        /// The components there are.
        known: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// The name of a component's image cannot be told.
    #[error("could not evaluate `components.{component}.image`: {message}")]
    ImageName {
        /// The component.
        component: String,
        /// What the expression engine says.
        message: String,
    },
    /// Components have no image in the source.
    #[error("there is no image for {}", each(components))]
    ImagesMissing {
        /// Each component with the reference that was looked for.
        components: Vec<(String, String)>,
        /// What the source says about the first.
        #[source]
        source: Box<OciError>,
    },
    /// A component's image cannot be looked up or read.
    #[error("could not pin the image `{reference}` of the component `{component}`")]
    PinImage {
        /// The component.
        component: String,
        /// The reference.
        reference: String,
        /// Why.
        #[source]
        source: Box<OciError>,
    },
    /// The SBOM of an image cannot be made.
    #[error("could not make the SBOM of the image `{reference}` of the component `{component}`")]
    MakeSbom {
        /// The component.
        component: String,
        /// The reference.
        reference: String,
        /// Why.
        #[source]
        source: Box<OciError>,
    },
    /// An SBOM is not the one that the release names.
    #[error("the SBOM is not the one that the release names, {digest}: {path}")]
    SbomDiffers {
        /// The file.
        path: Utf8PathBuf,
        /// What the release names.
        digest: crate::oci::Digest,
    },
    /// There is no folder in which a release could be kept.
    #[error("{product} is built in, and there is no data folder to keep its releases in")]
    NoReleaseFolder {
        /// The product's name.
        product: String,
    },
    /// The release is there already, with other images.
    #[error("release {version} is there already with other images for {components}: {path}")]
    ReleaseDiffers {
        /// The version.
        version: Version,
        /// The components whose images differ.
        components: String,
        /// The file that is there.
        path: Utf8PathBuf,
    },
}

fn each(components: &[(String, String)]) -> String {
    let each = components
        .iter()
        .map(|(component, reference)| format!("the component `{component}` (`{reference}`)"));
    each.collect::<Vec<_>>().join(", ")
}
