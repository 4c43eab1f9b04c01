//! Reads, judges and issues the signed licenses of products.
//!
//! A license is a JSON Web Token (RFC 7519) that a vendor signed. Products differ in which claims they write and in
//! what they do when one ends; a [`Policy`] in the product definition says so, and [`check`] judges a token against
//! it. Nothing here asks a network, reads the clock, or needs a product to be running.

mod check;
mod claims;
mod error;
mod issue;
mod period;
mod policy;
#[cfg(test)]
mod tests;

pub use check::{Finding, Given, Report, Signature, Verdict, check};
pub use claims::License;
pub use error::LicenseError;
pub use issue::issue;
pub use period::Period;
pub use policy::{
    Algorithm, CheckTime, ClaimNames, Policy, Renewal, RenewalEndpoint, RenewalMethod, RequiredClaim,
};
