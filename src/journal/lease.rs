//! The lock of an object store: an object that is renewed while its holder lives.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::{PutMode, UpdateVersion};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::lock::LeaseState;
use super::object::{Found, ObjectStore};
use super::store::Store as _;
use super::{Acquired, Clock, HeldLock, Holder, JournalError, LockGuard, LockTerms, LockWatch};

/// How often taking the lock is tried again when somebody else was quicker by a moment.
const TRIES: u32 = 5;

/// Takes the lock under a key, or says who holds it.
///
/// A released lock is an empty object, not a missing one: only writing over exactly what was read is safe against a
/// third one, and stores cannot delete on condition.
pub(super) async fn try_lock(
    store: &ObjectStore,
    key: &str,
    holder: Holder,
    terms: &LockTerms,
    clock: Arc<dyn Clock>,
) -> Result<Acquired, JournalError> {
    let body = body(&holder);
    let mut rival = None;
    for _ in 0..TRIES {
        let (mode, stale) = match store.find(key).await? {
            None => (PutMode::Create, None),
            Some(found) => match live(store, key, &found, terms).await? {
                // Our own words: the answer to the write that made them was lost on the way.
                Seen::Live(found) if found == holder => {
                    (PutMode::Update(version_of(store, key).await?), None)
                }
                Seen::Live(found) => return Err(JournalError::Held(Box::new(found))),
                Seen::Dead(dead) => (PutMode::Update(found.version), Some(dead)),
                Seen::Free => (PutMode::Update(found.version), None),
            },
        };
        let renewed = clock.now();
        if let Some(version) = store.put_if(key, body.clone(), mode).await? {
            let guard = Renewer::start(store, key, Current { holder, version }, terms, clock, renewed);
            return Ok(Acquired { guard, stale });
        }
        rival = Some(store.place(key));
    }
    Err(JournalError::HeldByUnknown {
        place: rival.unwrap_or_else(|| store.place(key)),
    })
}

/// Returns who holds the lock under a key, if anybody does.
pub(super) async fn holder(
    store: &ObjectStore,
    key: &str,
    terms: &LockTerms,
) -> Result<Option<Holder>, JournalError> {
    let Some(found) = store.find(key).await? else {
        return Ok(None);
    };
    Ok(match live(store, key, &found, terms).await? {
        Seen::Live(holder) => Some(holder),
        Seen::Dead(_) | Seen::Free => None,
    })
}

enum Seen {
    Free,
    Dead(Holder),
    Live(Holder),
}

async fn live(
    store: &ObjectStore,
    key: &str,
    found: &Found,
    terms: &LockTerms,
) -> Result<Seen, JournalError> {
    if found.bytes.is_empty() {
        return Ok(Seen::Free);
    }
    let place = || store.place(key);
    let holder: Holder = serde_json::from_slice(&found.bytes).map_err(|source| JournalError::Parse {
        place: place(),
        source,
    })?;
    if holder.is_dead() {
        return Ok(Seen::Dead(holder));
    }
    let age_ms = store_time(store, key).await? - found.modified_ms;
    let lease_ms = i64::try_from(terms.lease.as_millis()).unwrap_or(i64::MAX);
    Ok(if age_ms > lease_ms {
        Seen::Dead(holder)
    } else {
        Seen::Live(holder)
    })
}

/// Asks the store what time it is, by writing something and reading when that was: clocks of machines differ.
async fn store_time(store: &ObjectStore, key: &str) -> Result<i64, JournalError> {
    let probe = format!("{key}-time");
    store.replace(&probe, Bytes::new()).await?;
    let found = store.find(&probe).await?;
    found
        .map(|found| found.modified_ms)
        .ok_or_else(|| JournalError::Missing {
            place: store.place(&probe),
        })
}

async fn version_of(store: &ObjectStore, key: &str) -> Result<UpdateVersion, JournalError> {
    let found = store.find(key).await?;
    found
        .map(|found| found.version)
        .ok_or_else(|| JournalError::Missing {
            place: store.place(key),
        })
}

