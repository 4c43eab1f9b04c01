//! Logs of components.

use futures_util::StreamExt as _;
use landfall::aws::{LogPlace, Written};

use super::ground::Ground;

/// Runs a task that writes one line.
async fn write(ground: &Ground, family: &str, line: &str) -> String {
    let definition = ground
        .define(family, &ground.shell().await, &["echo", line])
        .await;
    let mut order = ground.order(family, &definition);
    order.name = format!("{}/{line}", order.name);
    ground.run(&order).await.0.unwrap().task
}

async fn read(ground: &Ground, streams: &str, lines: usize) -> Vec<Written> {
    let place = LogPlace {
        group: ground.cluster.clone(),
        streams: streams.to_owned(),
    };
    let read = ground.aws.log_lines(place, lines, false, &ground.cancel);
    read.map(Result::unwrap).collect().await
}

fn texts(written: &[Written]) -> Vec<&str> {
    written.iter().map(|one| one.line.as_str()).collect()
}

#[tokio::test]
async fn the_last_lines_of_all_streams_come_in_the_order_of_time() {
    let Some(ground) = Ground::new().await else { return };
    let mut tasks = Vec::new();
    for (family, line) in [("page", "first"), ("worker", "second"), ("page", "third")] {
        tasks.push(write(&ground, family, line).await);
    }
    let last = read(&ground, "", 2).await;
    assert_eq!(texts(&last), ["second", "third"]);
    assert!(tasks[2].ends_with(last[1].task()), "{tasks:?} {last:?}");
    assert_eq!(texts(&read(&ground, "", 9).await), ["first", "second", "third"]);
    assert_eq!(texts(&read(&ground, "page/", 9).await), ["first", "third"]);
    assert_eq!(texts(&read(&ground, "nobody/", 9).await), [""; 0]);
}

#[tokio::test]
async fn a_log_that_is_followed_goes_on_with_each_new_line_once() {
    let Some(ground) = Ground::new().await else { return };
    for line in ["old", "last"] {
        write(&ground, "page", line).await;
    }
    let place = LogPlace {
        group: ground.cluster.clone(),
        streams: String::new(),
    };
    let mut lines = ground.aws.log_lines(place, 1, true, &ground.cancel);
    assert_eq!(lines.next().await.unwrap().unwrap().line, "last");
    for line in ["new", "newer"] {
        write(&ground, "worker", line).await;
        assert_eq!(lines.next().await.unwrap().unwrap().line, line);
    }
    ground.cancel.force();
    assert!(lines.next().await.unwrap().is_err());
    assert!(lines.next().await.is_none());
}

#[tokio::test]
async fn a_log_group_that_is_not_there_is_an_error() {
    let Some(ground) = Ground::new().await else { return };
    let place = LogPlace {
        group: format!("{}-none", ground.cluster),
        streams: String::new(),
    };
    let mut lines = ground.aws.log_lines(place, 1, false, &ground.cancel);
    let error = lines.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("-none"), "{error}");
}
