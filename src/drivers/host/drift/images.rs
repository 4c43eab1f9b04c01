//! Unpacked images: the right ones, with the content they were unpacked with.

use camino::{Utf8Path, Utf8PathBuf};

use super::super::error::HostError;
use super::super::perform::unpacked;
use super::{Look, UP};
use crate::oci::{Digest, TreeChange, changes};
use crate::status::Class;

/// How many files of one image are named; the rest is counted.
const NAMED: usize = 10;

impl Look<'_> {
    pub(super) async fn images(&mut self) -> Result<(), HostError> {
        let components = &self.installed.part.components;
        for component in components {
            let folder = self.layout.image(&component.name);
            match unpacked(&folder) {
                None => self.dangerous(folder, "is gone, or does not say which image it is", Some(UP)),
                Some(found) if found != component.image.digest => {
                    let what = wrong(found, component.image.digest);
                    self.dangerous(folder, what, Some(UP));
                }
                Some(_) => self.tree(&component.name, &folder).await?,
            }
        }
        Ok(())
    }

    async fn tree(&mut self, component: &str, folder: &Utf8Path) -> Result<(), HostError> {
        let (tree, deep) = (folder.to_owned(), self.asked.deep);
        let compared = tokio::task::spawn_blocking(move || changes(&tree, deep))
            .await
            .map_err(|error| HostError::file("compare", folder)(std::io::Error::other(error)))?
            .map_err(|source| HostError::Image {
                component: component.to_owned(),
                source: Box::new(source),
            })?;
        let Some(changed) = compared else {
            let note = format!("{folder}: unpacked by an older version, so its files were not compared");
            self.report.notes.push(note);
            return Ok(());
        };
        let count = changed.len();
        for (path, change) in changed.into_iter().take(NAMED) {
            let (class, what) = told(change);
            let next = (class == Class::Dangerous && change != TreeChange::NewProgram)
                .then(|| format!("rm -r {folder} && landfall up"));
            self.found(class, folder.join(path), what, next.as_deref());
        }
        if count > NAMED {
            let what = format!("holds {} more files that differ", count - NAMED);
            self.dangerous(Utf8PathBuf::from(folder), what, None);
        }
        Ok(())
    }
}

fn wrong(found: Digest, planned: Digest) -> String {
    format!("is image {}, not {}", found.short(), planned.short())
}

fn told(change: TreeChange) -> (Class, &'static str) {
    match change {
        TreeChange::Content => (Class::Dangerous, "is not what the image holds"),
        TreeChange::Mode => (Class::Dangerous, "has another mode than in the image"),
        TreeChange::Gone => (Class::Dangerous, "is in the image, and gone here"),
        TreeChange::NewProgram => (Class::Dangerous, "is a program that is not in the image"),
        TreeChange::New => (Class::Yours, "is not in the image"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_and_no_program_is_harmless() {
        for change in [
            TreeChange::Content,
            TreeChange::Mode,
            TreeChange::Gone,
            TreeChange::NewProgram,
        ] {
            assert_eq!(told(change).0, Class::Dangerous, "{change:?}");
        }
        assert_eq!(told(TreeChange::New).0, Class::Yours);
    }
}
