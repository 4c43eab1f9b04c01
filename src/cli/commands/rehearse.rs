//! `landfall upgrade --rehearse`: the upgrade beside what runs, on a copy of its data.

use std::collections::BTreeSet;
use std::net::TcpListener;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::execute::{Extra, begin_with, lock, recorded};
use crate::cli::exit::Exit;
use crate::cli::session::{Aim, Planned, Session};
use crate::deployment::{Deployment, beside, name_beside};
use crate::drivers::{self, Intent, Stage, Work};
use crate::journal::{Installation, RecordKind, RecordedRun};
use crate::plan::{Action, Purpose};

/// Tries an upgrade out and removes everything it made, whatever came of it.
///
/// # Errors
/// When it cannot be tried out at all, or does not go well.
pub async fn run(
    session: &Session,
    installation: &Installation,
    live: &Deployment,
    stages: &[Stage],
) -> Result {
    let context = &session.context;
    // What goes to standard output is the report alone.
    let session = &session.without_output();
    let place = place(live)?;
    // The lock of the live installation: what is copied must not be changed meanwhile.
    let held = lock(session, installation, "rehearsal").await?;
    let copy = Copy::new(session, &place, stages)?;
    copy.remove(session).await?;
    let result = copy.rehearse(session, live).await;
    let removed = copy.remove(session).await;
    held.guard.release().await?;
    let run = result?;
    removed?;
    report(context, live, &run)
}

/// The throw-away installation.
struct Copy {
    stages: Vec<Stage>,
    installation: Installation,
    root: Utf8PathBuf,
}

/// Finds where the copy lies: below the live installation, on the disk that its data needs anyway.
fn place(live: &Deployment) -> Result<Utf8PathBuf> {
    let hosts = live
        .parts
        .values()
        .filter(|part| part.target == Some(crate::product::Target::Host));
    let root = hosts.filter_map(|part| part.options.get("root")?.as_str()).next();
    root.map(|root| Utf8Path::new(root).join("rehearsal"))
        .ok_or_else(|| {
            CommandError::new(
                Exit::Input,
                "nothing of this installation runs on a host, so nothing can be rehearsed here",
            )
        })
}

impl Copy {
    fn new(session: &Session, root: &Utf8Path, stages: &[Stage]) -> Result<Self> {
        let entry = session.product()?;
        let mut taken = BTreeSet::new();
        let answers = beside(entry.product(), &session.answers.content, root, || {
            free_port(&mut taken)
        });
        let session = session.with_answers(answers);
        let mut copies = Vec::new();
        for stage in stages {
            let deployment = session
                .deployment_of(Some(&stage.deployment.version))
                .map_err(|error| error.hint("a rehearsal needs a database of its own on this machine"))?;
            let artifacts = drivers::render(&deployment)?;
            let data = stage.data.clone();
            copies.push(Stage {
                deployment,
                artifacts,
                data,
                edits: drivers::Edits::default(),
            });
        }
        Ok(Self {
            installation: session.installation_at(state(root).as_str())?,
            stages: copies,
            root: root.to_owned(),
        })
    }

    async fn rehearse(&self, session: &Session, live: &Deployment) -> Result<RecordedRun> {
        let world = session.context.world()?;
        let observed = drivers::observe_stages(&world, &self.stages, None).await?;
        let plan = drivers::plan_rehearsal(live, &self.stages, observed)?;
        let (end, on_the_way) = self
            .stages
            .split_last()
            .ok_or_else(|| CommandError::new(Exit::Bug, "there is no release to rehearse"))?;
        let planned = Planned {
            deployment: end.deployment.clone(),
            artifacts: end.artifacts.clone(),
            stages: on_the_way.to_vec(),
            plan,
        };
        let held = lock(session, &self.installation, "rehearsal").await?;
        let work = Work {
            deployment: live.clone(),
            artifacts: drivers::render(live)?,
        };
        let extra = Extra {
            version: live.version.to_string(),
            work,
        };
        begin_with(session, &self.installation, held, planned, Some(extra)).await?;
        let last = self.installation.runs().await?.pop();
        let last = last.ok_or_else(|| CommandError::new(Exit::Bug, "the rehearsal was not recorded"))?;
        Ok(self.installation.read(&last).await?)
    }

    /// Stops and removes everything of the copy, what an earlier one left included.
    async fn remove(&self, session: &Session) -> Result<()> {
        let first = self.stages.first().filter(|_| self.root.exists());
        if let Some(first) = first {
            remove(session, &self.installation, &first.deployment, &self.root).await?;
        }
        forget(&self.root)
    }
}

