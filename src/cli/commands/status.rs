//! `landfall status`

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::rehearse;
use super::up::not_installed;
use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::cli::exit::Exit;
use crate::cli::licenses::{advice, in_force, sentence};
use crate::cli::session::{Session, installed_deployment};
use crate::drivers::{self, ComponentStatus};
use crate::journal::Installation;
use crate::status;

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Look again every two seconds until interrupted.
    #[arg(long)]
    pub watch: bool,
}

/// Tells how the product is.
pub async fn run(context: &Context, args: &StatusArgs) -> Result {
    let session = Session::open(context)?;
    let installation = session.installation()?;
    loop {
        let exit = once(context, &session, &installation).await?;
        if !args.watch {
            return Ok(exit);
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn once(context: &Context, session: &Session, installation: &Installation) -> Result {
    let history = installation.history().await?;
    let holder = installation.lock_holder().await?;
    let deployment = installed_deployment(&history)?;
    if deployment.is_none() && history.last.is_none() {
        return Err(not_installed());
    }
    let components = match &deployment {
        Some(deployment) => drivers::status(&session.context.world()?, deployment).await?,
        None => Vec::new(),
    };
    let licenses = match &deployment {
        Some(deployment) => in_force(session, deployment).await,
        None => BTreeMap::new(),
    };
    let url = deployment
        .as_ref()
        .and_then(|deployment| deployment.parts.values().next())
        .map(|part| part.url.clone());
    let well = |status: &ComponentStatus| status.state == "running" && status.healthy != Some(false);
    let healthy = deployment.is_some() && components.iter().all(well);
    let last = history.last.as_ref();
    let rehearsal = deployment.as_ref().and_then(rehearse::left);
    let standing = status::fold(&history, holder);
    let value = json!({
        "installation": session.answers.content.name,
        "installed": history.installed.as_ref().map(|installed| &installed.release),
        "url": url, "healthy": healthy, "components": components, "licenses": licenses, "last_run": last,
        "unfinished": history.unfinished, "operator": standing.holder, "standing": standing,
        "state": installation.place(), "rehearsal": rehearsal,
    });
    context.show(&value, || {
        let place = url.as_ref().map_or_else(String::new, |url| format!(" at {url}"));
        let mut text = format!("{}{place}\n", standing.sentence);
        text.push_str(&table(&components));
        for report in licenses.values() {
            text.push_str(&format!("license: {}\n", sentence(report)));
            text.extend(advice(report).map(|advice| format!("note: {advice}\n")));
        }
        if let Some(last) = last {
            text.push_str(&format!(
                "last run: {} {} ({})\n",
                last.about.id,
                last.about.purpose.verb(),
                last.status
            ));
        }
        if let Some(copy) = &rehearsal {
            text.push_str(&format!(
                "a rehearsal is at work or was killed: its copy lies in {copy}; another one or `landfall destroy` removes it\n"
            ));
        }
        if let Some(next) = &standing.next {
            text.push_str(&format!("next: {next}\n"));
        }
        text
    });
    Ok(Exit::Done)
}

fn table(components: &[ComponentStatus]) -> String {
    let line = |status: &ComponentStatus| {
        let health = match status.healthy {
            Some(true) => "healthy",
            Some(false) => "NOT HEALTHY",
            None => "-",
        };
        let version = status.version.as_deref().unwrap_or("-");
        format!(
            "  {:<16} {:<14} {:<12} {:<10} {}\n",
            status.name, status.state, health, version, status.detail
        )
    };
    components.iter().map(line).collect()
}
