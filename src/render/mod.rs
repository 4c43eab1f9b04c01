//! The rendered files, complete on their own: a customer may commit them and never run Landfall again.
//!
//! Drivers fill [`Artifacts`] with the help of [`Templates`]; nothing is written here but by [`Artifacts::write`].
//! Must stay pure otherwise: the same deployment gives the same bytes.

mod artifact;
mod error;
mod templates;

pub use artifact::{Artifact, Artifacts, Change};
pub use error::RenderError;
pub use templates::Templates;
