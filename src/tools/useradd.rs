//! `useradd`: accounts that services run as.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::cancel::CancelToken;
use super::error::ToolError;
use super::invocation::Invocation;

/// Holds what the system knows about an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: String,
    /// The user id.
    pub uid: u32,
    /// The id of its own group.
    pub gid: u32,
    /// The home directory.
    pub home: Utf8PathBuf,
}

/// Creates accounts through `useradd`.
#[derive(Clone, Debug)]
pub struct Useradd {
    program: Utf8PathBuf,
    environment: BTreeMap<String, String>,
}

impl Useradd {
    /// Takes the program and the environment it may have.
    #[must_use]
    pub const fn new(program: Utf8PathBuf, environment: BTreeMap<String, String>) -> Self {
        Self { program, environment }
    }

    /// Creates a system account with a group of its own and no shell, unless it exists; `root` is `/` but in tests.
    pub async fn ensure(
        &self,
        name: &str,
        home: &Utf8Path,
        root: &Utf8Path,
        cancel: &CancelToken,
    ) -> Result<Account, ToolError> {
        match find_account(name, root) {
            Err(ToolError::UnknownAccount { .. }) => {}
            found => return found,
        }
        Invocation::new(&self.program, format!("creating the account `{name}`"))
            .inherit(&self.environment)
            .args([
                "--system",
                "--user-group",
                "--no-create-home",
                "--shell",
                "/usr/sbin/nologin",
            ])
            .args(["--home-dir", home.as_str(), name])
            .run(cancel)
            .await?;
        find_account(name, root)
    }
}

/// Looks an account up in `etc/passwd` under `root`, which is `/` but in tests.
///
/// Accounts of a directory service are not found; services on a host have local ones.
pub fn find_account(name: &str, root: &Utf8Path) -> Result<Account, ToolError> {
    let path = root.join("etc/passwd");
    let text = fs_err::read_to_string(&path).map_err(|source| ToolError::ReadAccounts { path, source })?;
    let found = text
        .lines()
        .filter_map(parse)
        .find(|account| account.name == name);
    found.ok_or_else(|| ToolError::UnknownAccount {
        name: name.to_owned(),
    })
}

fn parse(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let _password = fields.next()?;
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    let _comment = fields.next()?;
    Some(Account {
        name,
        uid,
        gid,
        home: fields.next()?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_and_strangers_are_not() {
        assert_eq!(find_account("root", Utf8Path::new("/")).unwrap().uid, 0);
        let error = find_account("no-such-account", Utf8Path::new("/")).unwrap_err();
        assert_eq!(error.to_string(), "there is no account `no-such-account`");
    }
}
