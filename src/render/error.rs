//! Why artifacts cannot be rendered or written.

use camino::Utf8PathBuf;

/// Says why artifacts cannot be rendered or written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// One of Landfall's own templates fails.
    #[error("could not render the template {template}: {message}")]
    Template {
        /// The template's name.
        template: String,
        /// What the engine says.
        message: String,
    },
    /// The target cannot be rendered by this version.
    #[error("the target `{target}` cannot be rendered by this version of landfall")]
    Target {
        /// The target.
        target: String,
    },
    /// An option of the target is not usable.
    #[error("the options of part `{part}` cannot be used: {message}")]
    Options {
        /// The part.
        part: String,
        /// What is wrong.
        message: String,
    },
    /// A file could not be read.
    #[error("could not read {path}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("could not write {path}")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
