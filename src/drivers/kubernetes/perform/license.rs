//! Handing the stored license to every pod of a component.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::super::error::ClusterError;
use super::super::place::dashed;
use super::super::workload::{name, text};
use super::ready::pods;
use super::{Performer, Tell};
use crate::drivers::SecretError;
use crate::drivers::license::{HandError, client, hand};
use crate::plan::{LicenseReload, Workload};
use crate::run::chain_text;
use crate::secret::Secret;

/// The pause between two looks at the pods.
const PAUSE: Duration = Duration::from_secs(1);

/// A container as it runs now: the pod's uid, and how often it was started anew in it.
type Instance = (String, u64);

/// A license on its way to the pods of a component.
struct Handing<'a> {
    reload: &'a LicenseReload,
    workload: Workload,
    token: Secret,
    client: reqwest::Client,
    /// Whether it was in force before.
    back: bool,
    /// Who has taken it.
    taken: BTreeSet<Instance>,
}

/// What one round over the pods came to.
struct Round {
    /// Whether a pod took the license.
    handed: bool,
    /// The pods that run and have not answered.
    silent: Option<HandError>,
    /// The pods that do not run, by name.
    down: Vec<String>,
}

impl Performer<'_> {
    /// Hands the stored license to pods until each that runs has taken it.
    ///
    /// A pod that starts meanwhile may have read its files before they changed, so that it is handed the license too; one
    /// that does not start in time reads the new one when it does.
    pub(super) async fn hand_license(
        &self,
        reload: &LicenseReload,
        tell: Tell<'_>,
    ) -> Result<(), ClusterError> {
        let handing = self.handing(reload).await?;
        self.hand_all(handing, tell).await
    }

    async fn hand_all(&self, mut handing: Handing<'_>, tell: Tell<'_>) -> Result<(), ClusterError> {
        let within = handing.reload.within;
        let deadline = Instant::now() + Duration::from_secs(u64::from(within));
        loop {
            let Round { handed, silent, down } = self.hand_round(&mut handing, tell).await?;
            let late = Instant::now() >= deadline;
            match (silent, down.first()) {
                // Another look, for a pod may have come while these were handed theirs.
                (None, None) if handed => continue,
                (None, None) => return Ok(()),
                (Some(silent), _) if late => return Err(silent.into()),
                (None, Some(_)) if late => {
                    let down = down.join(", ");
                    tell(&format!(
                        "does not run, and reads the license when it starts: {down}"
                    ));
                    return Ok(());
                }
                _ => sleep(PAUSE).await,
            }
        }
    }

    /// Hands back the license that is stored again; a pod that refuses it by now, for it ended, keeps what it has.
    pub(super) async fn hand_back_license(&self, reload: &LicenseReload) -> Result<(), ClusterError> {
        let handing = Handing {
            back: true,
            ..self.handing(reload).await?
        };
        self.hand_all(handing, &mut |_| {}).await
    }

    async fn handing<'a>(&self, reload: &'a LicenseReload) -> Result<Handing<'a>, ClusterError> {
        let object = self.cluster.place.secrets();
        let stored = self.cluster.secret(&object).await?.unwrap_or_default();
        let token = stored.get(&reload.secret).ok_or_else(|| SecretError::Missing {
            name: reload.secret.clone(),
            place: format!("in the Secret {object}"),
            source: None,
        })?;
        Ok(Handing {
            reload,
            workload: Workload {
                kind: "deployment".to_owned(),
                name: self.cluster.place.object(&reload.component),
                subject: reload.component.clone(),
            },
            token: token.clone(),
            client: client(),
            back: false,
            taken: BTreeSet::new(),
        })
    }

    /// Hands the license to every pod that runs and has not taken it.
    async fn hand_round(&self, handing: &mut Handing<'_>, tell: Tell<'_>) -> Result<Round, ClusterError> {
        let listed = self.cluster.api.list("pods", "", &self.cluster.cancel).await;
        let listed = listed.map_err(ClusterError::tool("look at the pods"))?;
        let mut round = Round {
            handed: false,
            silent: None,
            down: Vec::new(),
        };
        for pod in pods(&listed, &handing.workload) {
            let Some(instance) = instance(pod, &handing.reload.component) else {
                round.down.push(name(pod).to_owned());
                continue;
            };
            if handing.taken.contains(&instance) {
                continue;
            }
            match self.hand_to(name(pod), handing).await {
                Ok(()) => {
                    tell(&format!("{} has the license", name(pod)));
                    handing.taken.insert(instance);
                    round.handed = true;
                }
                Err(HandError::Refused { .. }) if handing.back => {
                    handing.taken.insert(instance);
                }
                Err(silent @ HandError::Silent { .. }) => round.silent = Some(silent),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(round)
    }

    async fn hand_to(&self, pod: &str, handing: &Handing<'_>) -> Result<(), HandError> {
        let reload = handing.reload;
        let work = |port: u16| {
            let url = format!("http://127.0.0.1:{port}{}", reload.path);
            async move { hand(&handing.client, pod, &url, &handing.token).await }
        };
        let kubectl = &self.cluster.kubectl;
        let reached = kubectl
            .forward(pod, reload.port, work, &self.cluster.cancel)
            .await;
        reached.unwrap_or_else(|error| {
            Err(HandError::Silent {
                instance: pod.to_owned(),
                because: chain_text(&error),
            })
        })
    }
}

/// Names a component's container as it runs now; none when it does not run.
fn instance(pod: &Value, component: &str) -> Option<Instance> {
    let containers = pod.pointer("/status/containerStatuses")?.as_array()?;
    let container = containers
        .iter()
        .find(|container| text(container, "/name") == dashed(component))?;
    container.pointer("/state/running")?;
    let restarts = container.get("restartCount").and_then(Value::as_u64);
    Some((
        text(pod, "/metadata/uid").to_owned(),
        restarts.unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_container_that_was_started_anew_is_another_instance_and_one_that_waits_is_none() {
        let pod = |restarts: u64, state: &str| {
            json!({ "metadata": { "uid": "u" }, "status": { "containerStatuses": [
                { "name": "proxy", "restartCount": 9, "state": { "running": {} } },
                { "name": "the-api", "restartCount": restarts, "state": { state: {} } },
            ] } })
        };
        assert_eq!(instance(&pod(0, "running"), "the_api"), Some(("u".to_owned(), 0)));
        assert_ne!(
            instance(&pod(1, "running"), "the_api"),
            instance(&pod(0, "running"), "the_api")
        );
        assert_eq!(instance(&pod(1, "waiting"), "the_api"), None);
        assert_eq!(instance(&json!({ "metadata": { "uid": "u" } }), "the_api"), None);
    }
}
