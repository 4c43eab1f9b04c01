//! The programs that a cluster needs.

use super::cluster::Cluster;
use super::look::place;
use super::place::Place;
use crate::deployment::{Deployment, Part};
use crate::doctor::ToolSeen;
use crate::drivers::World;
use crate::drivers::hook::unusable;
use crate::tools::{HELM_OLDEST, KUBECTL_OLDEST};

/// Looks for every program that bringing a part up, or saving its databases, will need.
pub async fn tools(world: &World, deployment: &Deployment, part: &Part) -> Vec<ToolSeen> {
    let Ok(place) = place(deployment, part) else {
        return Vec::new();
    };
    let mut tools = of_cluster(world, &place).await;
    tools.extend(hook(world, &place));
    tools
}

/// Looks for the customer's program that saves databases.
fn hook(world: &World, place: &Place) -> Option<ToolSeen> {
    let program = place.options.snapshot_hook.as_ref()?;
    let path = world.answers.join(program);
    Some(ToolSeen {
        name: "snapshot_hook".to_owned(),
        oldest: None,
        found: match unusable(&path) {
            None => Ok(path.to_string()),
            Some(why) => Err(format!("{path}: {why}")),
        },
        fix: Some(format!("put your program there: chmod +x {path}")),
    })
}

async fn of_cluster(world: &World, place: &Place) -> Vec<ToolSeen> {
    let fix = |name: &str| Some(format!("put a `{name}` of that version or newer on the PATH"));
    let cluster = match Cluster::connect(world, place) {
        Ok(cluster) => cluster,
        Err(error) => {
            let missing = |name: &str, oldest: &semver::Version| ToolSeen {
                name: name.to_owned(),
                oldest: Some(oldest.to_string()),
                found: crate::tools::find_program(name, &world.path)
                    .map(|_| oldest.to_string())
                    .map_err(|_| error.to_string()),
                fix: fix(name),
            };
            return vec![missing("helm", &HELM_OLDEST), missing("kubectl", &KUBECTL_OLDEST)];
        }
    };
    let helm = cluster.helm.version(&cluster.cancel).await;
    let kubectl = cluster.kubectl.client_version(&cluster.cancel).await;
    let seen =
        |name: &str, oldest: &semver::Version, found: Result<semver::Version, crate::tools::ToolError>| {
            ToolSeen {
                name: name.to_owned(),
                oldest: Some(oldest.to_string()),
                found: found
                    .map(|version| version.to_string())
                    .map_err(|error| error.to_string()),
                fix: fix(name),
            }
        };
    vec![
        seen("helm", &HELM_OLDEST, helm),
        seen("kubectl", &KUBECTL_OLDEST, kubectl),
    ]
}
