//! From the answers file to a plan: the pipeline as the verbs walk it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::args::OutputFormat;
use super::before::before;
use super::context::Context;
use super::error::{CommandError, Result};
use super::exit::Exit;
use crate::deployment::{Answers, Deployment, resolve};
use crate::document::{Document, Problems};
use crate::drivers::World;
use crate::drivers::{self, BackupOrder, Before, DriverError, Edits, Intent, RestoreOrder, Stage};
use crate::edits::Decisions;
use crate::journal::{Clock, History, Holder, Installation, LockTerms, open_store};
use crate::plan::{Plan, Purpose};
use crate::product::{Entry, ProductError, Version};
use crate::render::Artifacts;

/// The answers file and the product it speaks of.
pub struct Session {
    /// What a command may use.
    pub context: Context,
    /// The answers, with the place of every key.
    pub answers: Document<Answers>,
    /// What is decided about files that were changed by hand.
    pub decisions: Decisions,
}

/// Everything that a plan was made of.
pub struct Planned {
    /// The deployment.
    pub deployment: Deployment,
    /// What was rendered.
    pub artifacts: Artifacts,
    /// The releases on the way.
    pub stages: Vec<Stage>,
    /// The plan.
    pub plan: Plan,
}

/// What a plan is to be made for.
#[derive(Debug, Clone)]
pub enum Aim {
    /// Bringing one deployment up, stopping or removing it.
    Here(Intent, Box<Deployment>),
    /// Going from what is installed over stages to the last of them.
    Over {
        /// What for.
        purpose: Purpose,
        /// What is installed.
        from: Box<Deployment>,
        /// The stages.
        stages: Vec<Stage>,
    },
    /// Saving what is installed.
    Backup(BackupOrder, Box<Deployment>),
    /// Bringing back what was saved.
    Restore(Box<RestoreOrder>, Box<Deployment>),
    /// Putting the licenses in force that the secrets of what is installed lead to.
    Rotate(Box<Deployment>),
}

impl Aim {
    /// Returns what the plan is for.
    pub fn purpose(&self) -> Purpose {
        match self {
            Self::Here(intent, _) => intent.purpose,
            Self::Over { purpose, .. } => *purpose,
            Self::Backup(..) => Purpose::Backup,
            Self::Restore(..) => Purpose::Restore,
            Self::Rotate(..) => Purpose::RotateLicense,
        }
    }
}

/// The clock of the machine.
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(jiff::Timestamp::now)
}

impl Session {
    /// Reads the answers file.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or is not valid.
    pub fn open(context: &Context) -> Result<Self> {
        let file = &context.global.file;
        let bytes = fs_err::read(file).map_err(|error| {
            let failed = CommandError::from_error(Exit::Input, &error);
            match error.kind() {
                std::io::ErrorKind::NotFound => {
                    CommandError::new(Exit::Input, format!("there is no {file} here"))
                        .hint("write one with `landfall init`, or name another with --file")
                }
                _ => failed,
            }
        })?;
        let answers = Answers::read(file.as_str(), &bytes).map_err(CommandError::from)?;
        Ok(Self {
            context: context.clone(),
            answers,
            decisions: Decisions::default(),
        })
    }

    /// Opens the product.
    ///
    /// # Errors
    /// When it is not known or its definition is not valid.
    pub fn product(&self) -> Result<Entry> {
        let name = &self.answers.content.product;
        let from_here = name.contains('/') || name.starts_with('.');
        let name = if from_here {
            self.context.answers_folder().join(name).into_string()
        } else {
            name.clone()
        };
        let opened = self.context.catalog().open(&name);
        opened.map_err(|error| self.placed(error))
    }

    /// Says where in the answers file an unknown product or release is named.
    fn placed(&self, error: ProductError) -> CommandError {
        let (key, nearest) = match &error {
            ProductError::UnknownProduct { nearest, .. } => ("product", nearest.clone()),
            ProductError::UnknownRelease { .. } => ("release", None),
            _ => return error.into(),
        };
        let problem = self.answers.problem(key, error.to_string());
        let problem = match nearest {
            Some(name) => problem.hint(format!("did you mean `{name}`?")),
            None => problem,
        };
        Problems::one(problem).into()
    }

    /// Decides everything.
    ///
    /// # Errors
    /// When answers are wrong or missing, or there is no such release.
    pub fn deployment(&self) -> Result<Deployment> {
        self.deployment_of(self.answers.content.release.as_ref())
    }

