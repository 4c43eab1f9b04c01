//! Where products and their releases are found.

use std::borrow::Cow;

use camino::{Utf8Path, Utf8PathBuf};
use include_dir::{Dir, include_dir};

use super::{
    PRODUCT_SCHEMA, Product, ProductError, RELEASE_SCHEMA, Release, Releases, Version, check, origin,
};
use crate::document::{Document, Problems, nearest};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/products");

/// Finds products in folders, then among those built in; releases also in a data folder of the user's.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Folders that hold one folder per product, searched first.
    pub folders: Vec<Utf8PathBuf>,
    /// Where releases are added for a product that is built in: `<data>/releases/<product>/<version>.yaml`.
    pub data: Option<Utf8PathBuf>,
}

/// The files of a product's folder.
#[derive(Debug, Clone)]
pub enum ProductFiles {
    /// Built into this program.
    Embedded(&'static Dir<'static>),
    /// A folder on disk.
    Folder(Utf8PathBuf),
}

/// A product as found, checked as a whole.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The definition with the place of every key.
    pub document: Document<Product>,
    /// The product's other files.
    pub files: ProductFiles,
    /// Folders that may hold releases; the first is where one is added.
    release_folders: Vec<Utf8PathBuf>,
}

impl ProductFiles {
    /// Reads one of the product's text files.
    ///
    /// # Errors
    /// [`ProductError::Read`] when it is not there or is no text.
    pub fn read(&self, path: &str) -> Result<String, ProductError> {
        String::from_utf8(self.bytes(path)?.into_owned()).map_err(|error| ProductError::Read {
            path: path.into(),
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, error),
        })
    }

    /// Reads one of the product's files.
    ///
    /// # Errors
    /// [`ProductError::Read`] when it is not there.
    pub fn bytes(&self, path: &str) -> Result<Cow<'static, [u8]>, ProductError> {
        let fail = |path: Utf8PathBuf, source| ProductError::Read { path, source };
        match self {
            Self::Folder(folder) => {
                let path = folder.join(path);
                let bytes = fs_err::read(&path).map_err(|source| fail(path, source))?;
                Ok(bytes.into())
            }
            Self::Embedded(dir) => {
                let full = format!("{}/{path}", dir.path().display());
                let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, "no such built-in file");
                EMBEDDED
                    .get_file(&full)
                    .map(|file| file.contents().into())
                    .ok_or_else(|| fail(full.into(), missing()))
            }
        }
    }

    /// Says whether the product has a file.
    pub fn contains(&self, path: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.join(path).is_file(),
            Self::Embedded(dir) => EMBEDDED
                .get_file(format!("{}/{path}", dir.path().display()))
                .is_some(),
        }
    }
}

impl Catalog {
    /// Lists the names of all products, those in folders first to win.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = EMBEDDED
            .dirs()
            .filter(|dir| dir.get_file(dir.path().join("product.yaml")).is_some())
            .filter_map(|dir| Some(dir.path().file_name()?.to_str()?.to_owned()))
            .collect();
        for folder in &self.folders {
            let found = folder.read_dir_utf8().into_iter().flatten().flatten();
            names.extend(
                found
                    .filter(|entry| entry.path().join("product.yaml").is_file())
                    .map(|entry| entry.file_name().to_owned()),
            );
        }
        names.sort();
        names.dedup();
        names
    }

    /// Opens a product by its name, or by the path of its folder or definition.
    ///
    /// # Errors
    /// [`ProductError::UnknownProduct`], or what is wrong with the definition.
    pub fn open(&self, name: &str) -> Result<Entry, ProductError> {
        if name.contains('/') || name.ends_with(".yaml") || name == "." {
            let path = Utf8Path::new(name);
            let folder = if path.extension() == Some("yaml") {
                path.parent().unwrap_or(path)
            } else {
                path
            };
            return self.open_folder(folder);
        }
        for folder in &self.folders {
            let folder = folder.join(name);
            if folder.join("product.yaml").is_file() {
                return self.open_folder(&folder);
            }
        }
        match EMBEDDED
            .get_dir(name)
            .filter(|dir| dir.get_file(dir.path().join("product.yaml")).is_some())
        {
            Some(dir) => {
                let folders = self
                    .data
                    .iter()
                    .map(|data| data.join("releases").join(name))
                    .collect();
                Entry::load(
                    &format!("{name}/product.yaml"),
                    ProductFiles::Embedded(dir),
                    folders,
                )
            }
            None => {
                let names = self.names();
                let nearest = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
                Err(ProductError::UnknownProduct {
                    name: name.to_owned(),
                    known: names.join(", "),
                    nearest,
                })
            }
        }
    }

    fn open_folder(&self, folder: &Utf8Path) -> Result<Entry, ProductError> {
        let file = folder.join("product.yaml");
        let mut entry = Entry::load(
            file.as_str(),
            ProductFiles::Folder(folder.to_owned()),
            vec![folder.join("releases")],
        )?;
        let name = &entry.document.content.name;
        entry
            .release_folders
            .extend(self.data.iter().map(|data| data.join("releases").join(name)));
        Ok(entry)
    }
}

