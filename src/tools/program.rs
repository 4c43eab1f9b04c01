//! Finding programs and asking their version.

use std::os::unix::fs::PermissionsExt;

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;

use super::cancel::CancelToken;
use super::error::ToolError;
use super::invocation::Invocation;

/// Finds a program in the given directories, in their order.
pub fn find_program(name: &str, directories: &[Utf8PathBuf]) -> Result<Utf8PathBuf, ToolError> {
    directories
        .iter()
        .map(|directory| directory.join(name))
        .find(|path| is_executable(path))
        .ok_or_else(|| ToolError::Missing {
            doing: format!("looking for `{name}`"),
            program: name.to_owned(),
        })
}

/// Runs a call that makes a program tell its version, and reads the first version in its answer.
///
/// `15.18` counts as `15.18.0`.
pub async fn version_of(call: &Invocation, cancel: &CancelToken) -> Result<Version, ToolError> {
    let output = call.run(cancel).await?;
    parse_version(&output.stdout)
        .or_else(|| parse_version(&output.stderr))
        .ok_or_else(|| ToolError::Version { program: call.name() })
}

/// Refuses a version older than `minimum`.
pub fn require_version(program: &str, found: &Version, minimum: &Version) -> Result<(), ToolError> {
    if found >= minimum {
        return Ok(());
    }
    Err(ToolError::TooOld {
        program: program.to_owned(),
        found: found.clone(),
        minimum: minimum.clone(),
    })
}

fn is_executable(path: &Utf8Path) -> bool {
    fs_err::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn parse_version(text: &str) -> Option<Version> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    words.map(|word| word.trim_start_matches('v')).find_map(|word| {
        let mut numbers = word.split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        let patch = numbers.next().map_or(Some(0), |patch| patch.parse().ok())?;
        Some(Version::new(major, minor, patch))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_usual_answers() {
        let read = |text| parse_version(text).map(|version| version.to_string());
        assert_eq!(
            read("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)").as_deref(),
            Some("15.18.0")
        );
        assert_eq!(read("Terraform v1.9.8\non linux_amd64").as_deref(), Some("1.9.8"));
        assert_eq!(read("no version here."), None);
    }

    #[test]
    fn an_old_version_is_refused() {
        let error = require_version("helm", &Version::new(2, 0, 0), &Version::new(3, 1, 0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`helm` 2.0.0 is too old, at least 3.1.0 is needed"
        );
    }

    #[test]
    fn a_program_is_found_in_the_first_directory_that_has_it() {
        let directories = ["/nonexistent", "/bin", "/usr/bin"].map(Utf8PathBuf::from);
        assert_eq!(find_program("sh", &directories).unwrap(), "/bin/sh");
        assert!(matches!(
            find_program("no-such", &directories),
            Err(ToolError::Missing { .. })
        ));
    }
}
