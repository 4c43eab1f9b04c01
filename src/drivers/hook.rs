//! A program of the customer's that saves a database and puts it back, called on this machine.
//!
//! Landfall knows nothing of how: it says which database, under which name, and takes the exit code for the truth.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::SecretError;
use crate::deployment::{Bound, ResolvedService};
use crate::secret::Secret;
use crate::tools::{Invocation, find_program};

/// Time between asking it to end and ending it: a snapshot of a cloud may want to be called off.
const GRACE: Duration = Duration::from_secs(30);

/// How the program is called, but for what it is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// The program; a relative path is relative to the answers file.
    pub program: Utf8PathBuf,
    /// What its environment says, beside what programs see of ours; secrets are references.
    pub environment: BTreeMap<String, Bound>,
}

impl Hook {
    /// Describes the calls for a database.
    pub fn of(program: Utf8PathBuf, (name, service): (&str, &ResolvedService), password: bool) -> Self {
        let port = service.port("port").map(|port| port.to_string());
        let fields = [
            ("SERVICE", name.to_owned()),
            ("ENGINE", service.text("engine").to_owned()),
            ("HOST", service.text("host").to_owned()),
            ("PORT", port.unwrap_or_default()),
            ("DATABASE", service.text("name").to_owned()),
            ("USER", service.text("user").to_owned()),
            ("TLS", service.text("tls").to_owned()),
        ];
        let mut hook = Self {
            program,
            environment: BTreeMap::new(),
        };
        fields
            .into_iter()
            .for_each(|(field, value)| hook.say(field, value));
        if password {
            hook.say("PASSWORD", service.text("password"));
        }
        hook
    }

    /// Says one thing more.
    pub fn say(&mut self, field: &str, value: impl Into<String>) {
        self.environment
            .insert(format!("LANDFALL_{field}"), Bound::new(value));
    }

    /// Prepares a call: `save NAME` or `restore NAME`, in the folder of the answers file.
    ///
    /// # Errors
    /// [`SecretError::Missing`] when it is to be given a secret that nobody has.
    pub fn call(
        &self,
        answers: &Utf8Path,
        (verb, name): (&str, &str),
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<Invocation, SecretError> {
        let doing = format!("letting your program {verb} {name}");
        let mut call = Invocation::new(answers.join(&self.program), doing)
            .args([verb, name])
            .directory(answers)
            .grace(GRACE);
        for (variable, value) in &self.environment {
            let text = value.replace(|_, name| {
                let found = secrets.get(name).map(|value| value.expose().to_owned());
                found.ok_or_else(|| SecretError::Missing {
                    name: name.to_owned(),
                    place: "what is installed".to_owned(),
                    source: None,
                })
            })?;
            call = match value.is_private() {
                true => call.secret_env(variable, Secret::new(text)),
                false => call.env(variable, text),
            };
        }
        Ok(call)
    }
}

/// Says why a program cannot be called; nothing when it can.
pub(super) fn unusable(path: &Utf8Path) -> Option<&'static str> {
    let (folder, name) = path.parent().zip(path.file_name())?;
    match find_program(name, &[folder.to_owned()]) {
        Ok(_) => None,
        Err(_) if path.exists() => Some("it is not executable"),
        Err(_) => Some("it is not there"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::tools::{CancelToken, ToolError};

    fn hook() -> Hook {
        Hook {
            program: "save-notes".into(),
            environment: BTreeMap::from([
                ("LANDFALL_HOST".to_owned(), Bound::new("db.acme.internal")),
                (
                    "LANDFALL_PASSWORD".to_owned(),
                    Bound::new("${secret:database_password}"),
                ),
            ]),
        }
    }

    fn secrets() -> BTreeMap<String, Secret> {
        BTreeMap::from([("database_password".to_owned(), Secret::new("hunter2"))])
    }

    #[tokio::test]
    async fn it_is_told_where_and_what_it_says_and_how_it_ends_counts() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let program = folder.join("save-notes");
        let script = "#!/bin/sh\necho $1 $2 on $LANDFALL_HOST with $LANDFALL_PASSWORD, $#\n[ $1 = save ]\n";
        fs_err::write(&program, script).unwrap();
        assert_eq!(unusable(&program), Some("it is not executable"));
        assert_eq!(unusable(&folder.join("other")), Some("it is not there"));
        fs_err::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(unusable(&program), None);

        let call = |verb| hook().call(folder, (verb, "notes-1"), &secrets()).unwrap();
        let save = call("save");
        assert!(!format!("{save}").contains("hunter2"), "{save}");
        let said = save.run(&CancelToken::new()).await.unwrap().stdout;
        assert_eq!(said, "save notes-1 on db.acme.internal with [secret], 2\n");
        let failed = call("restore").run(&CancelToken::new()).await.unwrap_err();
        assert!(
            matches!(failed, ToolError::Failed { code: Some(1), .. }),
            "{failed}"
        );
    }

    #[test]
    fn a_secret_that_nobody_has_is_an_error() {
        let call = hook().call(Utf8Path::new("/"), ("save", "notes-1"), &BTreeMap::new());
        let missing = call.unwrap_err();
        assert!(missing.to_string().contains("database_password"), "{missing}");
    }
}
