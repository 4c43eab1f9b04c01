//! Secret values, kept out of everything that is shown or stored.

use std::fmt;

use zeroize::Zeroizing;

/// Holds a value that must never be shown or stored in the clear.
///
/// It has no `Display` and no `Serialize`; its `Debug` prints `[secret]`. The memory is overwritten when the last
/// owner lets go, as well as Rust allows: copies made by a reallocation before that are out of reach.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// Names the alphabet that a generated secret is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// Lower-case letters and digits without look-alikes, five bits a character: safe in URLs, shells and SQL.
    Password,
    /// Hexadecimal digits, for keys that products expect in this form.
    Hex,
    /// Standard Base64 with padding, for keys that products expect in this form.
    Base64,
}

/// The alphabet of Crockford's Base32; its 32 letters take the low five bits of a byte without bias.
const READABLE: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Secret {
    /// Takes a value into custody.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// Makes a secret from random bytes.
    ///
    /// The caller brings the bytes, so that this stays pure; 32 of them are enough for every kind. A password gets
    /// one character per byte.
    #[must_use]
    pub fn generate(kind: SecretKind, random: &[u8]) -> Self {
        Self::new(match kind {
            SecretKind::Password => random
                .iter()
                .map(|byte| char::from(READABLE[usize::from(byte & 31)]))
                .collect(),
            SecretKind::Hex => hex::encode(random),
            SecretKind::Base64 => {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.encode(random)
            }
        })
    }

    /// Hands out the value itself.
    ///
    /// Every call is a place where a leak could start: pass the result straight to what needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_value() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some([secret])");
    }

    #[test]
    fn every_kind_keeps_to_its_alphabet() {
        let random: Vec<u8> = (0..=255).collect();
        let password = Secret::generate(SecretKind::Password, &random);
        assert_eq!(password.expose().len(), 256);
        assert!(password.expose().bytes().all(|byte| READABLE.contains(&byte)));
        assert_eq!(Secret::generate(SecretKind::Hex, &[0, 255]).expose(), "00ff");
        assert_eq!(Secret::generate(SecretKind::Base64, &[0, 255]).expose(), "AP8=");
    }
}
