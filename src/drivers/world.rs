//! The world as drivers see it: what they may use, handed in from outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;

use super::aws::Roots;
use super::kubernetes::Clusters;
use crate::product::ReleaseImage;
use crate::tools::CancelToken;

/// How an image's content is brought to this machine.
pub type Images =
    dyn Fn(&ReleaseImage) -> Result<crate::oci::ImageSource, crate::oci::OciError> + Send + Sync;

/// What a driver may use of the machine that Landfall runs on.
#[derive(Clone)]
pub struct World {
    /// This program, of which the installation keeps a copy.
    pub program: Utf8PathBuf,
    /// The environment that programs may see.
    pub environment: BTreeMap<String, String>,
    /// The whole environment, for secrets given as `env:NAME`.
    pub given: Arc<BTreeMap<String, String>>,
    /// The folder of the answers file, which relative paths in it start from.
    pub answers: Utf8PathBuf,
    /// The answers file itself.
    pub answers_file: Utf8PathBuf,
    /// The folders in which programs are looked for.
    pub path: Vec<Utf8PathBuf>,
    /// How images are brought here.
    pub images: Arc<Images>,
    /// The folder for what has to lie on this machine while it is worked with, such as root modules of Terraform.
    pub workspace: Utf8PathBuf,
    /// The clusters that were spoken to.
    pub clusters: Clusters,
    /// The root modules that were planned.
    pub roots: Roots,
    /// Stops programs when the run is cut short.
    pub cancel: CancelToken,
}

impl World {
    /// Picks what programs and their sign-in helpers may see of our environment: what every program may, and the variables
    /// that begin with one of `more`.
    pub(super) fn environment_with(&self, more: &[&str]) -> BTreeMap<String, String> {
        let helper = |name: &&String| more.iter().any(|prefix| name.starts_with(prefix));
        let more = self.given.iter().filter(|(name, _)| helper(name));
        let mut environment = self.environment.clone();
        environment.extend(more.map(|(name, value)| (name.clone(), value.clone())));
        environment
    }
}
