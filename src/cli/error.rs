//! Errors at the edge: what failed, why, and the one next command.

use std::error::Error;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::exit::Exit;
use crate::backup::BackupError;
use crate::cost::CostError;
use crate::deployment::ResolveError;
use crate::document::Problems;
use crate::drivers::DriverError;
use crate::journal::JournalError;
use crate::license::LicenseError;
use crate::oci::OciError;
use crate::plan::PlanError;
use crate::product::{PathError, ProductError};
use crate::render::RenderError;
use crate::run::RunError;

/// An error as people and programs see it.
#[derive(Debug)]
pub struct CommandError {
    /// The exit code.
    pub exit: Exit,
    /// What failed, then its causes.
    pub causes: Vec<String>,
    /// What to do next.
    pub hints: Vec<String>,
    /// Everything wrong with a document.
    pub problems: Option<Problems>,
    /// Missing answers.
    pub missing: Vec<crate::deployment::Missing>,
}

/// The result of a command.
pub type Result<T = Exit> = std::result::Result<T, CommandError>;

impl CommandError {
    /// Says what failed.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            causes: vec![what.into()],
            hints: Vec::new(),
            problems: None,
            missing: Vec::new(),
        }
    }

    /// Takes an error with its causes.
    pub fn from_error(exit: Exit, error: &dyn Error) -> Self {
        let mut causes = vec![error.to_string()];
        let mut problems = None;
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref::<Problems>() {
                problems = Some(found.clone());
            } else if causes.last() != Some(&error.to_string()) {
                causes.push(error.to_string());
            }
            cause = error.source();
        }
        Self {
            exit,
            causes,
            hints: Vec::new(),
            problems,
            missing: Vec::new(),
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Writes the error as people read it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut causes = self.causes.iter();
        let _ = writeln!(text, "error: {}", causes.next().map_or("unknown", String::as_str));
        for problem in self.problems.iter().flat_map(|problems| &problems.0) {
            let _ = writeln!(text, "  {problem}");
        }
        for missing in &self.missing {
            let _ = writeln!(
                text,
                "  {}: {} ({})",
                missing.key, missing.prompt, missing.expected
            );
            let _ = writeln!(text, "      flag: {}", missing.flag);
        }
        for cause in causes {
            let _ = writeln!(text, "  caused by: {cause}");
        }
        for hint in &self.hints {
            let _ = writeln!(text, "hint: {hint}");
        }
        text
    }

    /// Writes the error for programs.
    pub fn json(&self) -> Value {
        json!({
            "error": self.causes.first(), "causes": self.causes.get(1..), "hints": self.hints,
            "problems": self.problems, "missing": self.missing, "exit_code": self.exit as u8,
        })
    }
}

impl From<ProductError> for CommandError {
    fn from(error: ProductError) -> Self {
        let exit = match error {
            ProductError::Write { .. } => Exit::Failed,
            _ => Exit::Input,
        };
        let hint = match &error {
            ProductError::UnknownProduct {
                nearest: Some(nearest),
                ..
            } => Some(format!("did you mean `{nearest}`?")),
            ProductError::NoRelease { product } => Some(format!(
                "add one first, from a registry or an OCI layout: landfall release add {product} VERSION --from DIR"
            )),
            ProductError::MakeSbom { .. } => {
                Some("add the release without SBOMs, once you know why: --no-sbom".to_owned())
            }
            ProductError::SbomDiffers { .. } => {
                Some("add the release again, which makes it anew: landfall release add".to_owned())
            }
            _ => None,
        };
        hint.into_iter().fold(Self::from_error(exit, &error), Self::hint)
    }
}

impl From<PathError> for CommandError {
    fn from(error: PathError) -> Self {
        let add = |product: &str, version: &str| {
            format!(
                "bring it, from a registry or an OCI layout: landfall release add {product} {version} --from DIR"
            )
        };
        let hint = match &error {
            PathError::Unknown {
                nearest: Some(nearest),
                ..
            } => format!("did you mean `{nearest}`? `landfall release add` brings others"),
            PathError::Unknown { product, version, .. } => add(product, version.as_str()),
            PathError::StopMissing { product, stop, .. } => add(product, stop.as_str()),
            PathError::OutOfReach { product, .. } | PathError::TooOld { product, .. } => {
                format!(
                    "ask the vendor for a release in between, and add it: landfall release add {product} VERSION --from DIR"
                )
            }
            PathError::Downgrade { .. } => {
                "the way back is `landfall rollback`, with the snapshot of the upgrade, or `landfall restore`"
                    .to_owned()
            }
        };
        Self::from_error(Exit::Input, &error).hint(hint)
    }
}

impl From<ResolveError> for CommandError {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Product(error) => error.into(),
            ResolveError::Missing { missing } => {
                let what = ResolveError::Missing {
                    missing: missing.clone(),
                }
                .to_string();
                let error = Self {
                    missing,
                    ..Self::new(Exit::Input, what)
                };
                error.hint("answer them in the file or with the flags, or run `landfall init` in a terminal")
            }
            error => Self::from_error(Exit::Input, &error),
        }
    }
}

