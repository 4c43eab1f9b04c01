//! The supervisor itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::future::join_all;
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

use super::error::SupervisorError;
use super::layout::Layout;
use super::log::RotatingLog;
use super::order::generations;
use super::process::{end_leftovers, reap_orphans};
use super::protocol::{UnitState, UnitStatus};
use super::spec::UnitSpec;
use super::unit::{Order, Unit, chain, status};

/// Says how a supervisor is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folder, an absolute path.
    pub dir: Utf8PathBuf,
    /// Where `etc/passwd` is looked for; `/` but in tests.
    pub root: Utf8PathBuf,
    /// Whether it owns its process: takes a session of its own, adopts and reaps orphans, and listens for signals
    /// (SIGTERM and SIGINT stop everything, SIGHUP reads the unit files again).
    pub owns_process: bool,
}

impl Options {
    /// Returns what a daemon uses.
    pub fn daemon(dir: impl Into<Utf8PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            root: "/".into(),
            owns_process: true,
        }
    }
}

/// Looks after the units of a folder until it is told to shut down.
///
/// Units that should be up are started in order; those that an earlier supervisor left running are ended first. On
/// shutdown all are stopped in reverse order, and come back with the next supervisor.
pub async fn run(options: Options) -> Result<(), SupervisorError> {
    let layout = Layout::new(&options.dir);
    layout.create()?;
    let _lock = take_lock(&layout.lock()).await?;
    if options.owns_process {
        // Fails only for a process that leads its group already, and then a terminal is none of its business.
        let _ = rustix::process::setsid();
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        tokio::spawn(reap());
    }
    let listener = listen(&layout)?;
    let daemon = Arc::new(Daemon::new(layout, options.root)?);
    if options.owns_process {
        tokio::spawn(Arc::clone(&daemon).hear(Signals::register()?));
    }
    tokio::spawn(Arc::clone(&daemon).bring_up());
    let mut over = daemon.over.subscribe();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(tokio::spawn(Arc::clone(&daemon).converse(stream))),
                // Out of descriptors, most likely; it passes.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            _ = async { over.wait_for(|over| *over).await.is_ok() } => break,
        }
    }
    let _ = fs_err::remove_file(daemon.layout.socket());
    // The answer to the request that ended us is still on its way.
    sleep(Duration::from_millis(50)).await;
    Ok(())
}

/// Takes the lock of the folder; a supervisor that is just going away gets a moment to do so.
async fn take_lock(path: &Utf8Path) -> Result<File, SupervisorError> {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    let file = file.map_err(SupervisorError::file("open", path))?;
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => sleep(Duration::from_millis(50)).await,
            Err(std::fs::TryLockError::Error(source)) => {
                return Err(SupervisorError::file("lock", path)(source));
            }
        }
    }
    Err(SupervisorError::Held(path.to_owned()))
}

fn listen(layout: &Layout) -> Result<UnixListener, SupervisorError> {
    let path = layout.socket();
    // Whoever holds the lock owns the socket, so one that is there is a dead supervisor's.
    let _ = fs_err::remove_file(&path);
    let listener = layout
        .with_socket(UnixListener::bind)
        .map_err(SupervisorError::file("listen at", &path))?;
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
        .map_err(SupervisorError::file("protect", &path))?;
    Ok(listener)
}

async fn reap() {
    let mut seen = Vec::new();
    loop {
        sleep(Duration::from_secs(2)).await;
        seen = reap_orphans(&seen);
    }
}

struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn register() -> Result<Self, SupervisorError> {
        let register = |kind| signal(kind).map_err(SupervisorError::Signals);
        Ok(Self {
            terminate: register(SignalKind::terminate())?,
            interrupt: register(SignalKind::interrupt())?,
            hang_up: register(SignalKind::hangup())?,
        })
    }
}

pub(super) struct Daemon {
    pub(super) layout: Layout,
    root: Utf8PathBuf,
    pub(super) units: Mutex<BTreeMap<String, Known>>,
    pub(super) enabled: Mutex<BTreeSet<String>>,
    /// Leftovers are gone, so units may start.
    ready: watch::Sender<bool>,
    over: watch::Sender<bool>,
    /// Everything is being stopped, so nothing starts any more.
    pub(super) closing: AtomicBool,
    log: Mutex<RotatingLog>,
}

/// A unit file that was read, or cannot be used.
#[derive(Clone)]
pub(super) enum Known {
    Good(Box<UnitSpec>, Unit),
    Bad(UnitStatus),
}

