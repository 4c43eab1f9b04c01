//! Finds an image's program in its unpacked tree.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::error::OciError;
use super::tree::Tree;

/// Lists where a bare name is looked for, when an image names no `PATH`: the default of every container runtime.
const SEARCH: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// Finds a program by the path an image gives it, or by a bare name.
///
/// Links are followed within the tree, as a container would see them; the answer has none left in it below `root`.
///
/// # Errors
///
/// When nothing is there, with the name that comes nearest; when it is no executable file.
pub fn resolve_binary(root: &Utf8Path, path: &str) -> Result<Utf8PathBuf, OciError> {
    let tree = Tree::new(root.as_std_path());
    let candidates = if path.contains('/') {
        vec![Utf8PathBuf::from(path)]
    } else {
        SEARCH
            .iter()
            .map(|folder| Utf8Path::new(folder).join(path))
            .collect()
    };
    let found = candidates
        .iter()
        .find_map(|candidate| tree.find(candidate.as_std_path()).ok());
    let found = found.and_then(|found| Utf8PathBuf::from_path_buf(found).ok());
    let missing = || OciError::BinaryMissing {
        root: root.to_owned(),
        path: path.to_owned(),
        nearest: nearest(&tree, &candidates),
    };
    let found = found.ok_or_else(missing)?;
    let executable =
        fs::metadata(&found).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    if executable {
        Ok(found)
    } else {
        Err(OciError::BinaryNotExecutable { path: found })
    }
}

/// Finds the name most like the first wrong part of a path.
fn nearest(tree: &Tree, candidates: &[Utf8PathBuf]) -> Option<String> {
    let mut best: Option<(f64, String)> = None;
    for candidate in candidates {
        // The deepest folder that exists; the name after it is the wrong one.
        let Some((folder, wrong)) = candidate.ancestors().find_map(|at| {
            let folder = at.parent()?;
            let real = tree.find(folder.as_std_path()).ok()?;
            Some(((folder, real), at.file_name()?))
        }) else {
            continue;
        };
        for name in names(&folder.1).unwrap_or_default() {
            let likeness = strsim::jaro_winkler(&name, wrong);
            if best.as_ref().is_none_or(|(so_far, _)| likeness > *so_far) {
                best = Some((likeness, folder.0.join(name).into_string()));
            }
        }
    }
    best.map(|(_, name)| name)
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for child in fs::read_dir(folder)? {
        names.extend(child?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, Utf8PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(dir.path().to_owned()).unwrap();
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        for name in ["server", "agent"] {
            fs::write(root.join("usr/bin").join(name), "x").unwrap();
            fs::set_permissions(
                root.join("usr/bin").join(name),
                std::fs::Permissions::from_mode(0o755),
            )
            .unwrap();
        }
        std::os::unix::fs::symlink("/usr/bin", root.join("bin")).unwrap();
        fs::write(root.join("usr/bin/notes.txt"), "x").unwrap();
        (dir, root)
    }

    #[test]
    fn a_path_and_a_bare_name_lead_to_the_file() {
        let (_dir, root) = tree();
        for path in ["/bin/server", "server", "/usr/bin/server"] {
            assert_eq!(
                resolve_binary(&root, path).unwrap(),
                root.join("usr/bin/server"),
                "{path}"
            );
        }
    }

    #[test]
    fn a_wrong_name_is_told_with_the_nearest() {
        let (_dir, root) = tree();
        let near = |path: &str| match resolve_binary(&root, path).unwrap_err() {
            OciError::BinaryMissing { nearest, .. } => nearest.unwrap(),
            other => panic!("{other}"),
        };
        assert_eq!(near("/usr/bin/servre"), "/usr/bin/server");
        assert_eq!(near("agnet"), "/usr/bin/agent");
        assert_eq!(near("/ussr/bin/server"), "/usr");
        let error = resolve_binary(&root, "/usr/bin/notes.txt").unwrap_err();
        assert!(matches!(error, OciError::BinaryNotExecutable { .. }));
    }
}