/// Stops and removes everything of a copy but its record.
async fn remove(
    session: &Session,
    installation: &Installation,
    copy: &Deployment,
    root: &Utf8Path,
) -> Result<()> {
    let intent = Intent {
        purpose: Purpose::Destroy,
        data: true,
    };
    let history = crate::journal::History::default();
    let aim = Aim::Here(intent, Box::new(copy.clone()));
    let planned = session.plan(&aim, &history).await?;
    let held = lock(session, installation, "rehearsal").await?;
    session.context.say("removing the copy");
    let exit = begin_with(session, installation, held, planned, None).await?;
    if exit == Exit::Done {
        return Ok(());
    }
    let message = format!("the copy could not be removed: {root}");
    Err(CommandError::new(exit, message)
        .hint("nothing of the live installation was touched; rehearse again to try once more"))
}

/// Names where the record of a copy lies.
fn state(root: &Utf8Path) -> Utf8PathBuf {
    format!("{root}.state").into()
}

fn forget(root: &Utf8Path) -> Result<()> {
    let state = state(root);
    if state.exists() {
        fs_err::remove_dir_all(&state).map_err(|error| CommandError::from_error(Exit::Failed, &error))?;
    }
    Ok(())
}

/// Finds the copy that a rehearsal left when it was killed.
pub fn left(live: &Deployment) -> Option<Utf8PathBuf> {
    place(live).ok().filter(|root| root.exists())
}

/// Removes the copy that a rehearsal left when it was killed.
///
/// # Errors
/// When it cannot be removed.
pub async fn clear(session: &Session, live: &Deployment) -> Result<()> {
    let Some(root) = left(live) else {
        return Ok(());
    };
    let mut answers = session.answers.content.clone();
    answers.name = name_beside(&live.name);
    let session = session.with_answers(answers).without_output();
    let installation = session.installation_at(state(&root).as_str())?;
    // Without a record it never came to anything that runs.
    if let Some(run) = installation.runs().await?.pop() {
        let copy = recorded(&installation, &run).await?.deployment;
        remove(&session, &installation, &copy, &root).await?;
    }
    forget(&root)
}

fn free_port(taken: &mut BTreeSet<u16>) -> u16 {
    loop {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .map_or(0, |address| address.port());
        if taken.insert(port) {
            return port;
        }
    }
}

/// Says how it went: what took how long, and what failed.
fn report(context: &Context, live: &Deployment, run: &RecordedRun) -> Result {
    let succeeded = run.state.finish() == Some(&crate::journal::Finish::Succeeded);
    let failure = run
        .state
        .failure()
        .map(|(step, error)| format!("step `{step}` failed: {error}"));
    let migrations: Vec<(String, SignedDuration)> = run
        .plan
        .steps
        .iter()
        .filter(|step| matches!(step.action, Action::Migrate { .. }))
        .filter_map(|step| Some((step.title.clone(), took(run, &step.id)?)))
        .collect();
    let told = migrations
        .iter()
        .map(|(title, took)| json!({ "step": title, "seconds": took.as_secs_f64() }));
    let value = json!({
        "rehearsal": run.plan.release, "succeeded": succeeded, "failure": failure,
        "migrations": told.collect::<Vec<_>>(), "live": live.version,
    });
    context.show(&value, || {
        let mut text = String::new();
        for (title, took) in &migrations {
            text.push_str(&format!("{title}: {:.1} s\n", took.as_secs_f64()));
        }
        text
    });
    if succeeded {
        context.say(format!(
            "the rehearsal went well: {} came up healthy on a copy of the data; {} {} was not touched",
            run.plan.release, live.title, live.version
        ));
        return Ok(Exit::Done);
    }
    let why = failure.unwrap_or_else(|| "it was interrupted".to_owned());
    Err(CommandError::new(
        Exit::Failed,
        format!("the rehearsal of {} did not go well: {why}", run.plan.release),
    )
    .hint(format!(
        "{} {} runs on and was not touched; tell your vendor",
        live.title, live.version
    )))
}

/// Returns how long a step took, or was at work until it failed.
fn took(run: &RecordedRun, id: &crate::plan::StepId) -> Option<SignedDuration> {
    let at = |wanted: fn(&RecordKind) -> bool| -> Option<Timestamp> {
        let of_step =
            |record: &&crate::journal::Record| record.kind.step() == Some(id) && wanted(&record.kind);
        run.records.iter().find(of_step).map(|record| record.at)
    };
    let began = at(|kind| matches!(kind, RecordKind::StepStarted { .. }))?;
    let ended = at(|kind| {
        matches!(
            kind,
            RecordKind::StepSucceeded { .. } | RecordKind::StepFailed { .. }
        )
    })?;
    Some(ended.duration_since(began))
}