impl From<Problems> for CommandError {
    fn from(problems: Problems) -> Self {
        Self {
            problems: Some(problems),
            ..Self::new(Exit::Input, "the file is not valid")
        }
    }
}

impl From<RenderError> for CommandError {
    fn from(error: RenderError) -> Self {
        let exit = match error {
            RenderError::Template { .. } => Exit::Bug,
            RenderError::Options { .. } | RenderError::Target { .. } => Exit::Input,
            RenderError::Read { .. } | RenderError::Write { .. } => Exit::Failed,
        };
        Self::from_error(exit, &error)
    }
}

impl From<PlanError> for CommandError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Changed { .. } | PlanError::Format { .. } => {
                Self::from_error(Exit::Input, &error).hint("make a new plan: landfall plan --out FILE")
            }
            _ => Self::from_error(Exit::Bug, &error),
        }
    }
}

impl From<JournalError> for CommandError {
    fn from(error: JournalError) -> Self {
        match &error {
            JournalError::Held(_) | JournalError::HeldByUnknown { .. } => {
                Self::from_error(Exit::Locked, &error)
                    .hint("wait for it with --lock-wait 10m, or look with `landfall status`")
            }
            _ => Self::from_error(Exit::Failed, &error),
        }
    }
}

impl From<DriverError> for CommandError {
    fn from(error: DriverError) -> Self {
        match error {
            DriverError::Render(error) => error.into(),
            DriverError::Conflicts { conflicts } => super::edits::conflict(conflicts),
            DriverError::Cost(error) => error.into(),
            DriverError::Account(error) if error.is_busy() => Self::from_error(Exit::Locked, &error),
            error @ DriverError::NotRunning { .. } => Self::from_error(Exit::Blocked, &error)
                .hint("`landfall up` writes the new license and starts what does not run"),
            error @ DriverError::UnknownFile { .. } => {
                Self::from_error(Exit::Input, &error).hint("see what you edited with `landfall drift`")
            }
            error @ (DriverError::NoBackup { .. }
            | DriverError::NoRehearsal { .. }
            | DriverError::NoRotation { .. }) => Self::from_error(Exit::Input, &error).hint(
                "an upgrade saves the databases there before it changes them; see docs/targets/kubernetes.md",
            ),
            error => Self::from_error(Exit::Failed, &error),
        }
    }
}

impl From<CostError> for CommandError {
    fn from(error: CostError) -> Self {
        match &error {
            CostError::Assumption { known, .. } => {
                Self::from_error(Exit::Input, &error).hint(format!("known: {}", known.join(", ")))
            }
            CostError::Table { .. } | CostError::Unknown { .. } => Self::from_error(Exit::Bug, &error),
        }
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        let exit = match &error {
            RunError::Over { .. } | RunError::Begun { .. } => Exit::Input,
            RunError::NotBack { .. } | RunError::Undone { .. } => Exit::Stuck,
            RunError::Record { .. } => Exit::Interrupted,
            RunError::Stalled { .. } => Exit::Bug,
        };
        let failed = Self::from_error(exit, &error);
        match error {
            RunError::Record { .. } => failed.hint("once the cause is mended, go on with `landfall resume`"),
            RunError::Undone { .. } => failed.hint("take the rest back with `landfall resume`"),
            _ => failed,
        }
    }
}

impl From<BackupError> for CommandError {
    fn from(error: BackupError) -> Self {
        let (exit, hint) = match &error {
            BackupError::NoLock => (
                Exit::Input,
                Some(
                    "name who may with --recipient age1..., or give a passphrase with --passphrase-file FILE",
                ),
            ),
            BackupError::Recipient { .. } => (
                Exit::Input,
                Some("a recipient is the public key that `age-keygen` prints: age1..."),
            ),
            BackupError::Unknown { .. } => {
                (Exit::Input, Some("see what is there with `landfall backup list`"))
            }
            BackupError::Damaged { .. } => (
                Exit::Failed,
                Some("see what else is there with `landfall backup list`; a damaged backup is not restored"),
            ),
            BackupError::Identity { .. }
            | BackupError::Short { .. }
            | BackupError::WrongKey { .. }
            | BackupError::OtherKey { .. } => (Exit::Input, None),
            _ => (Exit::Failed, None),
        };
        let told = Self::from_error(exit, &error);
        hint.into_iter().fold(told, Self::hint)
    }
}

impl From<OciError> for CommandError {
    fn from(error: OciError) -> Self {
        Self::from_error(Exit::Failed, &error)
    }
}

impl From<LicenseError> for CommandError {
    fn from(error: LicenseError) -> Self {
        Self::from_error(Exit::Input, &error)
    }
}
