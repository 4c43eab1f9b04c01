//! Folders, the installation's user, and its copy of Landfall.

use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};

use camino::{Utf8Path, Utf8PathBuf};

use super::super::error::HostError;
use crate::drivers::World;
use crate::tools::{Account, ToolError, Useradd, find_program};

/// Makes the user, where it is missing and Landfall may.
pub(super) async fn ensure_user(
    world: &World,
    user: &str,
    home: &Utf8Path,
) -> Result<Option<Account>, HostError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let tool = |source: ToolError| HostError::Tool {
        doing: format!("make the user `{user}`"),
        source: Box::new(source),
    };
    let program = find_program("useradd", &world.path).map_err(tool)?;
    let account = Useradd::new(program, world.environment.clone())
        .ensure(user, home, Utf8Path::new("/"), &world.cancel)
        .await
        .map_err(tool)?;
    if account.uid == 0 {
        let because = format!("the user `{user}` is root by another name");
        return Err(HostError::Strange {
            path: home.to_owned(),
            because,
        });
    }
    Ok(Some(account))
}

/// Makes folders that are missing and returns those that it made.
pub(super) fn make(folders: &[Utf8PathBuf], owner: Option<&Account>) -> Result<Vec<Utf8PathBuf>, HostError> {
    let mut made = Vec::new();
    let root = folders.first().cloned().unwrap_or_default();
    let hand_over = |folder: &Utf8Path| match owner {
        Some(_) if is_installers(&root, folder) => reclaim(folder),
        owner => give(folder, owner),
    };
    for folder in folders {
        let missing: Vec<&Utf8Path> = folder
            .ancestors()
            .take_while(|path| !path.as_str().is_empty() && !path.exists())
            .collect();
        for path in missing.into_iter().rev() {
            // Only what is the installation's own is private: a parent such as /opt/vendor must stay passable.
            let own = folders.iter().any(|own| own == path);
            let mode = if own { mode_of(path) } else { 0o755 };
            match std::fs::DirBuilder::new().mode(mode).create(path) {
                Ok(()) => {}
                // Another step, side by side with this one, was quicker.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(HostError::file("make the folder", path)(error)),
            }
            made.push(path.to_owned());
            if own {
                hand_over(path)?;
            }
        }
        let found = fs_err::symlink_metadata(folder).map_err(HostError::file("look at", folder))?;
        if !found.is_dir() {
            let because = "something else is in its place".to_owned();
            return Err(HostError::Strange {
                path: folder.clone(),
                because,
            });
        }
        hand_over(folder)?;
    }
    Ok(made)
}

/// Says how private a folder of the installation is.
pub(in crate::drivers::host) fn mode_of(path: &Utf8Path) -> u32 {
    match path.file_name() {
        Some("secrets" | "run" | "supervisor") => 0o700,
        Some("data") => 0o711,
        _ => 0o755,
    }
}

/// Says whether a folder belongs to whoever installs, and not to the services' user.
///
/// What root runs or obeys lies in these: programs, units, configuration, the links to them, and the logs that the
/// supervisor writes. A service that was broken into must not be able to change any of it.
pub(in crate::drivers::host) fn is_installers(root: &Utf8Path, folder: &Utf8Path) -> bool {
    let Ok(below) = folder.strip_prefix(root) else {
        return false;
    };
    let names: Vec<&str> = below.components().map(|piece| piece.as_str()).collect();
    matches!(
        names.as_slice(),
        [] | ["bin" | "config" | "data" | "logs" | "releases" | "supervisor"]
            | ["releases", _]
            | ["supervisor", "units"]
    )
}

/// Takes a folder back from the services' user, to whom an earlier version had given it.
fn reclaim(folder: &Utf8Path) -> Result<(), HostError> {
    let found = fs_err::symlink_metadata(folder).map_err(HostError::file("look at", folder))?;
    if (found.uid(), found.gid()) == ROOT {
        return Ok(());
    }
    own(folder, ROOT)?;
    let mode = std::fs::Permissions::from_mode(mode_of(folder));
    fs_err::set_permissions(folder, mode).map_err(HostError::file("change the mode of", folder))
}

