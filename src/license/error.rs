//! Says what can fail about licenses.

/// Says what was tried with a license and failed.
///
/// That a license is bad is no error but a [`Verdict`](super::Verdict).
#[derive(Debug, thiserror::Error)]
pub enum LicenseError {
    /// A length of time is not spelled as one.
    #[error("not a length of time such as `30d` or `12h`: `{text}`")]
    ParsePeriod {
        /// Holds what was found.
        text: String,
    },
    /// The vendor's public key is not one.
    #[error("could not read the public key that licenses are checked with")]
    ReadPublicKey {
        /// Says why.
        #[source]
        source: jsonwebtoken::errors::Error,
    },
    /// The vendor's private key is not one.
    #[error("could not read the private key that licenses are signed with")]
    ReadPrivateKey {
        /// Says why.
        #[source]
        source: jsonwebtoken::errors::Error,
    },
    /// The signature could not be looked at, for another reason than being wrong.
    #[error("could not check the signature of the license")]
    CheckSignature {
        /// Says why.
        #[source]
        source: jsonwebtoken::errors::Error,
    },
    /// A license could not be signed.
    #[error("could not sign the license")]
    Sign {
        /// Says why.
        #[source]
        source: jsonwebtoken::errors::Error,
    },
}
