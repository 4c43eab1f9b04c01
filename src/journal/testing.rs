//! What tests of the journal, the engine and the displays share.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use object_store::memory::InMemory;
use std::sync::atomic::{AtomicI64, Ordering};

use super::{Acquired, Holder, Installation, Journal, LockTerms, NewRun, ObjectStore, RunId, Store};
use crate::oci::Digest;
use crate::plan::{Action, Draft, Plan, Purpose, Step, StepId, Undo};

/// The second at which every test begins.
pub(crate) fn noon() -> Timestamp {
    "2026-03-04T12:00:00Z".parse().unwrap()
}

/// A clock that moves on one second whenever it is read.
pub(crate) fn ticking() -> impl Fn() -> Timestamp + Send + Sync + 'static {
    let seconds = AtomicI64::new(0);
    move || noon() + SignedDuration::from_secs(seconds.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn id(name: &str) -> StepId {
    StepId::new(name, "do")
}

pub(crate) fn step(name: &str, needs: &[&str]) -> Step {
    Step {
        id: id(name),
        title: format!("do {name}"),
        part: "main".to_owned(),
        stage: None,
        opens: false,
        action: Action::Nothing,
        undo: Undo::Revert(format!("undo {name}")),
        needs: needs.iter().map(|need| id(need)).collect(),
    }
}

pub(crate) fn plan(steps: Vec<Step>) -> Plan {
    plan_for(Purpose::Up, steps)
}

pub(crate) fn plan_for(purpose: Purpose, steps: Vec<Step>) -> Plan {
    Plan::new(Draft {
        purpose,
        installation: "demo".to_owned(),
        release: "sample 1.0.0".to_owned(),
        deployment: Digest::of("deployment"),
        artifacts: Digest::of("artifacts"),
        observed: serde_json::Value::Null,
        steps,
    })
    .unwrap()
}

pub(crate) fn chain(names: &[&str]) -> Plan {
    let mut before: Option<&str> = None;
    let steps = names
        .iter()
        .map(|name| step(name, before.replace(name).as_slice()));
    plan(steps.collect())
}

pub(crate) fn holder(who: &str) -> Holder {
    Holder {
        who: format!("{who}@here"),
        ..Holder::here(who, "up", noon())
    }
}

pub(crate) fn memory() -> Arc<dyn Store> {
    Arc::new(ObjectStore::over(Arc::new(InMemory::new()), "state"))
}

pub(crate) fn installation(store: Arc<dyn Store>) -> Installation {
    // A ticking clock runs faster than real leases.
    let terms = LockTerms {
        lease: std::time::Duration::from_secs(86_400),
        ..LockTerms::default()
    };
    Installation::new(store, "demo", Arc::new(ticking()), terms).unwrap()
}

pub(crate) fn new_run(id: RunId, plan: Plan) -> NewRun {
    NewRun {
        id,
        argv: vec!["landfall".to_owned(), "up".to_owned()],
        parent: None,
        plan,
        deployment: "product: sample\n".to_owned(),
        stages: std::collections::BTreeMap::new(),
        artifacts: [("units/api.service".into(), "[Unit]\n".into())].into(),
    }
}

/// Begins a run with the lock held.
pub(crate) async fn begin(installation: &Installation, plan: Plan) -> (Journal, Acquired) {
    let mut lock = installation.lock(holder("ann")).await.unwrap();
    let id = installation.new_run_id([0, 1]).await.unwrap();
    (
        installation
            .begin(new_run(id, plan), &mut lock.guard)
            .await
            .unwrap(),
        lock,
    )
}
