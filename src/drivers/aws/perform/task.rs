//! Tasks that run once, before services move.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::Utf8Path;
use serde_json::Value;

use super::super::error::AccountError;
use super::apply::output;
use super::{Application, Output, Performer, Tell};
use crate::aws::{AwsError, TaskNetwork, TaskOrder, Told};

/// The file with the tasks that were started, by name: ECS forgets them an hour after their end.
const STARTED: &str = "tasks.json";
/// What the name of a task that failed has behind it in that file.
const FAILED: &str = " failed";

impl Performer<'_> {
    /// Runs a task of the application layer to its end, with its log.
    ///
    /// A run that was killed finds its task again by the name.
    pub(super) async fn run_task(
        &self,
        task: &str,
        within: u32,
        tell: Tell<'_>,
    ) -> Result<Output, AccountError> {
        let application = self.application().await?;
        let path = self.account.folder.0.join(STARTED);
        let mut started: BTreeMap<String, String> = fs_err::read_to_string(&path)
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let name = untried(&started, format!("{}/{}/{task}", self.run, self.part.name));
        let mut order = order(&application, task, within)
            .ok_or_else(|| AccountError::strange(format!("the application layer has no task `{task}`")))?;
        order.known = started.get(&name).cloned();
        order.name = name.clone();
        let mut note = |told: Told| match told {
            Told::Task(arn) => {
                tell(&format!("task {arn}"));
                started.insert(name.clone(), arn);
                if let Err(error) = keep(&path, &started) {
                    // Its name finds it for an hour.
                    tell(&format!("could not note the task: {error}"));
                }
            }
            told => tell(&said(&told)),
        };
        let aws = &self.account.aws;
        let end = aws.run_task(&order, &mut note, &self.account.cancel).await;
        if let Err(AwsError::Task { .. }) = &end {
            // Its verdict is spoken: who goes on tries again.
            started.insert(format!("{name}{FAILED}"), String::new());
            keep(&path, &started).map_err(AccountError::file("write", &path))?;
        }
        Ok(output("task", end?.task))
    }
}

/// Notes the tasks that were started.
fn keep(path: &Utf8Path, started: &BTreeMap<String, String>) -> std::io::Result<()> {
    fs_err::write(path, serde_json::to_string(started).unwrap_or_default())
}

/// Names the first try of a task that has not failed.
fn untried(started: &BTreeMap<String, String>, name: String) -> String {
    let more = (2..).map(|number| format!("{name}/{number}"));
    std::iter::once(name.clone())
        .chain(more)
        .find(|name| !started.contains_key(&format!("{name}{FAILED}")))
        .unwrap_or(name)
}

/// Reads how a task is run.
fn order(application: &Application, task: &str, within: u32) -> Option<TaskOrder> {
    let told = application.tasks.get(task)?;
    let run = told.get("run")?;
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let network = run.pointer("/networkConfiguration/awsvpcConfiguration")?;
    let list = |name: &str| -> Vec<String> {
        let list = network.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    Some(TaskOrder {
        name: String::new(),
        cluster: text(run, "cluster")?,
        definition: text(run, "taskDefinition")?,
        container: text(told, "container")?,
        command: None,
        environment: BTreeMap::new(),
        network: TaskNetwork {
            subnets: list("subnets"),
            security_groups: list("securityGroups"),
        },
        known: None,
        limit: Duration::from_secs(within.into()),
    })
}

/// Says what was told, as people read it.
pub(super) fn said(told: &Told) -> String {
    match told {
        Told::Task(text) | Told::Line(text) | Told::Event(text) => text.clone(),
        Told::WaitingFor(text) => format!("waiting for {text}"),
        Told::Percent(percent) => format!("{percent} %"),
    }
}
