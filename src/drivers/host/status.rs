//! How the components on a host are.

use super::error::HostError;
use super::layout::Layout;
use super::lifecycle::units;
use super::perform::client;
use super::steps::probe_url;
use crate::deployment::{Deployment, Part, ResolvedComponent};
use crate::drivers::ComponentStatus;
use crate::drivers::World;

/// Asks every unit of a part, and the probes of those that run.
///
/// # Errors
/// [`HostError`] when what keeps units running cannot be asked.
pub async fn status(
    world: &World,
    deployment: &Deployment,
    part: &Part,
) -> Result<Vec<ComponentStatus>, HostError> {
    let layout = Layout::known(deployment, part)?;
    let manager = world.units(&layout).map_err(|source| HostError::Tool {
        doing: "speak to systemd".to_owned(),
        source: Box::new(source),
    })?;
    let mut all = Vec::new();
    for subject in units(deployment, part) {
        let component = part.components.iter().find(|component| component.name == subject);
        let unit = layout.unit(&subject);
        let (state, detail, running) = match manager.status(&unit).await {
            Ok(status) => {
                let pid = status
                    .pid
                    .map_or_else(String::new, |pid| format!("process {pid}"));
                let exit = status
                    .last_exit
                    .map_or_else(String::new, |exit| format!("last ended with {exit}"));
                let detail = [pid, exit]
                    .into_iter()
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join(", ");
                let running = status.state == crate::supervisor::UnitState::Running;
                (status.state.to_string(), detail, running)
            }
            Err(_) => ("not installed".to_owned(), String::new(), false),
        };
        let (healthy, version, trouble) = match component {
            Some(component) if running => probe(component).await,
            _ => (None, None, String::new()),
        };
        let title = component
            .map_or(subject.as_str(), |component| component.title.as_str())
            .to_owned();
        let detail = if trouble.is_empty() { detail } else { trouble };
        let status = ComponentStatus {
            part: part.name.clone(),
            name: subject,
            title,
            state,
            healthy,
            version,
            detail,
        };
        all.push(status);
    }
    Ok(all)
}

async fn probe(component: &ResolvedComponent) -> (Option<bool>, Option<String>, String) {
    let client = client();
    let mut healthy = None;
    let mut trouble = String::new();
    let health = &component.health;
    if let Some(url) = health
        .readiness
        .as_ref()
        .or(health.liveness.as_ref())
        .and_then(|probe| probe_url(component, probe))
    {
        match client.get(&url).send().await {
            Ok(answer) if answer.status().is_success() => healthy = Some(true),
            Ok(answer) => (healthy, trouble) = (Some(false), format!("{url} answers {}", answer.status())),
            Err(_) => (healthy, trouble) = (Some(false), format!("nothing answers at {url}")),
        }
    }
    let version = match component
        .version
        .as_ref()
        .and_then(|probe| probe_url(component, probe))
    {
        Some(url) => match client.get(&url).send().await {
            Ok(answer) => answer.json::<serde_json::Value>().await.ok(),
            Err(_) => None,
        },
        None => None,
    };
    let version = version.and_then(|told| told.get("version")?.as_str().map(str::to_owned));
    (healthy, version, trouble)
}