/// The owner of what belongs to whoever installs, where that is root.
const ROOT: (u32, u32) = (0, 0);

/// Gives a file or folder to the services' user.
pub(super) fn give(path: &Utf8Path, owner: Option<&Account>) -> Result<(), HostError> {
    owner.map_or(Ok(()), |owner| own(path, (owner.uid, owner.gid)))
}

fn own(path: &Utf8Path, (uid, gid): (u32, u32)) -> Result<(), HostError> {
    let found = fs_err::symlink_metadata(path).map_err(HostError::file("look at", path))?;
    if (found.uid(), found.gid()) == (uid, gid) {
        return Ok(());
    }
    chown(path, Some(uid), Some(gid)).map_err(HostError::file("change the owner of", path))
}

/// Removes the folders that are empty, children first.
pub(super) fn remove_empty(folders: &[Utf8PathBuf]) {
    for folder in folders.iter().rev() {
        // A folder that is not empty holds what somebody needs; it stays.
        let _ = fs_err::remove_dir(folder);
    }
}

/// Removes folders and files with everything in them.
pub(super) fn remove(paths: &[Utf8PathBuf]) -> Result<(), HostError> {
    for path in paths {
        let found = match fs_err::symlink_metadata(path) {
            Ok(found) => found,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(HostError::file("look at", path)(error)),
        };
        let removed = if found.is_dir() {
            fs_err::remove_dir_all(path)
        } else {
            fs_err::remove_file(path)
        };
        removed.map_err(HostError::file("remove", path))?;
    }
    Ok(())
}

/// Removes a file so that a power cut does not bring it back.
pub(super) fn remove_durably(path: &Utf8Path) -> Result<(), HostError> {
    remove(&[path.to_owned()])?;
    let folder = path.parent().unwrap_or(Utf8Path::new("/"));
    fs_err::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(HostError::file("bring to the disk", folder))
}

/// Writes a file so that it is either the old or the new one, never half of one.
pub(super) fn write_whole(
    path: &Utf8Path,
    bytes: &[u8],
    mode: u32,
    owner: Option<&Account>,
) -> Result<(), HostError> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(Utf8Path::new("/"));
    let temporary = folder.join(format!(".{}.landfall-new", path.file_name().unwrap_or("file")));
    let write = || -> std::io::Result<()> {
        fs_err::create_dir_all(folder)?;
        let _ = fs_err::remove_file(&temporary);
        let mut options = fs_err::OpenOptions::new();
        fs_err::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        let mut file = options.write(true).create_new(true).open(&temporary)?;
        // The mode of creation is narrowed by the umask; these bits are meant.
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(HostError::file("write", path))?;
    give(&temporary, owner)?;
    fs_err::rename(&temporary, path).map_err(HostError::file("write", path))
}

/// Places this program in the installation, which needs it after whoever installed it is gone.
pub(super) fn install_tool(program: &Utf8Path, to: &Utf8Path, version: &str) -> Result<(), HostError> {
    let bytes = fs_err::read(program).map_err(HostError::file("read", program))?;
    write_whole(to, &bytes, 0o755, None)?;
    let digest = crate::oci::Digest::of(&bytes).to_string();
    write_whole(&tool_digest(to), digest.as_bytes(), 0o644, None)?;
    write_whole(&tool_version(to), version.as_bytes(), 0o644, None)
}

/// Returns the file beside the copy of Landfall that tells its version.
pub(in crate::drivers::host) fn tool_version(tool: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{tool}.version"))
}

/// Returns the file beside the copy of Landfall that tells its digest.
pub(in crate::drivers::host) fn tool_digest(tool: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{tool}.sha256"))
}

/// Makes a link lead elsewhere, in one step.
pub(super) fn switch(link: &Utf8Path, to: &Utf8Path) -> Result<(), HostError> {
    let temporary = Utf8PathBuf::from(format!("{link}.landfall-new"));
    let _ = fs_err::remove_file(&temporary);
    fs_err::os::unix::fs::symlink(to, &temporary).map_err(HostError::file("link", link))?;
    fs_err::rename(&temporary, link).map_err(HostError::file("link", link))
}
