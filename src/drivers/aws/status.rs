//! How the components of a part are.

use super::account::Account;
use super::error::AccountError;
use super::place::dashed;
use crate::aws::{ServiceName, ServiceSeen};
use crate::deployment::{Deployment, Part};
use crate::drivers::{ComponentStatus, World};

/// How many of ECS's last events are asked for.
const EVENTS: usize = 1;

/// Asks ECS how every component is.
///
/// # Errors
/// [`AccountError`] when it cannot be asked.
pub async fn status(
    world: &World,
    deployment: &Deployment,
    part: &Part,
) -> Result<Vec<ComponentStatus>, AccountError> {
    let account = Account::connect(world, deployment, part).await?;
    let looks = part.components.iter().map(|component| async {
        let name = ServiceName {
            // The cluster has the installation's name: `templates/aws/application/main.tf`.
            cluster: account.place.name.clone(),
            service: dashed(&component.name),
        };
        let seen = match account.aws.observe_service(&name, EVENTS, &account.cancel).await {
            Err(error) if error.is_no_cluster() => None,
            seen => seen?,
        };
        let (state, healthy, detail) = judge(seen.as_ref());
        Ok(ComponentStatus {
            part: part.name.clone(),
            name: component.name.clone(),
            title: component.title.clone(),
            state: state.to_owned(),
            healthy,
            version: None,
            detail,
        })
    });
    futures_util::future::try_join_all(looks).await
}

fn judge(seen: Option<&ServiceSeen>) -> (&'static str, Option<bool>, String) {
    let Some(seen) = seen else {
        return ("not installed", None, String::new());
    };
    if seen.desired == 0 && seen.running == 0 {
        return ("stopped", None, String::new());
    }
    let ill = seen.tasks.iter().any(|task| task.is_healthy == Some(false));
    let rolled = seen
        .rollout
        .as_ref()
        .is_some_and(|rollout| rollout.state == "COMPLETED");
    let is_well = rolled && !ill && seen.running == seen.desired;
    let revision = seen.definition.rsplit('/').next().unwrap_or_default();
    let mut detail = format!("{} of {} tasks of {revision}", seen.running, seen.desired);
    if !is_well && let Some(event) = seen.events.first() {
        detail.push_str(&format!(", {}", event.text));
    }
    match is_well {
        true => ("running", Some(true), detail),
        false => ("not ready", Some(false), detail),
    }
}
