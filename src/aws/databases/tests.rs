//! What answers of RDS mean for a snapshot.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::aws::testing::Stand;
use crate::aws::{AwsError, Told};
use crate::tools::CancelToken;

fn order() -> SnapshotOrder {
    SnapshotOrder {
        name: "before-2".to_owned(),
        database: Database {
            kind: DatabaseKind::Cluster,
            identifier: "notes-1".to_owned(),
        },
        tags: BTreeMap::new(),
        limit: Duration::from_secs(20),
    }
}

fn snapshot(status: &str, percent: u8) -> String {
    let fields = [
        ("DBClusterSnapshotIdentifier", "before-2"),
        ("DBClusterIdentifier", "notes-1"),
        ("Status", status),
        ("PercentProgress", &percent.to_string()),
    ];
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("<{name}>{value}</{name}>"))
        .collect();
    answered(&format!("<DBClusterSnapshot>{fields}</DBClusterSnapshot>"))
}

fn answered(snapshots: &str) -> String {
    format!(
        "<DescribeDBClusterSnapshotsResponse><DescribeDBClusterSnapshotsResult><DBClusterSnapshots>{snapshots}\
         </DBClusterSnapshots></DescribeDBClusterSnapshotsResult></DescribeDBClusterSnapshotsResponse>"
    )
}

fn refused(code: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    )
}

const CREATE: &str = "CreateDBClusterSnapshot";
const DESCRIBE: &str = "DescribeDBClusterSnapshots";
const CREATED: &str =
    "<CreateDBClusterSnapshotResponse><CreateDBClusterSnapshotResult/></CreateDBClusterSnapshotResponse>";

fn database(status: &str) -> String {
    format!(
        "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster><Status>{status}</Status>\
         </DBCluster></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>"
    )
}

async fn make(stand: Stand) -> (Result<SnapshotSeen, AwsError>, Vec<Told>) {
    let aws = stand.start().await;
    let mut told = Vec::new();
    let mut listen = |news| told.push(news);
    let made = aws.snapshot(&order(), &mut listen, &CancelToken::new()).await;
    (made, told)
}

#[tokio::test]
async fn a_snapshot_is_waited_for_with_its_progress() {
    let stand = Stand::default()
        .answer(CREATE, 200, CREATED)
        .answer(DESCRIBE, 404, refused("DBClusterSnapshotNotFoundFault"))
        .answer(DESCRIBE, 200, snapshot("creating", 0))
        .answer(DESCRIBE, 503, "")
        .answer(DESCRIBE, 200, snapshot("creating", 60))
        .answer(DESCRIBE, 200, snapshot("available", 100));
    let (made, told) = make(stand).await;
    assert_eq!(made.unwrap().status, "available");
    let percents: Vec<&Told> = told
        .iter()
        .filter(|news| matches!(news, Told::Percent(_)))
        .collect();
    assert_eq!(
        percents,
        [&Told::Percent(0), &Told::Percent(60), &Told::Percent(100)]
    );
}

#[tokio::test]
async fn a_database_that_is_busy_is_waited_for() {
    let stand = Stand::default()
        .answer(CREATE, 400, refused("InvalidDBClusterStateFault"))
        .answer(CREATE, 400, refused("InvalidDBClusterStateFault"))
        .answer(CREATE, 200, CREATED)
        .answer("DescribeDBClusters", 200, database("backing-up"))
        .answer("DescribeDBClusters", 200, database("stopping"))
        .answer(DESCRIBE, 200, snapshot("available", 100));
    let (made, told) = make(stand.clone()).await;
    made.unwrap();
    assert_eq!(told[0], Told::WaitingFor("`notes-1`, which is busy".to_owned()));
    assert_eq!(stand.calls(CREATE).len(), 3);
}

#[tokio::test]
async fn a_database_that_is_stopped_is_not_waited_for() {
    let stand = Stand::default()
        .answer(CREATE, 400, refused("InvalidDBClusterStateFault"))
        .answer("DescribeDBClusters", 200, database("stopped"));
    let (made, told) = make(stand.clone()).await;
    let error = made.unwrap_err().to_string();
    assert_eq!(
        error,
        "RDS makes no snapshot of database `notes-1`, which is stopped"
    );
    assert_eq!((told, stand.calls(CREATE).len()), (Vec::new(), 1));
}

#[tokio::test]
async fn a_snapshot_that_fails_or_goes_is_an_error() {
    let failed = Stand::default()
        .answer(CREATE, 200, CREATED)
        .answer(DESCRIBE, 200, snapshot("creating", 10))
        .answer(DESCRIBE, 200, snapshot("failed", 10));
    let gone = Stand::default()
        .answer(CREATE, 200, CREATED)
        .answer(DESCRIBE, 200, snapshot("creating", 10))
        .answer(DESCRIBE, 200, answered(""));
    for (stand, status) in [(failed, "failed"), (gone, "gone")] {
        let error = make(stand).await.0.unwrap_err().to_string();
        assert_eq!(error, format!("snapshot `before-2` of `notes-1` is {status}"));
    }
}

#[tokio::test]
async fn what_rds_refuses_is_told() {
    let (made, _) = make(Stand::default().answer(CREATE, 400, refused("SnapshotQuotaExceeded"))).await;
    let error = made.unwrap_err();
    let said = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        said.starts_with("AWS answered SnapshotQuotaExceeded: no"),
        "{said}"
    );
}
