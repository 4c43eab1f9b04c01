//! Where the supervisor keeps its things.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::SupervisorError;
use super::spec::{UnitSpec, check_name};

/// What came of reading one unit file.
pub(super) type ReadUnit = Result<UnitSpec, SupervisorError>;

/// Knows every path in the supervisor's folder.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) dir: Utf8PathBuf,
}

impl Layout {
    pub(super) fn new(dir: &Utf8Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Makes the folders, readable by their owner only.
    pub(super) fn create(&self) -> Result<(), SupervisorError> {
        for folder in [self.dir.clone(), self.units(), self.run(), self.logs()] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .map_err(SupervisorError::file("create", &folder))?;
        }
        Ok(())
    }

    pub(super) fn units(&self) -> Utf8PathBuf {
        self.dir.join("units")
    }

    pub(super) fn unit(&self, name: &str) -> Utf8PathBuf {
        self.units().join(format!("{name}.yaml"))
    }

    pub(super) fn run(&self) -> Utf8PathBuf {
        self.dir.join("run")
    }

    pub(super) fn pid_file(&self, name: &str) -> Utf8PathBuf {
        self.run().join(format!("{name}.pid"))
    }

    fn logs(&self) -> Utf8PathBuf {
        self.dir.join("logs")
    }

    pub(super) fn log(&self, spec: &UnitSpec) -> Utf8PathBuf {
        spec.log
            .clone()
            .unwrap_or_else(|| self.logs().join(format!("{}.log", spec.name)))
    }

    pub(super) fn own_log(&self) -> Utf8PathBuf {
        self.dir.join("supervisor.log")
    }

    pub(super) fn lock(&self) -> Utf8PathBuf {
        self.dir.join("supervisor.lock")
    }

    pub(super) fn socket(&self) -> Utf8PathBuf {
        self.dir.join("control.sock")
    }

    fn enabled(&self) -> Utf8PathBuf {
        self.dir.join("enabled.json")
    }

    /// Calls `with` on an address of the socket that fits into the 108 bytes which the kernel allows.
    pub(super) fn with_socket<T>(
        &self,
        with: impl FnOnce(PathBuf) -> std::io::Result<T>,
    ) -> std::io::Result<T> {
        if self.socket().as_str().len() < 100 {
            return with(self.socket().into());
        }
        let folder = fs_err::File::open(&self.dir)?;
        with(PathBuf::from(format!(
            "/proc/self/fd/{}/control.sock",
            folder.as_raw_fd()
        )))
    }

    /// Reads every unit file; a bad one does not keep the others from being read.
    pub(super) fn read_units(&self) -> Result<Vec<(String, ReadUnit)>, SupervisorError> {
        let folder = self.units();
        let entries = folder
            .read_dir_utf8()
            .map_err(SupervisorError::file("list", &folder))?;
        let mut units = Vec::new();
        for entry in entries {
            let path = entry.map_err(SupervisorError::file("list", &folder))?.into_path();
            // Other names are editors' backups and our own half-written files.
            if path.extension() == Some("yaml")
                && let Some(name) = path.file_stem().filter(|name| check_name(name).is_ok())
            {
                units.push((name.to_owned(), UnitSpec::read(&path)));
            }
        }
        units.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(units)
    }

    /// Reads which units should be up.
    pub(super) fn read_enabled(&self) -> Result<BTreeSet<String>, SupervisorError> {
        let path = self.enabled();
        let text = match fs_err::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            text => text.map_err(SupervisorError::file("read", &path))?,
        };
        serde_json::from_str(&text).map_err(|error| SupervisorError::file("read", &path)(error.into()))
    }

    /// Writes down which units should be up.
    pub(super) fn write_enabled(&self, names: &BTreeSet<String>) -> Result<(), SupervisorError> {
        let text = names
            .iter()
            .map(|name| format!("{name:?}"))
            .collect::<Vec<_>>()
            .join(",\n  ");
        write_atomically(&self.enabled(), &format!("[\n  {text}\n]\n"), 0o600)
    }
}

/// Replaces a file in one step, on the disk when it returns.
pub(super) fn write_atomically(path: &Utf8Path, text: &str, mode: u32) -> Result<(), SupervisorError> {
    let folder = path.parent().unwrap_or(Utf8Path::new("/"));
    let half = folder.join(format!(".{}.new", path.file_name().unwrap_or("file")));
    let write = || {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&half)?;
        // An older half-written file keeps its own mode.
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs_err::rename(&half, path)?;
        fs_err::File::open(folder)?.sync_all()
    };
    write().map_err(SupervisorError::file("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_should_be_up_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(Utf8Path::from_path(folder.path()).unwrap());
        assert_eq!(layout.read_enabled().unwrap(), BTreeSet::new());
        for names in [vec![], vec!["web"], vec!["api", "web"]] {
            let names = names.into_iter().map(String::from).collect();
            layout.write_enabled(&names).unwrap();
            assert_eq!(layout.read_enabled().unwrap(), names);
        }
    }
}
