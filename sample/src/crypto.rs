//! Hashes, message authentication and randomness, as hexadecimal text.

use aws_lc_rs::{digest, hmac, rand};

/// Writes bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes bytes with SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Authenticates a message with HMAC-SHA-256.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message)
        .as_ref()
        .to_vec()
}

/// Draws random bytes from the system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system's random source is always there on Linux");
    bytes
}

/// Checks an authentication code written in hexadecimal, in constant time.
pub fn is_authentic(key: &[u8], message: &[u8], code: &str) -> bool {
    let expected = hex(&hmac_sha256(key, message));
    aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes()).is_ok()
}
