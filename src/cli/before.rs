//! What was rendered last, and what was decided about files that the customer changed since.

use super::error::Result;
use super::execute::recorded;
use super::session::installed_deployment;
use crate::drivers::Before;
use crate::journal::{Finish, History, Installation, RunId};
use crate::plan::Purpose;

/// Reads what is installed as it was rendered last; none when nothing is installed.
///
/// # Errors
/// When the journal cannot be read, or was written in a format that this version cannot read.
pub async fn before(installation: &Installation, history: &History) -> Result<Option<Before>> {
    let (Some(installed), Some(deployment)) = (&history.installed, installed_deployment(history)?) else {
        return Ok(None);
    };
    let run = rendered_last(installation, &installed.run).await?;
    let recorded = recorded(installation, &run).await?.artifacts;
    Ok(Some(Before::new(deployment, &recorded)))
}

/// Finds the run that placed files last: starting places them too, and another version of Landfall renders differently.
async fn rendered_last(installation: &Installation, installed: &RunId) -> Result<RunId> {
    for id in installation.runs().await?.into_iter().rev() {
        if id == *installed {
            break;
        }
        let Some(about) = installation.begun(&id).await? else {
            continue;
        };
        if about.purpose == Purpose::Start
            && installation.read(&id).await?.state.finish() == Some(&Finish::Succeeded)
        {
            return Ok(id);
        }
    }
    Ok(installed.clone())
}
