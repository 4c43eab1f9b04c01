//! What a unit is.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::SupervisorError;
use crate::secret::Secret;
use crate::tools::StopSignal;

/// Describes one program that is to be kept running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitSpec {
    /// The name: lower-case letters, digits and dashes.
    pub name: String,
    /// The program by its absolute path, and its arguments.
    pub exec: Vec<String>,
    /// The environment; nothing else is inherited.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Files of `KEY=value` lines, read at every start; the place for secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub environment_files: Vec<Utf8PathBuf>,
    /// The account to run as; without one, or when the supervisor is not root, the supervisor's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The working directory; `/` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub working_directory: Option<Utf8PathBuf>,
    /// Units that start before this one and stop after it, if they are to be up at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// When to start again after an end that nobody asked for.
    #[serde(default)]
    pub restart: Restart,
    /// How to stop it.
    #[serde(default)]
    pub stop: Stop,
    /// Whether the program ends by itself: it is started once and not again, and what comes after it waits for its
    /// end.
    #[serde(default)]
    pub one_shot: bool,
    /// Where its output goes; `logs/<name>.log` in the supervisor's folder unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub log: Option<Utf8PathBuf>,
    /// What it may use.
    #[serde(default)]
    pub limits: Limits,
}

/// Says when a program is started again.
///
/// The pause doubles from `initial_ms` up to `max_s`, and starts over once the program has run for `reset_after_s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Restart {
    /// The first pause, in milliseconds.
    pub initial_ms: u64,
    /// The longest pause, in seconds.
    pub max_s: u64,
    /// How long it must run for the pause to start over, in seconds.
    pub reset_after_s: u64,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            initial_ms: 250,
            max_s: 30,
            reset_after_s: 60,
        }
    }
}

impl Restart {
    /// Returns the pause after the `failures`-th failure in a row, counted from 1.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        let doubled = self
            .initial_ms
            .saturating_mul(1 << failures.saturating_sub(1).min(32));
        Duration::from_millis(doubled.min(self.max_s.saturating_mul(1000)))
    }
}

/// Says how a program is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Stop {
    /// The signal that asks it to.
    pub signal: StopSignal,
    /// How long it may take before it is killed, in seconds.
    pub grace_seconds: u64,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            signal: StopSignal::Term,
            grace_seconds: 30,
        }
    }
}

/// Says what a program may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How many files it may have open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
}

impl UnitSpec {
    /// Describes a program with everything else left as it usually is.
    pub fn new(name: impl Into<String>, exec: Vec<String>) -> Self {
        Self {
            name: name.into(),
            exec,
            environment: BTreeMap::new(),
            environment_files: Vec::new(),
            user: None,
            working_directory: None,
            after: Vec::new(),
            restart: Restart::default(),
            stop: Stop::default(),
            one_shot: false,
            log: None,
            limits: Limits::default(),
        }
    }

    /// Reads a unit file.
    pub fn read(path: &Utf8Path) -> Result<Self, SupervisorError> {
        let text = fs_err::read_to_string(path).map_err(SupervisorError::file("read", path))?;
        let spec: Self = serde_yaml::from_str(&text).map_err(|source| SupervisorError::ParseUnit {
            path: path.to_owned(),
            source,
        })?;
        if path.file_stem() != Some(spec.name.as_str()) {
            return Err(spec.invalid("its name differs from the name of its file"));
        }
        spec.check()?;
        Ok(spec)
    }

    /// Writes the unit as YAML.
    pub fn to_yaml(&self) -> Result<String, SupervisorError> {
        serde_yaml::to_string(self).map_err(|source| SupervisorError::WriteUnit {
            unit: self.name.clone(),
            source,
        })
    }

    /// Checks what the types cannot say.
    pub fn check(&self) -> Result<(), SupervisorError> {
        check_name(&self.name)?;
        let Some(program) = self.exec.first() else {
            return Err(self.invalid("`exec` is empty"));
        };
        if !program.starts_with('/') {
            return Err(self.invalid("the program in `exec` is not an absolute path"));
        }
        if self.after.contains(&self.name) {
            return Err(self.invalid("it waits for itself"));
        }
        Ok(())
    }

    pub(super) fn invalid(&self, reason: &str) -> SupervisorError {
        SupervisorError::InvalidUnit {
            unit: self.name.clone(),
            reason: reason.to_owned(),
        }
    }
}

/// Refuses a name that could leave its folder or be taken for an option.
pub(super) fn check_name(name: &str) -> Result<(), SupervisorError> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 64 || name.starts_with('-') || !name.chars().all(good) {
        return Err(SupervisorError::InvalidUnit {
            unit: name.to_owned(),
            reason: "a name has lower-case letters, digits and dashes, at most 64".to_owned(),
        });
    }
    Ok(())
}

/// Reads a file of `KEY=value` lines, as systemd's `EnvironmentFile=` does: `#` starts a comment line, a value may
/// stand in quotes.
pub(crate) fn read_environment(path: &Utf8Path) -> Result<Vec<(String, Secret)>, SupervisorError> {
    let text = fs_err::read_to_string(path).map_err(SupervisorError::file("read", path))?;
    let mut variables = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = || SupervisorError::EnvironmentLine {
            path: path.to_owned(),
            line: number + 1,
        };
        let (name, value) = line.split_once('=').ok_or_else(wrong)?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(wrong());
        }
        variables.push((name.to_owned(), Secret::new(unquote(value))));
    }
    Ok(variables)
}

/// Takes quotes off: single ones keep everything, double ones know `\"`, `\\`, `\$` and `` \` ``.
fn unquote(value: &str) -> String {
    if let Some(inner) = value
        .strip_prefix('\'')
        .and_then(|value| value.strip_suffix('\''))
    {
        return inner.to_owned();
    }
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut plain = String::with_capacity(inner.len());
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some(&next)) if "\"\\$`".contains(next) => {
                plain.push(next);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_file_says_only_what_is_not_usual() {
        let spec: UnitSpec = serde_yaml::from_str("name: web\nexec: [/bin/web, --port, '80']\n").unwrap();
        assert_eq!(
            spec,
            UnitSpec::new("web", ["/bin/web", "--port", "80"].map(String::from).to_vec())
        );
        let read: UnitSpec = serde_yaml::from_str(&spec.to_yaml().unwrap()).unwrap();
        assert_eq!(read, spec);
        assert!(serde_yaml::from_str::<UnitSpec>("name: web\nexec: [/bin/web]\nrestat: {}\n").is_err());
    }

    #[test]
    fn names_cannot_leave_their_folder() {
        for name in ["", "../x", "a/b", "-x", "Web", "a.b"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(UnitSpec::new("web", vec!["web".to_owned()]).check().is_err());
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let restart = Restart {
            initial_ms: 100,
            max_s: 1,
            reset_after_s: 1,
        };
        let pauses = [1, 2, 3, 4, 5, 99].map(|failures| restart.pause(failures).as_millis());
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn environment_files_are_read_as_systemd_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("env");
        fs_err::write(&path, "# note\n\nA=1\nB=\"two \\\"words\\\" \\n\"\nC='x=y'\nD=\n").unwrap();
        let read = read_environment(&path).unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|(name, value)| format!("{name}:{}", value.expose()))
            .collect();
        assert_eq!(read, ["A:1", "B:two \"words\" \\n", "C:x=y", "D:"]);
        fs_err::write(&path, "A=1\nnonsense\n").unwrap();
        assert!(
            read_environment(&path)
                .unwrap_err()
                .to_string()
                .starts_with("line 2 of")
        );
    }
}
