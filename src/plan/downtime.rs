//! How long users are kept out while a plan is carried out, as far as the plan can tell.

use serde::Serialize;

use super::{Action, ClusterAction, Plan, Step};

/// How fast a database is assumed to be written out and read in, in bytes for each second: slow disks do this.
const COPIED: u64 = 16 << 20;
/// How fast a migration is assumed to change rows, in bytes for each second.
const MIGRATED: u64 = 4 << 20;

/// How long users are kept out, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Downtime {
    /// What is to be expected.
    pub expected: u64,
    /// The sum of the limits of the steps: later, one of them has failed.
    pub most: u64,
}

impl Plan {
    /// Estimates for how long users are kept out; none when the plan lets them in all the time.
    ///
    /// Steps that go side by side are counted one after the other, so that the truth is below.
    pub fn downtime(&self) -> Option<Downtime> {
        let closes = |step: &Step| {
            matches!(
                step.action,
                Action::CloseTraffic { .. } | Action::Cluster(ClusterAction::CloseRelease { .. })
            )
        };
        let after = self.steps.iter().position(closes)?;
        let (mut expected, mut most, mut size) = (0, 0, 0);
        for step in &self.steps[after..] {
            if let Action::SaveDatabase { bytes, .. } = &step.action {
                size = *bytes;
            }
            let (likely, limit) = seconds(&step.action, size);
            expected += likely;
            most += limit.max(likely);
            let opens = step.opens && matches!(step.action, Action::Cluster(_));
            if opens || matches!(step.action, Action::OpenTraffic { .. }) {
                break;
            }
        }
        Some(Downtime { expected, most })
    }
}

/// Returns what a step is expected to take, and after how long it counts as failed.
fn seconds(action: &Action, size: u64) -> (u64, u64) {
    match action {
        Action::StopUnit { .. } => (2, 30),
        Action::StartUnit { .. } => (1, 30),
        Action::SaveDatabase { bytes, .. } => (1 + bytes / COPIED, 0),
        Action::RestoreDatabase { bytes, .. } => (1 + 2 * bytes / COPIED, 0),
        Action::Migrate { within, .. } => (2 + size / MIGRATED, u64::from(*within)),
        Action::WaitHealthy { within, .. } => (3, u64::from(*within)),
        Action::WaitDatabase { within, .. } | Action::WaitListening { within, .. } => (1, u64::from(*within)),
        Action::Verify { .. } => (1, 30),
        Action::Cluster(action) => in_cluster(action),
        _ => (0, 0),
    }
}

/// As [`seconds`], for a cluster: how large its databases are is not known.
fn in_cluster(action: &ClusterAction) -> (u64, u64) {
    match action {
        ClusterAction::CloseRelease { .. } | ClusterAction::ApplyRelease { .. } => (3, 30),
        ClusterAction::WaitReady { within, .. } => (8, u64::from(*within)),
        ClusterAction::SaveDatabase { .. } | ClusterAction::RestoreDatabase { .. } => (10, 0),
        ClusterAction::Migrate { within, .. } => (8, u64::from(*within)),
        ClusterAction::Verify { .. } => (1, 30),
        _ => (0, 0),
    }
}
