//! Finds paths inside a folder as if it were the root of the file system.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};

use fs_err as fs;

/// Bounds links that are followed for one path, as Linux does.
const LINK_LIMIT: usize = 40;

/// Says that a name leads outside the tree; travels inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("name leads outside the tree")]
pub(super) struct Escape;

impl Escape {
    pub(super) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

/// Walks a tree without ever leaving it.
///
/// Symbolic links are followed as inside a `chroot`: an absolute target starts at the tree's root, and `..` stops
/// there. The walk looks before each step, so it is safe only while nobody else changes the tree.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    root: PathBuf,
}

impl Tree {
    pub(super) fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Finds a path, following all links in it, the last one too.
    pub(super) fn find(&self, path: &Path) -> io::Result<PathBuf> {
        self.walk(path, false)
    }

    /// Finds a path whose last name may not exist yet and is not followed; links before it are.
    pub(super) fn place(&self, path: &Path, create: bool) -> io::Result<PathBuf> {
        let name = path.file_name().ok_or(io::Error::other(Escape))?;
        Ok(self
            .walk(path.parent().unwrap_or(Path::new("")), create)?
            .join(name))
    }

    fn walk(&self, path: &Path, create: bool) -> io::Result<PathBuf> {
        let mut at = self.root.clone();
        let mut ahead = steps(path);
        let mut links = 0;
        while let Some(step) = ahead.pop_front() {
            if step == ".." {
                if at != self.root {
                    at.pop();
                }
                continue;
            }
            let next = at.join(&step);
            match fs::symlink_metadata(&next) {
                Ok(found) if found.is_symlink() => {
                    links += 1;
                    if links > LINK_LIMIT {
                        return Err(rustix::io::Errno::LOOP.into());
                    }
                    let target = fs::read_link(&next)?;
                    if target.is_absolute() {
                        at.clone_from(&self.root);
                    }
                    for step in steps(&target).into_iter().rev() {
                        ahead.push_front(step);
                    }
                }
                Ok(_) => at = next,
                Err(e) if create && e.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir(&next)?;
                    at = next;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(at)
    }
}

/// Reads the name of an archive's entry as a path below the root; refuses `..`.
///
/// A leading slash is dropped, as `tar` does.
pub(super) fn relative(path: &Path) -> io::Result<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(io::Error::other(Escape)),
        }
    }
    Ok(clean)
}

/// Removes whatever lies at a path; that nothing lies there is fine.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let gone = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    gone.or_else(|e| {
        if e.kind() == io::ErrorKind::NotFound {
            Ok(())
        } else {
            Err(e)
        }
    })
}

fn steps(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsStr::new("..").to_owned()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_within_the_root() {
        let dir = tempfile::tempdir().unwrap();
        let tree = Tree::new(dir.path());
        fs::create_dir_all(dir.path().join("usr/bin")).unwrap();
        fs::write(dir.path().join("usr/bin/app"), "x").unwrap();
        symlink("/usr/bin", dir.path().join("bin")).unwrap();
        symlink("../../../../../usr/bin/app", dir.path().join("usr/app")).unwrap();
        symlink("loop", dir.path().join("loop")).unwrap();
        let app = dir.path().join("usr/bin/app");
        for path in ["/bin/app", "bin/../bin/app", "../../bin/app", "usr/app"] {
            assert_eq!(tree.find(Path::new(path)).unwrap(), app, "{path}");
        }
        let error = tree.find(Path::new("loop")).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::LOOP.raw_os_error()));
        assert_eq!(
            tree.find(Path::new("bin/none")).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        assert_eq!(
            tree.place(Path::new("bin/new"), false).unwrap(),
            dir.path().join("usr/bin/new")
        );
    }

    #[test]
    fn entry_names_may_not_leave() {
        assert_eq!(relative(Path::new("/./etc//x")).unwrap(), Path::new("etc/x"));
        for path in ["..", "../x", "a/../../x", "/../x"] {
            assert!(relative(Path::new(path)).is_err(), "{path}");
        }
    }
}
