//! OCI content.
mod digest;
mod error;
pub use digest::Digest;
pub use error::OciError;
