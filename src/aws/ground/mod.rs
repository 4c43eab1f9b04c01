//! What an account has, and what it may have: read before anything is made there.

mod certificates;
mod limits;
mod names;
mod network;
mod simulate;
mod tagged;
#[cfg(test)]
mod tests;

pub use certificates::{CertificateSeen, ZoneSeen};
pub use names::BucketSeen;
pub use network::{NetworkSeen, RouteSeen, SubnetSeen};
pub use simulate::{Decision, Denied, Question};
pub use tagged::Tagged;
