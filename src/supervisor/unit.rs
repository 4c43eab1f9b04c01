//! Keeping one unit: a task that owns its process.

use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::time::Duration;

use camino::Utf8PathBuf;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::error::SupervisorError;
use super::layout::Layout;
use super::log::RotatingLog;
use super::process::{Identity, MARK, kill_strays, mark};
use super::protocol::{UnitState, UnitStatus};
use super::spec::{UnitSpec, read_environment};
use crate::tools::{Invocation, Started, describe, find_account};

/// How long a process must live to count as started.
const SETTLE: Duration = Duration::from_millis(300);

type Reply = oneshot::Sender<UnitStatus>;

/// What a keeper is told.
pub(super) enum Order {
    Start(Reply),
    Stop(Reply),
    Restart(Reply),
    /// Use another specification from the next start on.
    Replace(Box<UnitSpec>),
}

/// Speaks to the task that keeps a unit. When dropped, the unit is stopped.
#[derive(Clone)]
pub(super) struct Unit {
    orders: mpsc::Sender<Order>,
    status: watch::Receiver<UnitStatus>,
}

impl Unit {
    /// Begins to keep a unit; it is not started yet.
    pub(super) fn keep(spec: UnitSpec, layout: Layout, accounts: Utf8PathBuf) -> Self {
        let (orders, inbox) = mpsc::channel(16);
        let (sender, status) = watch::channel(status(&spec.name, UnitState::Stopped));
        let keeper = Keeper {
            spec,
            layout,
            accounts,
            inbox,
            status: sender,
            wanted: false,
            failures: 0,
            waiting: Vec::new(),
        };
        tokio::spawn(keeper.work());
        Self { orders, status }
    }

    pub(super) fn status(&self) -> UnitStatus {
        self.status.borrow().clone()
    }

    /// Gives an order and waits for what came of it.
    pub(super) async fn tell(&self, order: impl FnOnce(Reply) -> Order) -> UnitStatus {
        let (reply, answer) = oneshot::channel();
        if self.orders.send(order(reply)).await.is_err() {
            return self.status();
        }
        answer.await.unwrap_or_else(|_| self.status())
    }

    pub(super) async fn replace(&self, spec: UnitSpec) {
        // A keeper ends only after its last handle is gone.
        let _ = self.orders.send(Order::Replace(Box::new(spec))).await;
    }
}

/// Makes the status of a unit that has no process.
pub(super) fn status(name: &str, state: UnitState) -> UnitStatus {
    UnitStatus {
        name: name.to_owned(),
        state,
        pid: None,
        restarts: 0,
        since: Some(jiff::Timestamp::now()),
        last_exit: None,
    }
}

struct Keeper {
    spec: UnitSpec,
    layout: Layout,
    accounts: Utf8PathBuf,
    inbox: mpsc::Receiver<Order>,
    status: watch::Sender<UnitStatus>,
    wanted: bool,
    failures: u32,
    waiting: Vec<Reply>,
}

/// Why a process is no longer watched.
enum Outcome {
    /// It ended by itself.
    Ended(String, bool),
    /// It was stopped, to stay down or to start again.
    Stopped,
    /// Nobody holds a handle any more.
    Abandoned,
}

impl Keeper {
    async fn work(mut self) {
        loop {
            if !self.wanted {
                let Some(order) = self.inbox.recv().await else {
                    return;
                };
                self.take_while_down(order);
                continue;
            }
            let begin = Instant::now();
            let outcome = match self.start() {
                Ok(started) => self.watch(started).await,
                Err(error) => Outcome::Ended(chain(&error), false),
            };
            match outcome {
                Outcome::Abandoned => return,
                Outcome::Stopped => {}
                Outcome::Ended(how, fine) if self.spec.one_shot => {
                    self.wanted = false;
                    let state = if fine {
                        UnitState::Stopped
                    } else {
                        UnitState::Failed
                    };
                    self.change(state, None, Some(how));
                    self.answer();
                }
                Outcome::Ended(how, _) => {
                    if begin.elapsed() >= Duration::from_secs(self.spec.restart.reset_after_s) {
                        self.failures = 0;
                    }
                    self.failures = self.failures.saturating_add(1);
                    self.change(UnitState::Backoff, None, Some(how));
                    self.answer();
                    if !self.pause().await {
                        return;
                    }
                }
            }
        }
    }

    fn take_while_down(&mut self, order: Order) {
        match order {
            Order::Start(reply) | Order::Restart(reply) => self.want(reply),
            Order::Stop(reply) => {
                self.wanted = false;
                self.change(UnitState::Stopped, None, None);
                let _ = reply.send(self.status.borrow().clone());
            }
            Order::Replace(spec) => self.spec = *spec,
        }
    }

    fn want(&mut self, reply: Reply) {
        self.wanted = true;
        self.failures = 0;
        self.status.send_modify(|status| status.restarts = 0);
        self.waiting.push(reply);
    }

