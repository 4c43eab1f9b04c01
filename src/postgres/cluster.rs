//! A data directory and the server on it.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::PostgresError;
use super::programs::Programs;
use crate::secret::Secret;
use crate::supervisor::end_carrying;
#[cfg(test)]
use crate::supervisor::{Limits, Stop, UnitSpec};
#[cfg(test)]
use crate::tools::StopSignal;
use crate::tools::{Account, CancelToken, Invocation};

/// The file that says a data directory was made to its end.
const MARKER: &str = "landfall.complete";

/// The variable by which what an earlier try left at work is found; its value is the data directory.
const AT_WORK: &str = "LANDFALL_DATABASE";

/// Says whether a data directory was made to its end.
#[must_use]
pub fn is_complete(data: &Utf8Path) -> bool {
    data.join(MARKER).exists() && data.join("PG_VERSION").exists()
}

/// Ends what a try at [`Cluster::initialize`] that was cut off left at work.
pub async fn end_initialization(data: &Utf8Path) {
    end_carrying(AT_WORK, data.as_str()).await;
}

/// Names a data directory with the programs and the account that serve it.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// PostgreSQL's programs.
    pub programs: Programs,
    /// The data directory, an absolute path.
    pub data: Utf8PathBuf,
    /// The account the server runs as; needed by root, whom PostgreSQL refuses.
    pub account: Option<Account>,
}

/// Tells what [`Cluster::initialize`] found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Initialized {
    /// A complete data directory was there.
    Found,
    /// It was made.
    Made {
        /// Where something half-made was moved to, if there was such.
        moved_aside: Option<Utf8PathBuf>,
    },
}

impl Cluster {
    /// Makes the data directory with one superuser, unless it is complete already.
    ///
    /// Passwords are checked by SCRAM, pages carry checksums, the encoding is UTF-8. Something half-made is moved
    /// aside under a name that says so, and never deleted.
    pub async fn initialize(
        &self,
        superuser: &str,
        password: &Secret,
        locale: &str,
        cancel: &CancelToken,
    ) -> Result<Initialized, PostgresError> {
        if self.is_complete()? {
            return Ok(Initialized::Found);
        }
        // Whoever made it before and was killed may have left its initdb at work in this very place.
        end_initialization(&self.data).await;
        let moved_aside = self.move_aside()?;
        self.make_folder(&self.data)?;
        let password_file = self.sibling("password");
        let made = match self.write_own(&password_file, password.expose(), 0o600) {
            Ok(()) => self.initdb(superuser, &password_file, locale, cancel).await,
            Err(error) => Err(error),
        };
        // Whatever came of it, the password must not stay.
        let removed = fs_err::remove_file(&password_file);
        made?;
        removed.map_err(PostgresError::file("remove", &password_file))?;
        self.write_own(&self.data.join(MARKER), "made by landfall, to its end\n", 0o600)?;
        Ok(Initialized::Made { moved_aside })
    }

    /// Describes the server as a unit, for tests; the product's own is a rendered artifact.
    #[cfg(test)]
    pub(super) fn unit(&self, name: &str) -> UnitSpec {
        let exec = [
            self.programs.program("postgres").as_str(),
            "-D",
            self.data.as_str(),
        ]
        .map(String::from);
        UnitSpec {
            user: self.account.as_ref().map(|account| account.name.clone()),
            working_directory: Some(self.data.clone()),
            // Fast shutdown: it ends sessions instead of waiting for them. Writing everything out takes its time.
            stop: Stop {
                signal: StopSignal::Interrupt,
                grace_seconds: 120,
            },
            limits: Limits {
                open_files: Some(16_384),
            },
            ..UnitSpec::new(name, exec.to_vec())
        }
    }

