//! The programs a host installation needs.

use super::layout::{Layout, PostgresSource, Supervisor};
use super::render::bundled_databases;
use crate::deployment::{Deployment, Part};
use crate::doctor::ToolSeen;
use crate::drivers::World;
use crate::tools::{Systemctl, find_program};

/// Looks for every program that bringing a part up will need.
pub async fn tools(world: &World, deployment: &Deployment, part: &Part) -> Vec<ToolSeen> {
    let Ok(layout) = Layout::of(part, &deployment.name, deployment.version.as_str()) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    if layout.options.supervisor == Supervisor::Systemd {
        let running = Systemctl::is_running("/".into());
        all.push(ToolSeen {
            name: "systemd".to_owned(),
            oldest: None,
            found: if running {
                Ok("running".to_owned())
            } else {
                Err("it does not run this machine".to_owned())
            },
            fix: Some(format!(
                "landfall init --set parts.{}.options.supervisor=landfall",
                part.name
            )),
        });
    }
    if rustix::process::geteuid().is_root() && world.account(&layout).is_err() {
        let found = find_program("useradd", &world.path);
        all.push(ToolSeen {
            name: "useradd".to_owned(),
            oldest: None,
            found: found
                .map(|path| path.to_string())
                .map_err(|error| error.to_string()),
            fix: Some(format!("make the user `{}` by other means", layout.options.user)),
        });
    }
    let system = layout.options.postgres == PostgresSource::System;
    for (name, _) in bundled_databases(deployment, part).into_iter().filter(|_| system) {
        let oldest = deployment.services[name].oldest.clone();
        let found = crate::postgres::find(&[], "/".into(), &world.path, &world.cancel).await;
        // Without the system's programs they are fetched, so their absence stops nobody.
        let version = found
            .first()
            .map_or_else(|| "to be fetched".to_owned(), |found| found.version.to_string());
        let oldest = oldest.filter(|_| !found.is_empty());
        let fix = Some(format!(
            "landfall init --set parts.{}.options.postgres=fetch",
            part.name
        ));
        all.push(ToolSeen {
            name: "postgresql".to_owned(),
            oldest,
            found: Ok(version),
            fix,
        });
    }
    all
}