fn body(holder: &Holder) -> Bytes {
    serde_json::to_vec(holder)
        .expect("a holder is made of text and numbers")
        .into()
}

/// What the renewing task and the guard share: what the object says now, and which version of it is ours.
#[derive(Debug)]
struct Current {
    holder: Holder,
    version: UpdateVersion,
}

#[derive(Debug)]
struct Renewer {
    store: ObjectStore,
    key: String,
    current: Arc<Mutex<Current>>,
    task: JoinHandle<()>,
}

impl Renewer {
    fn start(
        store: &ObjectStore,
        key: &str,
        current: Current,
        terms: &LockTerms,
        clock: Arc<dyn Clock>,
        renewed: jiff::Timestamp,
    ) -> LockGuard {
        let holder = current.holder.clone();
        let (sender, receiver) = watch::channel(LeaseState { renewed, lost: None });
        let watch = LockWatch::lease(receiver, clock.clone(), terms);
        let current = Arc::new(Mutex::new(current));
        let renewing = renew(
            store.clone(),
            key.to_owned(),
            current.clone(),
            terms.renew,
            clock,
            sender,
        );
        let task = tokio::spawn(renewing);
        let held = Self {
            store: store.clone(),
            key: key.to_owned(),
            current,
            task,
        };
        LockGuard::new(watch, holder, Box::new(held))
    }
}

/// Renews until the lease is lost. A store that cannot be reached is asked again: [`LockWatch`] counts the time.
async fn renew(
    store: ObjectStore,
    key: String,
    current: Arc<Mutex<Current>>,
    every: Duration,
    clock: Arc<dyn Clock>,
    state: watch::Sender<LeaseState>,
) {
    loop {
        tokio::time::sleep(every).await;
        let asked = clock.now();
        let mut current = current.lock().await;
        let holder = current.holder.clone();
        match rewrite(&store, &key, &mut current, holder).await {
            Ok(()) => {
                state.send_replace(LeaseState {
                    renewed: asked,
                    lost: None,
                });
            }
            Err(JournalError::LockLost { because }) => {
                state.send_modify(|state| state.lost = Some(because));
                return;
            }
            Err(_) => {}
        }
    }
}

async fn rewrite(
    store: &ObjectStore,
    key: &str,
    current: &mut Current,
    holder: Holder,
) -> Result<(), JournalError> {
    let bytes = body(&holder);
    for _ in 0..2 {
        let mode = PutMode::Update(current.version.clone());
        if let Some(version) = store.put_if(key, bytes.clone(), mode).await? {
            *current = Current { holder, version };
            return Ok(());
        }
        // Written over: by somebody else, or by a write of ours whose answer was lost on the way.
        let found = store.find(key).await?;
        match found {
            Some(found) if found.bytes == body(&current.holder) || found.bytes == bytes => {
                current.version = found.version;
            }
            Some(found) => return Err(taken(&found)),
            None => {
                return Err(JournalError::LockLost {
                    because: "it was removed".to_owned(),
                });
            }
        }
    }
    Err(JournalError::LockLost {
        because: "it changes under our hands".to_owned(),
    })
}

fn taken(found: &Found) -> JournalError {
    let because = serde_json::from_slice::<Holder>(&found.bytes).map_or_else(
        |_| "it was released by somebody else".to_owned(),
        |holder| format!("taken over by {holder}"),
    );
    JournalError::LockLost { because }
}

#[async_trait]
impl HeldLock for Renewer {
    async fn describe(&mut self, holder: &Holder) -> Result<(), JournalError> {
        let mut current = self.current.lock().await;
        rewrite(&self.store, &self.key, &mut current, holder.clone()).await
    }

    async fn release(&mut self) -> Result<(), JournalError> {
        self.task.abort();
        let current = self.current.lock().await;
        let mode = PutMode::Update(current.version.clone());
        // Not ours any more: then there is nothing to let go.
        self.store.put_if(&self.key, Bytes::new(), mode).await.map(|_| ())
    }
}

impl Drop for Renewer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
