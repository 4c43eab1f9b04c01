//! Whether a registry would hand out an image.

use oci_client::errors::{OciDistributionError, OciErrorCode};

use super::{Registry, RegistryOptions};
use crate::oci::credentials::Credentials;
use crate::oci::error::OciError;

/// What a registry answers when it is asked for an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It hands the image out.
    There,
    /// It does not have it.
    Missing,
    /// It does not hand it out to us.
    Refused,
    /// It cannot be reached, or answers in a way that says neither.
    Silent(String),
}

impl Registry {
    /// Reaches the same registries in the same way, with other credentials.
    ///
    /// # Errors
    ///
    /// As [`Registry::new`].
    pub fn with_credentials(&self, credentials: Credentials) -> Result<Self, OciError> {
        let options = (*self.options).clone();
        Self::new(RegistryOptions {
            credentials,
            ..options
        })
    }

    /// Asks for an image's manifest, and keeps nothing of it.
    pub async fn offer(&self, reference: &str) -> Offer {
        let answer = match self.session(reference).await {
            Ok(session) => session.manifest(&session.reference).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(_) => Offer::There,
            Err(OciError::FetchManifest { source, .. }) => judge(&source),
            Err(error) => Offer::Silent(last(&error)),
        }
    }
}

fn judge(error: &OciDistributionError) -> Offer {
    let by_status = |code: u16| match code {
        401 | 403 => Offer::Refused,
        404 => Offer::Missing,
        _ => Offer::Silent(format!("it answers with status {code}")),
    };
    match error {
        OciDistributionError::AuthenticationFailure(_) | OciDistributionError::UnauthorizedError { .. } => {
            Offer::Refused
        }
        OciDistributionError::ImageManifestNotFoundError(_) => Offer::Missing,
        OciDistributionError::ServerError { code, .. } => by_status(*code),
        OciDistributionError::RegistryError { envelope, .. } => {
            let says =
                |codes: &[OciErrorCode]| envelope.errors.iter().any(|error| codes.contains(&error.code));
            if says(&[OciErrorCode::Unauthorized, OciErrorCode::Denied]) {
                Offer::Refused
            } else if says(&[
                OciErrorCode::ManifestUnknown,
                OciErrorCode::NameUnknown,
                OciErrorCode::NotFound,
            ]) {
                Offer::Missing
            } else {
                Offer::Silent(envelope.to_string())
            }
        }
        error => Offer::Silent(last(error)),
    }
}

/// Writes what is at the bottom of an error; what is above it names the reference once more.
fn last(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
