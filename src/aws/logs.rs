//! What components write, out of CloudWatch Logs.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio::sync::mpsc;

use super::access::Aws;
use super::error::AwsError;
use super::refusal::ask;
use super::wait::Wait;
use crate::tools::CancelToken;

/// How far back the last lines are looked for, step by step; behind the last is all there is.
const STEPS: [Duration; 5] = [
    Duration::from_secs(5 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(12 * 60 * 60),
    Duration::from_secs(7 * 24 * 60 * 60),
    Duration::from_secs(60 * 24 * 60 * 60),
];
/// How long after it was written a line may still come in between those that were read.
const LATE_MS: i64 = 30_000;

/// Where components write.
#[derive(Debug, Clone)]
pub struct LogPlace {
    /// The log group.
    pub group: String,
    /// How the names of its streams begin that are read; all when empty.
    pub streams: String,
}

/// A line that a container wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The stream, `<prefix>/<container>/<task>`.
    pub stream: String,
    /// The line.
    pub line: String,
}

/// Lines as they come.
pub type WrittenLines = BoxStream<'static, Result<Written, AwsError>>;

impl Written {
    /// Returns the task that wrote it, by its id.
    pub fn task(&self) -> &str {
        self.stream.rsplit('/').next().unwrap_or(&self.stream)
    }
}

impl Aws {
    /// Reads the last lines of a log over all its streams, in the order of their time, and the new ones when it is to follow.
    ///
    /// The stream ends with its first error; when it is dropped, reading ends.
    pub fn log_lines(
        &self,
        place: LogPlace,
        lines: usize,
        follow: bool,
        cancel: &CancelToken,
    ) -> WrittenLines {
        let (sender, receiver) = mpsc::channel(256);
        let reader = Reader {
            aws: self.clone(),
            place,
            cancel: cancel.clone(),
            sender,
        };
        tokio::spawn(async move {
            tokio::select! {
                read = reader.read(lines, follow) => if let Err(error) = read {
                    let _ = reader.sender.send(Err(error)).await;
                },
                () = reader.sender.closed() => {}
            }
        });
        let next =
            |mut receiver: mpsc::Receiver<_>| async { receiver.recv().await.map(|line| (line, receiver)) };
        stream::unfold(receiver, next).boxed()
    }
}

struct Reader {
    aws: Aws,
    place: LogPlace,
    cancel: CancelToken,
    sender: mpsc::Sender<Result<Written, AwsError>>,
}

impl Reader {
    async fn read(&self, lines: usize, follow: bool) -> Result<(), AwsError> {
        let now = now_ms();
        let last = self.last(lines, now).await?;
        let mut told: BTreeSet<_> = last.iter().map(key).collect();
        let skipped_before = last.first().and_then(|event| event.timestamp).unwrap_or(now);
        self.send(last).await;
        if !follow {
            return Ok(());
        }
        let limit = Duration::MAX;
        let mut wait = Wait::begin("following a log", (self.aws.pace, limit), &self.cancel);
        let mut newest = now;
        loop {
            wait.pause().await?;
            // Lines before the last ones were left out on purpose.
            let since = (newest - LATE_MS).max(skipped_before);
            let Some(mut events) = wait.outlast(self.between(since, None).await)? else {
                continue;
            };
            told = told.split_off(&(since, String::new()));
            events.retain(|event| told.insert(key(event)));
            newest = events
                .iter()
                .filter_map(|event| event.timestamp)
                .fold(newest, i64::max);
            self.send(events).await;
        }
    }

    /// Finds the last lines before a moment, looking further back until there are enough.
    async fn last(&self, lines: usize, now: i64) -> Result<Vec<FilteredLogEvent>, AwsError> {
        let mut found: Vec<FilteredLogEvent> = Vec::new();
        let mut until = None;
        let back = |step: Duration| now - i64::try_from(step.as_millis()).unwrap_or(now);
        for since in STEPS.into_iter().map(back).chain([0]) {
            if found.len() >= lines {
                break;
            }
            let mut earlier = self.between(since, until).await?;
            earlier.append(&mut found);
            found = earlier;
            until = Some(since - 1);
        }
        Ok(found.split_off(found.len().saturating_sub(lines)))
    }

    /// Reads the lines between two moments, both within, in the order of their time.
    async fn between(&self, since: i64, until: Option<i64>) -> Result<Vec<FilteredLogEvent>, AwsError> {
        let prefix = Some(self.place.streams.clone()).filter(|prefix| !prefix.is_empty());
        let read = self
            .aws
            .logs
            .filter_log_events()
            .log_group_name(&self.place.group)
            .set_log_stream_name_prefix(prefix)
            .start_time(since)
            .set_end_time(until);
        let pages = read.into_paginator().send().try_collect();
        let doing = format!("read the log `{}`", self.place.group);
        let pages: Vec<FilterLogEventsOutput> = ask(doing, &self.cancel, pages).await?;
        let mut events: Vec<FilteredLogEvent> = pages
            .into_iter()
            .filter_map(|page| page.events)
            .flatten()
            .collect();
        // Lines of one stream and one moment stay as they came.
        events.sort_by_key(|event| event.timestamp);
        Ok(events)
    }

    async fn send(&self, events: Vec<FilteredLogEvent>) {
        for event in events {
            let line = Written {
                at_ms: event.timestamp.unwrap_or_default(),
                stream: event.log_stream_name.unwrap_or_default(),
                line: event
                    .message
                    .unwrap_or_default()
                    .trim_end_matches('\n')
                    .to_owned(),
            };
            // Who does not listen any more is noticed where this is waited for.
            let _ = self.sender.send(Ok(line)).await;
        }
    }
}

/// Tells one line from another.
fn key(event: &FilteredLogEvent) -> (i64, String) {
    let id = event.event_id().unwrap_or_default().to_owned();
    (event.timestamp().unwrap_or_default(), id)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
