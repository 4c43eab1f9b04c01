//! Signs licenses, for vendors and for tests.

use jsonwebtoken::{EncodingKey, Header};

use super::claims::License;
use super::error::LicenseError;
use super::policy::{Algorithm, Policy};

/// Signs a license with the vendor's private key (PEM), under the claim names of the product's policy.
///
/// Writes the customer both under the policy's name and as `sub`. Reads no clock: the times in the license are what
/// they are.
///
/// # Errors
///
/// When the key is not an RSA private key, or too small to sign with.
pub fn issue(license: &License, policy: &Policy, private_key_pem: &[u8]) -> Result<String, LicenseError> {
    let key = EncodingKey::from_rsa_pem(private_key_pem)
        .map_err(|source| LicenseError::ReadPrivateKey { source })?;
    let header = Header::new(signing(policy.algorithm));
    jsonwebtoken::encode(&header, &license.claims(&policy.claims), &key)
        .map_err(|source| LicenseError::Sign { source })
}

/// Names an algorithm in the words of the signing library.
pub(super) fn signing(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
    }
}
