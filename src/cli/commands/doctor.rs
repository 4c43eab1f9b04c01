//! `landfall doctor`

use std::collections::BTreeMap;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::cli::session::{Session, clock};
use crate::deployment::Deployment;
use crate::doctor::{Examination, Finding, Ground, Level, LicenseRules, ToolSeen, examine, is_clear};
use crate::drivers;
use crate::product::Entry;

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
    let tools: Vec<ToolSeen> = drivers::tools(&context.world()?, deployment).await;
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
        licenses: &licenses,
        clock: None,
    };
    Ok(examine(&what, &ground).await)
}

/// Finds what each license service is judged by.
fn rules(entry: &Entry) -> Result<BTreeMap<String, LicenseRules>> {
    let mut all = BTreeMap::new();
    for (name, service) in &entry.product().services {
        let Some(policy) = service.license.clone() else {
            continue;
        };
        let key = policy
            .key
            .as_ref()
            .map(|key| entry.files.read(key.as_str()))
            .transpose()?;
        let rules = LicenseRules {
            policy,
            key: key.map(String::into_bytes),
            revoked: Vec::new(),
        };
        all.insert(name.clone(), rules);
    }
    Ok(all)
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
            text.push_str(&format!("{:19} fix: {fix}\n", ""));
        }
        text
    };
    sorted.iter().map(line).collect()
}
