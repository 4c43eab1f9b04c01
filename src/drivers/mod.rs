//! One folder per target: how a deployment is rendered, observed, planned and carried out there.

pub mod host;
