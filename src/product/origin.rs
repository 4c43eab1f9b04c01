//! Where layouts lie: in a release file relative to it, so that both move together; in memory absolute.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::{ImageOrigin, Release};

/// Makes relative layout folders absolute, as a release file in `folder` means them.
pub(super) fn make_absolute(release: &mut Release, folder: &Utf8Path) {
    for image in release.images.values_mut() {
        if let ImageOrigin::Layout(path) = &mut image.source {
            *path = whole(&folder.join(path.as_str())).into_string();
        }
    }
}

/// Makes layout folders that are relative to where we are relative to the release file's folder; absolute ones stay.
pub(super) fn make_relative(release: &mut Release, folder: &Utf8Path) {
    for image in release.images.values_mut() {
        if let ImageOrigin::Layout(path) = &mut image.source
            && Utf8Path::new(path).is_relative()
        {
            *path = between(&whole(folder), &whole(Utf8Path::new(path))).into_string();
        }
    }
}

/// Finds the whole path: as the file system knows it where it is there, else by its words.
fn whole(path: &Utf8Path) -> Utf8PathBuf {
    if let Ok(found) = path.canonicalize_utf8() {
        return found;
    }
    let absolute = std::path::absolute(path).ok();
    let absolute = absolute.and_then(|path| Utf8PathBuf::from_path_buf(path).ok());
    let mut folded = Utf8PathBuf::new();
    for piece in absolute.as_deref().unwrap_or(path).components() {
        match piece {
            Utf8Component::ParentDir => _ = folded.pop(),
            other => folded.push(other),
        }
    }
    folded
}

/// Finds the way from one absolute folder to another.
fn between(from: &Utf8Path, to: &Utf8Path) -> Utf8PathBuf {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| "..");
    let way: Utf8PathBuf = up.chain(to[shared..].iter().map(Utf8Component::as_str)).collect();
    if way.as_str().is_empty() { ".".into() } else { way }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_between_two_folders_goes_up_and_down() {
        let way = |from: &str, to: &str| between(from.into(), to.into()).into_string();
        assert_eq!(way("/a/b", "/a/c/d"), "../c/d");
        assert_eq!(way("/a", "/a/c"), "c");
        assert_eq!(way("/a", "/a"), ".");
        assert_eq!(whole("/no/such/../folder".into()), "/no/folder");
    }
}