impl Entry {
    fn load(
        file: &str,
        files: ProductFiles,
        release_folders: Vec<Utf8PathBuf>,
    ) -> Result<Self, ProductError> {
        let bytes = files.bytes("product.yaml")?;
        let invalid = |problems| ProductError::Invalid {
            what: format!("the product definition {file}"),
            problems,
        };
        let document = Document::<Product>::read(file, &bytes, PRODUCT_SCHEMA).map_err(invalid)?;
        Problems::check(check(&document, &files)).map_err(invalid)?;
        Ok(Self {
            document,
            files,
            release_folders,
        })
    }

    /// Returns the definition.
    pub fn product(&self) -> &Product {
        &self.document.content
    }

    /// Reads every release, by version.
    ///
    /// # Errors
    /// [`ProductError::Invalid`] for a release that is wrong in itself, [`ProductError::Read`] for one unreadable.
    pub fn releases(&self) -> Result<Releases, ProductError> {
        let mut releases = Releases::new();
        for folder in self.release_folders.iter().rev() {
            for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
                if entry.path().extension() == Some("yaml") {
                    let release = self.read_release(entry.path())?;
                    releases.insert(release.version.clone(), (release, entry.path().to_owned()));
                }
            }
        }
        Ok(releases)
    }

    /// Finds a release, the newest when none is named.
    ///
    /// # Errors
    /// [`ProductError::NoRelease`] or [`ProductError::UnknownRelease`], with what there is.
    pub fn release(&self, version: Option<&Version>) -> Result<(Release, Utf8PathBuf), ProductError> {
        let mut releases = self.releases()?;
        if releases.is_empty() {
            return Err(ProductError::NoRelease {
                product: self.product().name.clone(),
            });
        }
        let known = || {
            releases
                .keys()
                .map(Version::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        };
        match version {
            None => Ok(releases.pop_last().expect("it is not empty").1),
            Some(version) if !releases.contains_key(version) => Err(ProductError::UnknownRelease {
                product: self.product().name.clone(),
                version: version.clone(),
                known: known(),
            }),
            Some(version) => Ok(releases.remove(version).expect("it is there")),
        }
    }

    /// Returns where a release of a version is kept when it is added.
    pub fn release_path(&self, version: &Version) -> Option<Utf8PathBuf> {
        Some(self.release_folders.first()?.join(format!("{version}.yaml")))
    }

    fn read_release(&self, path: &Utf8Path) -> Result<Release, ProductError> {
        let bytes = fs_err::read(path).map_err(|source| ProductError::Read {
            path: path.to_owned(),
            source,
        })?;
        let invalid = |problems| ProductError::Invalid {
            what: format!("the release {path}"),
            problems,
        };
        let mut document =
            Document::<Release>::read(path.as_str(), &bytes, RELEASE_SCHEMA).map_err(invalid)?;
        origin::make_absolute(&mut document.content, path.parent().unwrap_or(path));
        let release = &document.content;
        let mut problems = Vec::new();
        if release.product != self.product().name {
            let message = format!(
                "this is a release of `{}`, not of `{}`",
                release.product,
                self.product().name
            );
            problems.push(document.problem("product", message));
        }
        if let Some(reach) = release
            .reachable_from
            .as_ref()
            .filter(|reach| **reach >= release.version)
        {
            let message = format!("expected a version before {}, not {reach}", release.version);
            problems.push(document.problem("reachable_from", message));
        }
        let (components, services) = (&self.product().components, &self.product().services);
        let strange = |name: &&String| !components.contains_key(*name) && !services.contains_key(*name);
        for name in release.images.keys().filter(strange) {
            let path = format!("images.{name}");
            let known = components.keys().chain(services.keys()).map(String::as_str);
            let problem = document.problem(&path, "the product has no such component or service");
            problems.push(problem.nearest(name, known));
        }
        Problems::check(problems).map_err(invalid)?;
        Ok(document.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_product_is_sound() {
        let catalog = Catalog::default();
        assert!(catalog.names().len() >= 4);
        for name in catalog.names() {
            let entry = catalog
                .open(&name)
                .unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!(entry.product().name, name);
        }
    }
}
