//! The same pipeline as the binary's, in this process, so that a step can be made to fail, repeat or be cut short.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use camino::Utf8PathBuf;
use landfall::deployment::{Answers, Deployment, resolve};
use landfall::drivers::{self, Intent, World};
use landfall::journal::{Clock, Holder, Installation, LockTerms, NewRun, RunId, StepOutput, open_store};
use landfall::oci::ImageSource;
use landfall::plan::{Plan, Purpose, Step};
use landfall::product::{Catalog, ImageOrigin, ReleaseImage};
use landfall::render::Artifacts;
use landfall::run::{
    Cancel, Direction, Engine, Events, Level, Outcome, Performer, StepContext, StepError, StepOutcome,
    UndoError,
};
use landfall::tools::{ALLOWED_ENVIRONMENT, CancelToken, allowed_environment};

use super::{Ground, POSTGRES};

static RANDOM: AtomicU16 = AtomicU16::new(0);

/// Runs the pipeline for a ground.
pub struct Library<'a> {
    ground: &'a Ground,
    runtime: tokio::runtime::Runtime,
    /// How plans are carried out.
    pub engine: Engine,
}

/// What goes wrong, and at which step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The step fails before it has done anything.
    FailBefore,
    /// The step does its work and fails then.
    FailAfter,
    /// As [`Self::FailAfter`], and everything is taken back twice.
    TakeBackTwice,
    /// The step is done twice, and each of the two must succeed.
    Twice,
    /// The run is told to stop while the step is at work.
    Soft,
    /// The run is stopped with force, so many milliseconds after the step began.
    Force(u64),
}

/// Trouble at one step, or at every one.
#[derive(Debug, Clone)]
pub struct Script {
    /// The step; every one unless given.
    pub step: Option<String>,
    /// What goes wrong there.
    pub trouble: Trouble,
}

struct Troubled {
    real: drivers::Performer,
    script: Option<Script>,
}

#[async_trait]
impl Performer for Troubled {
    async fn perform(&self, step: &Step, cx: &StepContext) -> Result<StepOutcome, StepError> {
        let here = self.script.as_ref().filter(|script| {
            script
                .step
                .as_deref()
                .is_none_or(|wanted| wanted == step.id.as_str())
        });
        match here.map(|script| script.trouble) {
            None => self.real.perform(step, cx).await,
            Some(Trouble::FailBefore) => Err(StepError::new("the test lets it fail before")),
            Some(Trouble::FailAfter | Trouble::TakeBackTwice) => {
                self.real.perform(step, cx).await?;
                Err(StepError::new("the test lets it fail after"))
            }
            Some(Trouble::Twice) => {
                self.real.perform(step, cx).await?;
                self.real.perform(step, cx).await
            }
            Some(Trouble::Soft) => {
                cx.cancel().raise(Level::Soft);
                self.real.perform(step, cx).await
            }
            Some(Trouble::Force(milliseconds)) => {
                let cancel = cx.cancel().clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                    cancel.raise(Level::Forced);
                });
                self.real.perform(step, cx).await
            }
        }
    }

    async fn revert(
        &self,
        step: &Step,
        output: Option<&StepOutput>,
        cx: &StepContext,
    ) -> Result<(), UndoError> {
        let twice = self
            .script
            .as_ref()
            .is_some_and(|script| script.trouble == Trouble::TakeBackTwice);
        if twice {
            self.real.revert(step, output, cx).await?;
        }
        self.real.revert(step, output, cx).await
    }
}

/// Everything that a run is begun with.
struct Planned {
    deployment: Deployment,
    artifacts: Artifacts,
    plan: Plan,
}

