//! What test grounds share: what was built for them, the images they run, and whether this machine can hold one.
//!
//! It knows no ground. Each has a task and a folder of its own: `cluster` and `aws`, in `tests/ground/`.

pub mod cache;
pub mod images;
pub mod python;

use std::fmt;
use std::path::PathBuf;

use crate::workspace::{output, program, root};

/// Says that this machine cannot hold a ground, which is no failure of what wanted one.
#[derive(Debug)]
pub struct Unavailable {
    ground: &'static str,
    why: String,
}

impl Unavailable {
    /// Names the ground and what the machine lacks.
    pub fn new(ground: &'static str, why: impl Into<String>) -> Self {
        Self {
            ground,
            why: why.into(),
        }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no {} here: {}", self.ground, self.why)
    }
}

impl std::error::Error for Unavailable {}

/// Finds out whether this machine can run containers of a ground's own.
///
/// # Errors
/// [`Unavailable`] when it cannot.
pub fn holds_containers(ground: &'static str, programs: &[&str]) -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        return Err(Unavailable::new(ground, "it needs Linux").into());
    }
    if output(program("id").arg("-u")).is_ok_and(|id| id.trim() != "0") {
        return Err(Unavailable::new(ground, "it needs root, for namespaces and mounts").into());
    }
    has_programs(ground, programs)
}

/// Finds out whether programs are on `PATH`.
///
/// # Errors
/// [`Unavailable`] with the first that is not.
pub fn has_programs(ground: &'static str, programs: &[&str]) -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there =
        |name: &&str| std::env::split_paths(&path).any(|folder: PathBuf| folder.join(name).is_file());
    match programs.iter().find(|name| !is_there(name)) {
        Some(missing) => Err(Unavailable::new(ground, format!("there is no `{missing}`")).into()),
        None => Ok(()),
    }
}

/// Returns a variable of the environment that is set to something.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns a folder of what grounds are made of.
pub fn sources(name: &str) -> PathBuf {
    root().join("tests/ground").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_a_program_says_which() {
        assert!(has_programs("ground", &["sh"]).is_ok());
        let error = has_programs("ground", &["sh", "no-such-program"]).unwrap_err();
        assert!(error.is::<Unavailable>());
        assert_eq!(
            error.to_string(),
            "there is no ground here: there is no `no-such-program`"
        );
    }
}