    fn is_complete(&self) -> Result<bool, PostgresError> {
        if !self.data.join(MARKER).exists() {
            return Ok(false);
        }
        let path = self.data.join("PG_VERSION");
        let data = match fs_err::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            data => data
                .map_err(PostgresError::file("read", &path))?
                .trim()
                .to_owned(),
        };
        if data == self.programs.version.major.to_string() {
            return Ok(true);
        }
        let programs = self.programs.version.clone();
        Err(PostgresError::OtherVersion {
            path: self.data.clone(),
            data,
            programs,
        })
    }

    /// Moves what is in the way to the first free name; an empty folder is not in the way.
    fn move_aside(&self) -> Result<Option<Utf8PathBuf>, PostgresError> {
        let empty = match self.data.read_dir_utf8() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            entries => entries
                .map_err(PostgresError::file("list", &self.data))?
                .next()
                .is_none(),
        };
        if empty {
            return Ok(None);
        }
        if self.is_served() {
            return Err(PostgresError::InUse {
                path: self.data.clone(),
            });
        }
        let mut aside = self.sibling("incomplete-1");
        let mut number = 1_u32;
        while aside.exists() {
            number += 1;
            aside = self.sibling(&format!("incomplete-{number}"));
        }
        fs_err::rename(&self.data, &aside).map_err(PostgresError::file("move aside", &self.data))?;
        Ok(Some(aside))
    }

    /// Says whether a server, or `initdb`'s own, is at work in the data directory.
    ///
    /// `postmaster.pid` alone does not tell: one that was killed leaves it behind. Its first line is the process, negative
    /// for one that serves nobody (PostgreSQL's `miscinit.c`), and a server's working directory is its data directory.
    fn is_served(&self) -> bool {
        let Ok(text) = fs_err::read_to_string(self.data.join("postmaster.pid")) else {
            return false;
        };
        let Some(pid) = text
            .lines()
            .next()
            .and_then(|line| line.trim().parse::<i64>().ok())
        else {
            // Killed before it had written who it is.
            return false;
        };
        let process = Utf8PathBuf::from(format!("/proc/{}", pid.unsigned_abs()));
        match fs_err::read_link(process.join("cwd")) {
            Ok(at) => at == self.data.as_std_path(),
            // Somebody else's process cannot be looked at; then caution counts.
            Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
        }
    }

    async fn initdb(
        &self,
        superuser: &str,
        password_file: &Utf8Path,
        locale: &str,
        cancel: &CancelToken,
    ) -> Result<(), PostgresError> {
        let mut call = Invocation::new(
            self.programs.program("initdb"),
            "making the database's data directory",
        )
        .args(["--pgdata", self.data.as_str(), "--username", superuser])
        .args([
            "--pwfile",
            password_file.as_str(),
            "--locale",
            locale,
            "--encoding",
            "UTF8",
        ])
        .args([
            "--auth-local",
            "scram-sha-256",
            "--auth-host",
            "scram-sha-256",
            "--data-checksums",
        ])
        // It looks for the programs it calls beside itself, and for a shell in the usual places.
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env(AT_WORK, self.data.as_str())
        .directory(&self.data)
        .timeout(Duration::from_secs(300));
        if let Some(account) = self.account() {
            call = call.run_as(account);
        }
        let made = call.run(cancel).await;
        made.map(drop).map_err(|source| PostgresError::Program {
            action: "make the database's data directory",
            source: Box::new(source),
        })
    }

    /// Returns the account to change to; nobody needs to change to what he is.
    fn account(&self) -> Option<&Account> {
        self.account
            .as_ref()
            .filter(|account| account.uid != rustix::process::geteuid().as_raw())
    }

    fn sibling(&self, ending: &str) -> Utf8PathBuf {
        Utf8PathBuf::from(format!("{}.{ending}", self.data))
    }

    /// Makes a folder that only the server's account can enter.
    pub(super) fn make_folder(&self, path: &Utf8Path) -> Result<(), PostgresError> {
        if let Some(parent) = path.parent() {
            fs_err::create_dir_all(parent).map_err(PostgresError::file("create", parent))?;
        }
        match std::fs::DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(PostgresError::file("create", path)(error));
            }
            _ => {}
        }
        self.own(path)
    }

    /// Writes a file that belongs to the server's account, in one step.
    pub(super) fn write_own(&self, path: &Utf8Path, text: &str, mode: u32) -> Result<(), PostgresError> {
        let half = Utf8PathBuf::from(format!("{path}.new"));
        let _ = fs_err::remove_file(&half);
        let write = || {
            let mut options = std::fs::OpenOptions::new();
            let mut file: File = options.write(true).create_new(true).mode(mode).open(&half)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(PostgresError::file("write", &half))?;
        self.own(&half)?;
        fs_err::rename(&half, path).map_err(PostgresError::file("write", path))
    }

    fn own(&self, path: &Utf8Path) -> Result<(), PostgresError> {
        let Some(account) = self.account() else {
            return Ok(());
        };
        std::os::unix::fs::chown(path, Some(account.uid), Some(account.gid))
            .map_err(PostgresError::file("hand over", path))
    }
}