    fn start(&mut self) -> Result<Started, SupervisorError> {
        let unit = self.spec.name.clone();
        let pipe = |source| SupervisorError::File {
            action: "make a pipe for",
            path: unit.clone().into(),
            source,
        };
        let (reader, writer) = std::io::pipe().map_err(pipe)?;
        let started = self
            .invocation()?
            .start(OwnedFd::from(writer))
            .map_err(SupervisorError::tool(format!("start unit `{unit}`")))?;
        let identity = i32::try_from(started.pid()).ok().and_then(Identity::of);
        if let Some(identity) = identity
            && let Err(error) = identity.write(&self.layout.pid_file(&unit))
        {
            // Unknown to a later supervisor it must not run; its mark in the environment is only the second net.
            started.kill_group();
            return Err(error);
        }
        let log = RotatingLog::new(self.layout.log(&self.spec));
        let reader = Receiver::from_owned_fd(OwnedFd::from(reader)).map_err(pipe)?;
        tokio::spawn(write_log(reader, log));
        Ok(started)
    }

    fn invocation(&self) -> Result<Invocation, SupervisorError> {
        let spec = &self.spec;
        let (program, arguments) = spec
            .exec
            .split_first()
            .ok_or_else(|| SupervisorError::InvalidUnit {
                unit: spec.name.clone(),
                reason: "`exec` is empty".to_owned(),
            })?;
        let mut call = Invocation::new(program, format!("starting unit `{}`", spec.name))
            .args(arguments)
            .directory(spec.working_directory.clone().unwrap_or_else(|| "/".into()))
            .inherit(&spec.environment)
            .env(MARK, mark(&self.layout, Some(&spec.name)));
        for path in &spec.environment_files {
            for (name, value) in read_environment(path)? {
                call = call.secret_env(name, value);
            }
        }
        if let Some(count) = spec.limits.open_files {
            call = call.open_files(count);
        }
        // Only root may become somebody else; a supervisor of a plain user's runs units as that user.
        if let Some(user) = spec
            .user
            .as_ref()
            .filter(|_| rustix::process::geteuid().is_root())
        {
            let account = find_account(user, &self.accounts)
                .map_err(SupervisorError::tool(format!("start unit `{}`", spec.name)))?;
            if account.uid != 0 {
                call = call.run_as(&account);
            }
        }
        Ok(call)
    }

    async fn watch(&mut self, mut started: Started) -> Outcome {
        self.change(UnitState::Running, Some(started.pid()), None);
        let settled = Instant::now() + SETTLE;
        loop {
            let settles = !self.waiting.is_empty() && !self.spec.one_shot;
            tokio::select! {
                status = started.wait() => {
                    self.clean_up(&started);
                    let fine = status.as_ref().is_ok_and(ExitStatus::success);
                    return Outcome::Ended(status.map_or_else(|error| error.to_string(), describe), fine);
                }
                () = sleep_until(settled), if settles => self.answer(),
                order = self.inbox.recv() => match order {
                    Some(Order::Start(reply)) => self.waiting.push(reply),
                    Some(Order::Replace(spec)) => self.spec = *spec,
                    Some(Order::Restart(reply)) => {
                        self.stop(started).await;
                        self.want(reply);
                        return Outcome::Stopped;
                    }
                    Some(Order::Stop(reply)) => {
                        self.wanted = false;
                        self.stop(started).await;
                        self.answer();
                        let _ = reply.send(self.status.borrow().clone());
                        return Outcome::Stopped;
                    }
                    None => {
                        self.stop(started).await;
                        return Outcome::Abandoned;
                    }
                },
            }
        }
    }

    /// Asks the process to stop, waits, and kills what is left of its group.
    async fn stop(&self, mut started: Started) {
        started.signal(self.spec.stop.signal);
        let grace = Duration::from_secs(self.spec.stop.grace_seconds);
        let status = match timeout(grace, started.wait()).await {
            Ok(status) => status,
            Err(_) => {
                started.kill_group();
                started.wait().await
            }
        };
        self.clean_up(&started);
        self.change(
            UnitState::Stopped,
            None,
            Some(status.map_or_else(|error| error.to_string(), describe)),
        );
    }

    /// Waits before the next start; returns false when nobody holds a handle any more.
    async fn pause(&mut self) -> bool {
        let until = Instant::now() + self.spec.restart.pause(self.failures);
        while self.wanted {
            tokio::select! {
                () = sleep_until(until) => {
                    self.status.send_modify(|status| status.restarts += 1);
                    return true;
                }
                order = self.inbox.recv() => match order {
                    None => return false,
                    Some(order) => {
                        let at_once = matches!(order, Order::Start(_) | Order::Restart(_));
                        self.take_while_down(order);
                        if at_once {
                            return true;
                        }
                    }
                },
            }
        }
        true
    }

    fn change(&self, state: UnitState, pid: Option<u32>, last_exit: Option<String>) {
        self.status.send_modify(|status| {
            if status.state != state || status.pid != pid {
                status.since = Some(jiff::Timestamp::now());
            }
            (status.state, status.pid) = (state, pid);
            if last_exit.is_some() {
                status.last_exit = last_exit;
            }
        });
    }

    fn answer(&mut self) {
        for reply in self.waiting.drain(..) {
            let _ = reply.send(self.status.borrow().clone());
        }
    }

    /// Kills what the process leaves behind, so that the next start finds ports and files free.
    fn clean_up(&self, started: &Started) {
        started.kill_group();
        kill_strays(&self.layout, &self.spec.name);
        // A pid file of a process that is gone does no harm.
        let _ = fs_err::remove_file(self.layout.pid_file(&self.spec.name));
    }
}

async fn write_log(mut reader: Receiver, mut log: RotatingLog) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer).await {
            Ok(0) => return,
            Ok(count) => log.append(&buffer[..count]),
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Writes an error with its causes in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
