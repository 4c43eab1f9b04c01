//! What the pods of components write.

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;
use tokio::sync::mpsc;

use super::cluster::Cluster;
use super::error::ClusterError;
use super::look::place;
use super::workload::{Named, workloads};
use crate::deployment::{Deployment, Part};
use crate::drivers::{LogLine, LogLines, Tail, World};
use crate::tools::Stream;

/// How many containers of one component are read at once.
const CONTAINERS: &str = "50";

/// Lists what of a part writes logs.
///
/// # Errors
/// [`ClusterError`] when the part's options are not usable.
pub fn writers(deployment: &Deployment, part: &Part) -> Result<Vec<String>, ClusterError> {
    let all = workloads(deployment, part, &place(deployment, part)?);
    Ok(all.into_iter().map(|workload| workload.0.subject).collect())
}

/// Reads what every pod of a component or service writes.
///
/// # Errors
/// [`ClusterError`] when the cluster cannot be asked.
pub async fn logs(
    world: &World,
    (deployment, part): (&Deployment, &Part),
    subject: &str,
    tail: Tail,
) -> Result<LogLines, ClusterError> {
    let place = place(deployment, part)?;
    let cluster = Cluster::connect(world, &place)?;
    let all = workloads(deployment, part, &place);
    let Some(workload) = all.into_iter().find(|workload| workload.0.subject == subject) else {
        return Ok(stream::empty().boxed());
    };
    let selector = selector(&cluster, &workload).await?;
    let subject = subject.to_owned();
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut options: Vec<String> = ["--all-containers", "--prefix", "--ignore-errors"]
            .map(str::to_owned)
            .into();
        options.extend(["--max-log-requests".to_owned(), CONTAINERS.to_owned()]);
        options.extend(["--tail".to_owned(), tail.lines.to_string()]);
        if tail.follow {
            options.push("--follow".to_owned());
        }
        let line = |stream: Stream, text: &str| {
            if stream == Stream::Out {
                let (pod, text) = of_pod(text);
                let _ = sender.send(Ok(LogLine {
                    component: subject.clone(),
                    pod: pod.map(str::to_owned),
                    line: text.to_owned(),
                }));
            }
        };
        let named = format!("--selector={selector}");
        let read = cluster.kubectl.logs(&named, &options, line, &cluster.cancel);
        tokio::select! {
            read = read => if let Err(source) = read {
                let error = ClusterError::tool(format!("read the log of `{subject}`"))(source);
                let _ = sender.send(Err(error.into()));
            },
            () = sender.closed() => {}
        }
    });
    let lines = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|line| (line, receiver))
    });
    Ok(lines.boxed())
}

/// Reads by which labels a workload finds its pods.
async fn selector(cluster: &Cluster, workload: &Named) -> Result<String, ClusterError> {
    let (kind, name) = (&workload.0.kind, &workload.0.name);
    let found = cluster.api.get(kind, name, &cluster.cancel).await;
    let found = found.map_err(ClusterError::tool(format!("read {kind} {name}")))?;
    let labels = found.as_ref().and_then(|object| {
        object
            .pointer("/spec/selector/matchLabels")
            .and_then(Value::as_object)
    });
    let Some(labels) = labels else {
        return Err(ClusterError::Strange {
            because: format!("{kind} {name} is not there"),
        });
    };
    let pairs = labels
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    Ok(pairs.collect::<Vec<_>>().join(","))
}

/// Takes the pod's name from before a line: `[pod/notes-api-6d5f/api] text`.
fn of_pod(line: &str) -> (Option<&str>, &str) {
    let prefixed = line.strip_prefix("[pod/").and_then(|rest| {
        rest.split_once("] ")
            .or_else(|| Some((rest.strip_suffix(']')?, "")))
    });
    match prefixed {
        Some((source, text)) => (source.split('/').next(), text),
        None => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pod_is_taken_from_before_a_line() {
        assert_eq!(
            of_pod("[pod/notes-api-6d5f/api] ready [1] x"),
            (Some("notes-api-6d5f"), "ready [1] x")
        );
        assert_eq!(of_pod("[pod/notes-api-6d5f/api] "), (Some("notes-api-6d5f"), ""));
        assert_eq!(of_pod("error: no pod"), (None, "error: no pod"));
    }
}