impl Daemon {
    fn new(layout: Layout, root: Utf8PathBuf) -> Result<Self, SupervisorError> {
        let daemon = Self {
            enabled: Mutex::new(layout.read_enabled()?),
            log: Mutex::new(RotatingLog::new(layout.own_log())),
            layout,
            root,
            units: Mutex::default(),
            ready: watch::Sender::new(false),
            over: watch::Sender::new(false),
            closing: AtomicBool::new(false),
        };
        for (name, read) in daemon.layout.read_units()? {
            let known = daemon.know(&name, read);
            lock(&daemon.units).insert(name, known);
        }
        Ok(daemon)
    }

    pub(super) fn know(&self, name: &str, read: Result<UnitSpec, SupervisorError>) -> Known {
        match read {
            Ok(spec) => {
                let unit = Unit::keep(spec.clone(), self.layout.clone(), self.root.clone());
                Known::Good(Box::new(spec), unit)
            }
            Err(error) => {
                self.note(&format!("{name}: {}", chain(&error)));
                Known::Bad(UnitStatus {
                    last_exit: Some(chain(&error)),
                    ..status(name, UnitState::Failed)
                })
            }
        }
    }

    fn note(&self, text: &str) {
        lock(&self.log).append(format!("{} {text}\n", jiff::Timestamp::now()).as_bytes());
    }

    async fn hear(self: Arc<Self>, mut signals: Signals) {
        loop {
            tokio::select! {
                _ = signals.terminate.recv() => self.shut_down().await,
                _ = signals.interrupt.recv() => self.shut_down().await,
                _ = signals.hang_up.recv() => drop(self.reload().await),
            }
        }
    }

    async fn bring_up(self: Arc<Self>) {
        self.note(&format!("supervisor {} started", std::process::id()));
        let specs: Vec<UnitSpec> = self.good().into_values().map(|(spec, _)| spec).collect();
        for name in end_leftovers(&self.layout, &specs).await {
            self.note(&format!(
                "{name}: ended what an earlier supervisor had left running"
            ));
        }
        self.ready.send_replace(true);
        let enabled = lock(&self.enabled).clone();
        let units = self
            .good()
            .into_iter()
            .filter(|(name, _)| enabled.contains(name))
            .collect();
        for generation in self.order(&units) {
            join_all(generation.iter().map(|name| async {
                if let Some((_, unit)) = units.get(name)
                    && lock(&self.enabled).contains(name)
                    && !self.closing.load(Ordering::SeqCst)
                {
                    self.tell(unit, "start", Order::Start).await;
                }
            }))
            .await;
        }
    }

    pub(super) async fn shut_down(&self) {
        self.wait_until_ready().await;
        self.closing.store(true, Ordering::SeqCst);
        let units = self.good();
        for generation in self.order(&units).into_iter().rev() {
            join_all(
                generation
                    .iter()
                    .filter_map(|name| units.get(name))
                    .map(|(_, unit)| async {
                        if unit.status().state != UnitState::Stopped {
                            self.tell(unit, "stop", Order::Stop).await;
                        }
                    }),
            )
            .await;
        }
        self.note("supervisor ended");
        self.over.send_replace(true);
    }

    pub(super) async fn tell(
        &self,
        unit: &Unit,
        what: &str,
        order: impl FnOnce(tokio::sync::oneshot::Sender<UnitStatus>) -> Order,
    ) -> UnitStatus {
        let status = unit.tell(order).await;
        let exit = status
            .last_exit
            .as_deref()
            .map(|exit| format!(", last exit: {exit}"))
            .unwrap_or_default();
        self.note(&format!("{}: {what}: {}{exit}", status.name, status.state));
        status
    }

    fn good(&self) -> BTreeMap<String, (UnitSpec, Unit)> {
        let good = |(name, known): (&String, &Known)| match known {
            Known::Good(spec, unit) => Some((name.clone(), (UnitSpec::clone(spec), unit.clone()))),
            Known::Bad(_) => None,
        };
        lock(&self.units).iter().filter_map(good).collect()
    }

    fn order(&self, units: &BTreeMap<String, (UnitSpec, Unit)>) -> Vec<Vec<String>> {
        let after = units
            .iter()
            .map(|(name, (spec, _))| (name.clone(), spec.after.clone()))
            .collect();
        generations(&after).unwrap_or_else(|error| {
            self.note(&chain(&error));
            vec![units.keys().cloned().collect()]
        })
    }

    pub(super) async fn wait_until_ready(&self) {
        // The sender lives in `self`, so this ends only when it is so.
        let _ = self.ready.subscribe().wait_for(|ready| *ready).await;
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