impl<'a> Library<'a> {
    /// Prepares for a ground.
    pub fn new(ground: &'a Ground) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let engine = Engine {
            undo_waits: vec![Duration::from_millis(100)],
            ..Engine::default()
        };
        Self {
            ground,
            runtime,
            engine,
        }
    }

    fn world(&self) -> World {
        let path = format!("{POSTGRES}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        let all = BTreeMap::from([
            ("PATH".to_owned(), path.clone()),
            ("HOME".to_owned(), self.ground.path("home").into_string()),
        ]);
        World {
            program: env!("CARGO_BIN_EXE_landfall").into(),
            environment: allowed_environment(all.clone(), ALLOWED_ENVIRONMENT),
            given: Arc::new(all),
            answers: self.ground.path(""),
            answers_file: self.ground.path("landfall.yaml"),
            path: path.split(':').map(Utf8PathBuf::from).collect(),
            images: Arc::new(|image: &ReleaseImage| match &image.source {
                ImageOrigin::Layout(path) => ImageSource::layout(path.as_str()),
                ImageOrigin::Registry => panic!("the sample's images lie in a layout"),
            }),
            workspace: self.ground.path(".landfall"),
            clusters: landfall::drivers::kubernetes::Clusters::default(),
            roots: landfall::drivers::aws::Roots::default(),
            cancel: CancelToken::new(),
        }
    }

    fn installation(&self) -> Installation {
        let state = self.ground.path(".landfall");
        let store = open_store(state.as_str(), &BTreeMap::new()).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(jiff::Timestamp::now);
        Installation::new(store, &self.ground.name, clock, LockTerms::default()).unwrap()
    }

    async fn plan(&self, purpose: Purpose) -> Planned {
        let file = self.ground.path("landfall.yaml");
        let text = fs_err::read_to_string(&file).unwrap();
        let answers = Answers::parse(file.as_str(), &text).unwrap();
        let catalog = Catalog {
            folders: Vec::new(),
            data: Some(self.ground.path("data")),
        };
        let entry = catalog.open("sample").unwrap();
        let (release, _) = entry.release(answers.content.release.as_ref()).unwrap();
        let deployment = resolve(&entry, &release, &answers).unwrap();
        let artifacts = drivers::render(&deployment).unwrap();
        let history = self.installation().history().await.unwrap();
        let installed = history
            .installed
            .and_then(|installed| Some(installed.deployment.get("version")?.as_str()?.to_owned()));
        let observed = drivers::observe(
            &self.world(),
            &deployment,
            &artifacts,
            installed.as_deref(),
            &drivers::Edits::default(),
        )
        .await
        .unwrap();
        let intent = Intent { purpose, data: false };
        let plan = drivers::plan(intent, &deployment, &artifacts, observed).unwrap();
        Planned {
            deployment,
            artifacts,
            plan,
        }
    }

    /// Lists the steps of a plan.
    pub fn steps(&self, purpose: Purpose) -> Vec<String> {
        let plan = self.runtime.block_on(self.plan(purpose)).plan;
        plan.steps.iter().map(|step| step.id.to_string()).collect()
    }

    /// Plans and runs, with trouble.
    pub fn run(&self, purpose: Purpose, script: Option<Script>) -> Outcome {
        self.runtime.block_on(async {
            let planned = self.plan(purpose).await;
            let installation = self.installation();
            let holder = Holder::here("tester", purpose.verb(), jiff::Timestamp::now());
            let mut lock = installation.lock(holder).await.unwrap();
            let id = installation
                .new_run_id(RANDOM.fetch_add(1, Ordering::Relaxed).to_be_bytes())
                .await
                .unwrap();
            let files = planned.artifacts.iter();
            let new = NewRun {
                id: id.clone(),
                argv: vec!["test".to_owned()],
                parent: None,
                plan: planned.plan,
                deployment: planned.deployment.to_yaml(),
                artifacts: files
                    .map(|(path, artifact)| (path.clone(), Bytes::from(artifact.text.clone())))
                    .collect(),
                stages: BTreeMap::new(),
            };
            let mut journal = installation.begin(new, &mut lock.guard).await.unwrap();
            let performer = self.performer(planned.deployment, planned.artifacts, &id, script);
            let outcome = self
                .engine
                .run(&mut journal, performer, &Events::none(), &Cancel::new())
                .await;
            lock.guard.release().await.unwrap();
            outcome.unwrap()
        })
    }

    /// Goes on with the unfinished run.
    pub fn resume(&self, script: Option<Script>) -> Outcome {
        self.runtime.block_on(async {
            let installation = self.installation();
            let holder = Holder::here("tester", "resume", jiff::Timestamp::now());
            let mut lock = installation.lock(holder).await.unwrap();
            let id = installation
                .history()
                .await
                .unwrap()
                .unfinished
                .expect("a run is unfinished");
            let deployment = Deployment::from_yaml(&installation.deployment(&id).await.unwrap()).unwrap();
            let mut artifacts = Artifacts::default();
            for (path, text) in installation.artifacts(&id).await.unwrap() {
                artifacts.add(path, String::from_utf8(text.to_vec()).unwrap());
            }
            let mut journal = installation.open(&id, &mut lock.guard).await.unwrap();
            let performer = self.performer(deployment, artifacts, &id, script);
            let (events, cancel) = (Events::none(), Cancel::new());
            let outcome = self
                .engine
                .take_up(
                    &mut journal,
                    performer,
                    &events,
                    &cancel,
                    ("tester@here", Direction::On),
                )
                .await;
            lock.guard.release().await.unwrap();
            outcome.unwrap()
        })
    }

    fn performer(
        &self,
        deployment: Deployment,
        artifacts: Artifacts,
        id: &RunId,
        script: Option<Script>,
    ) -> Arc<dyn Performer> {
        let end = drivers::Work {
            deployment,
            artifacts,
        };
        let real = drivers::Performer::new(self.world(), end, BTreeMap::new(), id.as_str());
        Arc::new(Troubled { real, script })
    }
}
