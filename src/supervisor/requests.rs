//! Answering what is asked over the control socket.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::daemon::{Daemon, Known, lock};
use super::error::SupervisorError;
use super::protocol::{Answer, Request, UnitStatus};
use super::unit::{Order, chain};

impl Daemon {
    pub(super) async fn converse(self: Arc<Self>, stream: UnixStream) {
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match serde_json::from_str(&line) {
                Ok(request) => self.answer(request).await,
                Err(error) => Answer::Refused {
                    reason: format!("not a request: {error}"),
                },
            };
            let Ok(mut text) = serde_json::to_string(&answer) else {
                return;
            };
            text.push('\n');
            if writer.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    async fn answer(&self, request: Request) -> Answer {
        match request {
            Request::Ping => Answer::Pong {
                pid: std::process::id(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            Request::Status => Answer::Units {
                units: self.statuses(),
            },
            Request::Start { unit } => self.order_unit(&unit, true, "start", Order::Start).await,
            Request::Stop { unit } => self.order_unit(&unit, false, "stop", Order::Stop).await,
            Request::Restart { unit } => self.order_unit(&unit, true, "restart", Order::Restart).await,
            Request::Reload => done(self.reload().await),
            Request::Shutdown => {
                self.shut_down().await;
                Answer::Done
            }
        }
    }

    fn statuses(&self) -> Vec<UnitStatus> {
        let status = |known: &Known| match known {
            Known::Good(_, unit) => unit.status(),
            Known::Bad(status) => status.clone(),
        };
        lock(&self.units).values().map(status).collect()
    }

    async fn order_unit(
        &self,
        name: &str,
        up: bool,
        what: &str,
        order: impl FnOnce(tokio::sync::oneshot::Sender<UnitStatus>) -> Order,
    ) -> Answer {
        self.wait_until_ready().await;
        if self.closing.load(Ordering::SeqCst) {
            return Answer::Refused {
                reason: "it is shutting down".to_owned(),
            };
        }
        let known = lock(&self.units).get(name).cloned();
        let unit = match known {
            None => {
                return Answer::UnknownUnit {
                    unit: name.to_owned(),
                };
            }
            Some(Known::Bad(status)) => return Answer::Unit { status },
            Some(Known::Good(_, unit)) => unit,
        };
        // What should be is written down before it is done, so that a crash between the two does not undo it.
        if let Err(error) = self.remember(name, up) {
            return Answer::Refused {
                reason: chain(&error),
            };
        }
        Answer::Unit {
            status: self.tell(&unit, what, order).await,
        }
    }

    fn remember(&self, name: &str, up: bool) -> Result<(), SupervisorError> {
        let mut enabled = lock(&self.enabled);
        let changed = if up {
            enabled.insert(name.to_owned())
        } else {
            enabled.remove(name)
        };
        if changed {
            self.layout.write_enabled(&enabled)
        } else {
            Ok(())
        }
    }

    /// Reads the unit files again. A changed unit goes on as it is until its next start; one whose file is gone is
    /// stopped and forgotten; one whose file went bad keeps what it had.
    pub(super) async fn reload(&self) -> Result<(), SupervisorError> {
        let mut bad = Ok(());
        let mut gone: BTreeSet<String> = lock(&self.units).keys().cloned().collect();
        for (name, read) in self.layout.read_units()? {
            gone.remove(&name);
            let known = lock(&self.units).get(&name).cloned();
            match (known, read) {
                (Some(Known::Good(old, _)), Ok(new)) if *old == new => {}
                (Some(Known::Good(_, unit)), Ok(new)) => {
                    unit.replace(new.clone()).await;
                    lock(&self.units).insert(name, Known::Good(Box::new(new), unit));
                }
                (Some(Known::Good(..)), Err(error)) => bad = Err(error),
                (Some(Known::Bad(_)) | None, read) => {
                    let known = self.know(&name, read);
                    lock(&self.units).insert(name, known);
                }
            }
        }
        for name in gone {
            let known = lock(&self.units).remove(&name);
            if let Some(Known::Good(_, unit)) = known {
                self.tell(&unit, "stop, its file is gone", Order::Stop).await;
            }
            self.remember(&name, false)?;
        }
        bad
    }
}

fn done(result: Result<(), SupervisorError>) -> Answer {
    result.map_or_else(
        |error| Answer::Refused {
            reason: chain(&error),
        },
        |()| Answer::Done,
    )
}