    /// Takes the installed release in place of the newest where the answers name none: going on is an upgrade.
    ///
    /// # Errors
    /// As [`Self::deployment`].
    pub fn keep_release(&self, decided: Deployment, history: &History) -> Result<Deployment> {
        let installed: Option<Version> = installed_version(history).and_then(|version| version.parse().ok());
        match installed {
            Some(installed) if self.answers.content.release.is_none() && installed != decided.version => {
                self.deployment_of(Some(&installed))
            }
            _ => Ok(decided),
        }
    }

    /// Decides everything for a version, the newest unless given.
    ///
    /// # Errors
    /// As [`Self::deployment`].
    pub fn deployment_of(&self, version: Option<&Version>) -> Result<Deployment> {
        let entry = self.product()?;
        let (release, _) = match entry.release(version) {
            Ok(found) => found,
            Err(error) => {
                // Wrong answers come first: they can be mended now, a release only by the vendor.
                let empty = crate::product::Release::placeholder(&entry.product().name);
                return match resolve(&entry, &empty, &self.answers) {
                    Err(
                        wrong @ (crate::deployment::ResolveError::Answers { .. }
                        | crate::deployment::ResolveError::Missing { .. }),
                    ) => Err(wrong.into()),
                    // The vendor runs its own service: there is nothing of a release to place.
                    Ok(hosted) if hosted.parts.values().all(|part| part.target.is_none()) => Ok(hosted),
                    _ => Err(self.placed(error)),
                };
            }
        };
        Ok(resolve(&entry, &release, &self.answers)?)
    }

    /// Keeps what runs tell away from standard output, where a command reports on them itself.
    pub fn without_output(&self) -> Self {
        let mut context = self.context.clone();
        context.global.output = OutputFormat::Text;
        Self {
            context,
            answers: self.answers.clone(),
            decisions: self.decisions.clone(),
        }
    }

    /// Speaks of other answers, with the same files.
    pub fn with_answers(&self, answers: Answers) -> Self {
        Self {
            context: self.context.clone(),
            answers: Document {
                content: answers,
                ..self.answers.clone()
            },
            decisions: Decisions::default(),
        }
    }

    /// Opens the installation's record.
    ///
    /// # Errors
    /// When the state's location makes no sense.
    pub fn installation(&self) -> Result<Installation> {
        self.installation_at(&self.answers.content.state)
    }

    /// Opens the installation's record at a place.
    ///
    /// # Errors
    /// When the state's location makes no sense.
    pub fn installation_at(&self, state: &str) -> Result<Installation> {
        let location = if state.contains("://") {
            state.to_owned()
        } else {
            self.context.answers_folder().join(state).into_string()
        };
        let store = open_store(&location, &self.context.environment)?;
        let terms = LockTerms {
            wait: lock_wait(&self.context)?,
            ..LockTerms::default()
        };
        Ok(Installation::new(
            store,
            &self.answers.content.name,
            clock(),
            terms,
        )?)
    }

    /// Describes who takes the lock.
    pub fn holder(&self, doing: &str) -> Holder {
        Holder::here(&self.context.user(), doing, clock().now())
    }

    /// Renders, looks and plans.
    ///
    /// # Errors
    /// When any of these fails.
    pub async fn plan(&self, aim: &Aim, history: &History) -> Result<Planned> {
        let world = self.context.world()?;
        let purpose = aim.purpose();
        let places = purpose.brings_up() || matches!(purpose, Purpose::Stop | Purpose::RotateLicense);
        let before = match places {
            true => before(&self.installation()?, history).await?,
            false => None,
        };
        let installed = installed_version(history);
        let over = Over {
            world: &world,
            purpose,
            before: before.as_ref(),
            decisions: &self.decisions,
            installed: installed.as_deref(),
        };
        match aim {
            Aim::Here(intent, deployment) => {
                let plan = |artifacts: &Artifacts, seen| drivers::plan(*intent, deployment, artifacts, seen);
                over.planned(deployment, drivers::render(deployment)?, plan).await
            }
            Aim::Backup(order, deployment) => {
                let plan =
                    |artifacts: &Artifacts, seen| drivers::plan_backup(order, deployment, artifacts, seen);
                over.planned(deployment, drivers::render(deployment)?, plan).await
            }
            Aim::Restore(order, deployment) => {
                let plan =
                    |artifacts: &Artifacts, seen| drivers::plan_restore(order, deployment, artifacts, seen);
                over.planned(deployment, drivers::render(deployment)?, plan).await
            }
            Aim::Rotate(deployment) => {
                // Nothing but the license changes: what was rendered last stays.
                let last = over.before.map(|before| before.artifacts.clone());
                let plan = |artifacts: &Artifacts, seen| drivers::plan_rotation(deployment, artifacts, seen);
                over.planned(deployment, last.unwrap_or_default(), plan).await
            }
            Aim::Over { from, stages, .. } => over.stages(from, stages.clone()).await,
        }
    }

