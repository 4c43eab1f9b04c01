//! A first definition for a vendor to start from.

use camino::{Utf8Path, Utf8PathBuf};

use super::ProductError;

const DEFINITION: &str = include_str!("../../templates/product/product.yaml");

/// Writes a small complete definition for a new product into `<folder>/<name>/` and returns the file.
///
/// # Errors
/// [`ProductError::Exists`] when there is a definition, [`ProductError::Write`] when it cannot be written.
pub fn scaffold(folder: &Utf8Path, name: &str) -> Result<Utf8PathBuf, ProductError> {
    let path = folder.join(name).join("product.yaml");
    if path.exists() {
        return Err(ProductError::Exists { path });
    }
    let write = |source| ProductError::Write {
        path: path.clone(),
        source,
    };
    fs_err::create_dir_all(folder.join(name)).map_err(write)?;
    fs_err::write(&path, DEFINITION.replace("example-product", name)).map_err(write)?;
    Ok(path)
}
