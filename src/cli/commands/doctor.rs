//! `landfall doctor`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::cli::licenses::rules;
use crate::cli::session::{Session, clock};
use crate::deployment::Deployment;
use crate::doctor::{
    AccountSeen, ClusterSeen, Examination, Finding, Ground, Level, ToolSeen, examine, is_clear,
};
use crate::drivers;

/// Options of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {}

/// Checks the ground.
pub async fn run(context: &Context, _: &DoctorArgs) -> Result {
    let session = Session::open(context)?;
    let deployment = session.deployment()?;
    let history = session.installation()?.history().await?;
    let findings = look(&session, &deployment, history.installed.is_none()).await?;
    context.show(&findings, || describe(&findings));
    Ok(if is_clear(&findings) {
        Exit::Done
    } else {
        Exit::Blocked
    })
}

/// Runs every check that fits the deployment.
pub async fn look(session: &Session, deployment: &Deployment, fresh: bool) -> Result<Vec<Finding>> {
    let context = &session.context;
    let licenses = rules(&session.product()?)?;
    let world = context.world()?;
    let (tools, clusters, accounts): (Vec<ToolSeen>, Vec<ClusterSeen>, Vec<AccountSeen>) =
        futures_util::future::join3(
            drivers::tools(&world, deployment),
            drivers::examine(&world, deployment),
            drivers::examine_accounts(&world, deployment, !fresh),
        )
        .await;
    let http = reqwest::Client::builder()
        .build()
        .map_err(|error| CommandError::from_error(Exit::Failed, &error))?;
    let ground = Ground {
        now: clock().now(),
        environment: (*context.environment).clone(),
        base: context.answers_folder(),
        http,
    };
    let what = Examination {
        deployment,
        fresh,
        tools: &tools,
        clusters: &clusters,
        accounts: &accounts,
        licenses: &licenses,
        clock: None,
    };
    Ok(examine(&what, &ground).await)
}

/// Writes findings as people read them: what blocks first.
pub fn describe(findings: &[Finding]) -> String {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let line = |finding: &&Finding| {
        let mark = match finding.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Blocker => "BLOCKER",
        };
        let mut text = format!(
            "{mark:<8} {:<10} {}: {}\n",
            finding.check, finding.subject, finding.message
        );
        if let (Some(fix), true) = (&finding.fix, finding.level != Level::Ok) {
            // What is to be copied keeps its shape, a little to the right.
            let fix = fix.trim_end().replace('\n', &format!("\n{:24}", ""));
            text.push_str(&format!("{:19} fix: {fix}\n", ""));
        }
        text
    };
    sorted.iter().map(line).collect()
}
