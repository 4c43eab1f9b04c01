//! The client programs, which not every PostgreSQL comes with.

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;

use super::database::ServerVersion;
use super::error::PostgresError;
use super::programs::{Programs, system_places};
use crate::tools::{CancelToken, Invocation, version_of};

/// Names one version of `pg_dump` and `psql`.
///
/// It is a type of its own because a server's folder may lack them: archives that are fetched do, and systems have
/// packages for the clients alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clients {
    /// The version; `15.18` is written as `15.18.0`.
    pub version: Version,
    /// The folder with both.
    pub bin: Utf8PathBuf,
}

impl Clients {
    /// Asks the programs in a folder for their version; none if one of both is missing.
    pub async fn at(bin: &Utf8Path, cancel: &CancelToken) -> Result<Option<Self>, PostgresError> {
        if !has_both(bin) {
            return Ok(None);
        }
        let call = Invocation::new(bin.join("pg_dump"), "asking PostgreSQL's clients their version")
            .arg("--version")
            .env("PATH", "/usr/local/bin:/usr/bin:/bin");
        let version = version_of(&call, cancel)
            .await
            .map_err(|source| PostgresError::Program {
                action: "ask PostgreSQL's clients their version",
                source: Box::new(source),
            })?;
        Ok(Some(Self {
            version,
            bin: bin.to_owned(),
        }))
    }

    /// Finds the clients that suit a server best: those beside its own programs, else the system's of the same major
    /// version, else the oldest that are newer.
    ///
    /// `root` is `/` but in tests. A `pg_dump` refuses a server that is newer than itself.
    ///
    /// # Errors
    /// [`PostgresError::NoClients`], which says what to install.
    pub async fn find(
        beside: Option<&Programs>,
        server: ServerVersion,
        root: &Utf8Path,
        path: &[Utf8PathBuf],
        cancel: &CancelToken,
    ) -> Result<Self, PostgresError> {
        let beside = beside.map(|programs| programs.bin.clone());
        let mut suiting: Vec<Self> = Vec::new();
        let places = beside
            .into_iter()
            .chain(system_places(root))
            .chain(path.iter().cloned());
        for bin in places {
            if let Ok(Some(clients)) = Self::at(&bin, cancel).await
                && clients.version.major >= u64::from(server.major)
            {
                suiting.push(clients);
            }
        }
        // Stable: of those with the same major version, the first place wins.
        suiting.sort_by_key(|clients| clients.version.major);
        suiting
            .into_iter()
            .next()
            .ok_or(PostgresError::NoClients { server })
    }

    pub(super) fn program(&self, name: &str) -> Utf8PathBuf {
        self.bin.join(name)
    }
}

impl Programs {
    /// Says whether `pg_dump` and `psql` lie beside the server's programs.
    #[must_use]
    pub fn has_clients(&self) -> bool {
        has_both(&self.bin)
    }
}

fn has_both(bin: &Utf8Path) -> bool {
    ["pg_dump", "psql"].iter().all(|name| bin.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes clients that tell a version.
    fn clients(bin: &Utf8Path, version: &str) {
        fs_err::create_dir_all(bin).unwrap();
        for name in ["pg_dump", "psql"] {
            // A link to a program that is there: a script written here could still be open for writing in a child that
            // another test is just starting.
            std::os::unix::fs::symlink("/bin/echo", bin.join(name)).unwrap();
        }
        fs_err::write(bin.join("told"), version).unwrap();
    }

    #[tokio::test]
    async fn a_server_without_clients_is_told_what_to_install() {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        // `echo` tells no version, so these are passed over.
        clients(&root.join("usr/lib/postgresql/15/bin"), "15.1");
        let server = ServerVersion { major: 15, minor: 1 };
        let error = Clients::find(None, server, root, &[], &CancelToken::new())
            .await
            .unwrap_err();
        insta::assert_snapshot!(error, @"neither beside the server nor on this machine are there `pg_dump` and `psql` of PostgreSQL 15 or newer; install PostgreSQL's client programs, such as the package `postgresql-client`");
    }
}
