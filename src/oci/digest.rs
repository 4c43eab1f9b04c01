//! Names content by its SHA-256, and checks that content deserves its name.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::error::OciError;

/// Names a piece of content by its SHA-256, written `sha256:<64 lower-case hex digits>`.
///
/// Other algorithms of the OCI image-spec 1.1 (`descriptor.md`, "Digests") are refused: every common tool writes
/// SHA-256, and one algorithm keeps digests comparable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Computes the digest of bytes in memory.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes.as_ref()).into())
    }

    /// Returns the 64 hex digits, without the algorithm.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Returns the first 12 hex digits, for people.
    ///
    /// Must not be used to find content again.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = OciError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || OciError::ParseDigest {
            text: text.to_owned(),
        };
        let digits = text.strip_prefix("sha256:").ok_or_else(refused)?;
        // `hex` would take upper case, which the spec does not, and which would give one content two names.
        if digits.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(refused());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| refused())?;
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Digest {
    fn schema_name() -> Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Names content by its SHA-256",
            "pattern": "^sha256:[0-9a-f]{64}$",
        })
    }
}

/// Computes a digest and a length piece by piece.
#[derive(Clone, Default)]
pub struct Hasher {
    state: Sha256,
    length: u64,
}

impl Hasher {
    /// Starts with nothing hashed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.state.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// Returns how many bytes were added.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Returns the digest of everything that was added.
    pub fn finish(self) -> Digest {
        Digest(self.state.finalize().into())
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Passes content through, and fails at its end unless size and digest are as promised.
///
/// What was read before the end is not yet checked: a user must read to the end before trusting any of it. The
/// [`io::Error`] carries an [`OciError`].
pub struct VerifyingReader<R> {
    inner: R,
    name: String,
    expected: Digest,
    size: Option<u64>,
    hasher: Option<Hasher>,
}

impl<R: Read> VerifyingReader<R> {
    /// Wraps a reader; `name` is what errors call the content, `size` is checked when known.
    pub fn new(inner: R, name: impl Into<String>, expected: Digest, size: Option<u64>) -> Self {
        Self {
            inner,
            name: name.into(),
            expected,
            size,
            hasher: Some(Hasher::new()),
        }
    }

    /// Reads what is left and throws it away, which checks it.
    ///
    /// # Errors
    ///
    /// Those of reading, and a difference in size or digest.
    pub fn drain(&mut self) -> io::Result<()> {
        io::copy(self, &mut io::sink()).map(drop)
    }

    fn wrong_size(&self, found: u64) -> io::Error {
        invalid(OciError::BlobSize {
            blob: self.name.clone(),
            expected: self.size.unwrap_or_default(),
            found,
        })
    }

    fn check(&self, hasher: Hasher) -> io::Result<()> {
        let length = hasher.length();
        if self.size.is_some_and(|size| size != length) {
            return Err(self.wrong_size(length));
        }
        let found = hasher.finish();
        if found == self.expected {
            return Ok(());
        }
        Err(invalid(OciError::BlobDigest {
            blob: self.name.clone(),
            expected: self.expected,
            found,
        }))
    }
}

impl<R: Read> Read for VerifyingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.inner.read(buffer)?;
        if count == 0 {
            // Taken, so that reading on after the end stays a plain end.
            return self
                .hasher
                .take()
                .map_or(Ok(0), |hasher| self.check(hasher).map(|()| 0));
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..count]);
            let length = hasher.length();
            if self.size.is_some_and(|size| length > size) {
                return Err(self.wrong_size(length));
            }
        }
        Ok(count)
    }
}

fn invalid(error: OciError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn text_and_json_round_trip() {
        let digest: Digest = EMPTY.parse().unwrap();
        assert_eq!(digest, Digest::of(b""));
        assert_eq!(digest.to_string(), EMPTY);
        assert_eq!(digest.short(), "e3b0c44298fc");
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "sha256:",
            "sha512:00",
            &EMPTY.to_uppercase(),
            &EMPTY[..70],
            &EMPTY.replace("e3", "E3"),
        ] {
            let error = text.parse::<Digest>().unwrap_err();
            assert!(matches!(error, OciError::ParseDigest { .. }), "{text}: {error}");
        }
    }

    #[test]
    fn a_reader_passes_what_fits_and_refuses_the_rest() {
        let good = Digest::of(b"hello");
        let read = |bytes: &'static [u8], size| {
            VerifyingReader::new(bytes, "x", good, size)
                .drain()
                .map_err(|e| e.downcast::<OciError>().unwrap())
        };
        assert!(read(b"hello", Some(5)).is_ok());
        assert!(read(b"hello", None).is_ok());
        assert!(matches!(
            read(b"jello", Some(5)),
            Err(OciError::BlobDigest { .. })
        ));
        assert!(matches!(
            read(b"hell", Some(5)),
            Err(OciError::BlobSize { found: 4, .. })
        ));
        assert!(matches!(
            read(b"hello world", Some(5)),
            Err(OciError::BlobSize { .. })
        ));
    }
}