    /// Notes in the answers file which release is installed now, where it names one; says so when that fails.
    pub fn note_release(&self, version: &Version) {
        let named = self.answers.content.release.as_ref();
        if named.is_none_or(|named| named.as_str() == version.as_str()) {
            return;
        }
        let file = &self.context.global.file;
        let half = format!("{file}.landfall-new");
        let note = || -> std::io::Result<()> {
            let text = fs_err::read_to_string(file)?;
            let text = crate::deployment::with_release(&text, version)
                .ok_or_else(|| std::io::Error::other("it has no line `release:`"))?;
            fs_err::write(&half, text)?;
            fs_err::set_permissions(&half, fs_err::metadata(file)?.permissions())?;
            fs_err::rename(&half, file)
        };
        self.context.say(match note() {
            Ok(()) => format!("noted in {file}: release: \"{version}\""),
            Err(error) => format!(
                "note: write `release: \"{version}\"` into {file} yourself, it could not be done: {error}"
            ),
        });
    }
}

/// What plans are made over.
struct Over<'a> {
    world: &'a World,
    purpose: Purpose,
    before: Option<&'a Before>,
    decisions: &'a Decisions,
    installed: Option<&'a str>,
}

impl Over<'_> {
    /// Finds what the customer changed by hand, and adds what is placed instead of what was rendered.
    async fn edits(&self, deployment: &Deployment, artifacts: &mut Artifacts) -> Result<Edits> {
        let Some(before) = self.before else {
            return Ok(Edits::default());
        };
        let (world, decisions) = (self.world, self.decisions);
        let edits = drivers::edits(world, self.purpose, deployment, artifacts, before, decisions).await?;
        artifacts.extend(edits.texts.clone());
        Ok(edits)
    }

    /// Looks, and plans for one deployment.
    async fn planned(
        &self,
        deployment: &Deployment,
        mut artifacts: Artifacts,
        plan: impl FnOnce(&Artifacts, Value) -> std::result::Result<Plan, DriverError>,
    ) -> Result<Planned> {
        let edits = self.edits(deployment, &mut artifacts).await?;
        let observed = drivers::observe(self.world, deployment, &artifacts, self.installed, &edits).await?;
        let plan = plan(&artifacts, observed)?;
        Ok(Planned {
            deployment: deployment.clone(),
            artifacts,
            stages: Vec::new(),
            plan,
        })
    }

    /// Looks, and plans for going over stages.
    async fn stages(&self, from: &Deployment, mut stages: Vec<Stage>) -> Result<Planned> {
        let mut earlier = self.before.map(|before| before.artifacts.clone());
        for stage in &mut stages {
            // What a run had merged into a release that comes back is worked out anew from what lies there now.
            stage.artifacts = drivers::rendered_only(&stage.artifacts);
            stage.edits = self.edits(&stage.deployment, &mut stage.artifacts).await?;
            stage.artifacts.extend(stage.data.artifacts());
            let rendered = drivers::rendered_only(&stage.artifacts);
            if let Some(earlier) = earlier.replace(rendered) {
                stage
                    .artifacts
                    .extend(drivers::to_go_back(&stage.deployment, &earlier));
            }
        }
        let observed = drivers::observe_stages(self.world, &stages, self.installed).await?;
        let plan = drivers::plan_stages(self.purpose, from, &stages, observed)?;
        let end = stages
            .pop()
            .ok_or_else(|| CommandError::new(Exit::Bug, "there is no release to go to"))?;
        Ok(Planned {
            deployment: end.deployment,
            artifacts: end.artifacts,
            stages,
            plan,
        })
    }
}

/// Reads the version that the history says is installed.
pub fn installed_version(history: &History) -> Option<String> {
    let installed = history.installed.as_ref()?;
    installed
        .deployment
        .get("version")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// Reads the deployment that the history says is installed.
///
/// # Errors
/// When it was written by a version of Landfall whose format this one cannot read.
pub fn installed_deployment(history: &History) -> Result<Option<Deployment>> {
    let Some(installed) = &history.installed else {
        return Ok(None);
    };
    serde_json::from_value(installed.deployment.clone())
        .map(Some)
        .map_err(|error| {
            CommandError::from_error(Exit::Failed, &error).hint(format!(
                "the installation was made by another version of landfall (run {})",
                installed.run
            ))
        })
}

fn lock_wait(context: &Context) -> Result<Duration> {
    let text = &context.global.lock_wait;
    text.parse::<crate::license::Period>()
        .ok()
        .and_then(|period| Duration::try_from(period.duration()).ok())
        .ok_or_else(|| {
            CommandError::new(
                Exit::Usage,
                format!("--lock-wait takes a duration such as 90s or 10m, not `{text}`"),
            )
        })
}
