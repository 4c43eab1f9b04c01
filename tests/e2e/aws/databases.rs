//! Databases and their snapshots.

use std::collections::BTreeMap;

use landfall::aws::{AwsError, Database, DatabaseKind, SnapshotOrder, Told};
use landfall::tools::CancelToken;

use super::ground::{Ground, PATIENCE, soon};

/// Makes a database of a kind, without waiting for more than its name.
async fn make(ground: &Ground, kind: DatabaseKind, name: &str) -> Database {
    let identifier = format!("{}-{name}", ground.cluster);
    match kind {
        DatabaseKind::Cluster => {
            let create = ground.rds.create_db_cluster().db_cluster_identifier(&identifier);
            let create = create.engine("aurora-postgresql").engine_version("15.18");
            let create = create
                .master_username("notes")
                .master_user_password("a-canary-of-a-password");
            create
                .deletion_protection(true)
                .storage_encrypted(true)
                .send()
                .await
                .unwrap();
        }
        DatabaseKind::Instance => {
            let create = ground
                .rds
                .create_db_instance()
                .db_instance_identifier(&identifier);
            let create = create
                .engine("postgres")
                .db_instance_class("db.t4g.micro")
                .allocated_storage(20);
            let create = create
                .master_username("notes")
                .master_user_password("a-canary-of-a-password");
            create.send().await.unwrap();
        }
    }
    Database { kind, identifier }
}

async fn remove(ground: &Ground, database: &Database) {
    let name = &database.identifier;
    match database.kind {
        DatabaseKind::Cluster => {
            let lift = ground.rds.modify_db_cluster().db_cluster_identifier(name);
            lift.deletion_protection(false).send().await.unwrap();
            let delete = ground.rds.delete_db_cluster().db_cluster_identifier(name);
            delete.skip_final_snapshot(true).send().await.unwrap();
        }
        DatabaseKind::Instance => {
            let delete = ground.rds.delete_db_instance().db_instance_identifier(name);
            delete.skip_final_snapshot(true).send().await.unwrap();
        }
    }
}

fn order(database: &Database, name: &str) -> SnapshotOrder {
    SnapshotOrder {
        name: name.to_owned(),
        database: database.clone(),
        tags: BTreeMap::from([("run".to_owned(), "7".to_owned())]),
        limit: PATIENCE,
    }
}

async fn a_snapshot_twice(kind: DatabaseKind) {
    let Some(ground) = Ground::new().await else { return };
    let cancel = CancelToken::new();
    let database = make(&ground, kind, "data").await;
    let (seen, other) = (
        ground.aws.database(&database, &cancel).await,
        make(&ground, kind, "other").await,
    );
    assert!(seen.unwrap().is_some());
    let name = format!("{}-before", ground.cluster);
    let wanted = order(&database, &name);
    let mut told = Vec::new();
    let made = ground
        .aws
        .snapshot(&wanted, &mut |news| told.push(news), &cancel)
        .await
        .unwrap();
    assert_eq!((made.status.as_str(), made.percent), ("available", 100));
    assert_eq!(told.last(), Some(&Told::Percent(100)));
    // It is found, and not made again.
    let again = ground.aws.snapshot(&wanted, &mut |_| (), &cancel).await.unwrap();
    assert_eq!(again, made);
    // A name that is taken by another database's is no snapshot of this one.
    let taken = ground
        .aws
        .snapshot(&order(&other, &name), &mut |_| (), &cancel)
        .await;
    assert!(matches!(taken, Err(AwsError::OtherSnapshot { .. })), "{taken:?}");

    let listed = ground.aws.snapshots(&name, &wanted.tags, &cancel).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&made));
    let others = BTreeMap::from([("run".to_owned(), "8".to_owned())]);
    assert_eq!(ground.aws.snapshots(&name, &others, &cancel).await.unwrap(), []);

    for _ in 0..2 {
        ground
            .aws
            .delete_snapshot(kind, &name, PATIENCE, &cancel)
            .await
            .unwrap();
    }
    assert_eq!(
        ground
            .aws
            .snapshots(&name, &BTreeMap::new(), &cancel)
            .await
            .unwrap(),
        []
    );
    for database in [&database, &other] {
        remove(&ground, database).await;
    }
}

#[tokio::test]
async fn a_snapshot_of_a_cluster_that_is_made_twice_is_one() {
    a_snapshot_twice(DatabaseKind::Cluster).await;
}

#[tokio::test]
async fn a_snapshot_of_an_instance_that_is_made_twice_is_one() {
    a_snapshot_twice(DatabaseKind::Instance).await;
}

#[tokio::test]
async fn a_database_is_described_with_its_protection_and_its_members() {
    let Some(ground) = Ground::new().await else { return };
    let cancel = CancelToken::new();
    let database = make(&ground, DatabaseKind::Cluster, "data").await;
    let member = format!("{}-1", database.identifier);
    let create = ground.rds.create_db_instance().db_instance_identifier(&member);
    let create = create
        .db_cluster_identifier(&database.identifier)
        .engine("aurora-postgresql");
    create.db_instance_class("db.serverless").send().await.unwrap();
    soon("an available member", async || {
        let seen = ground.aws.database(&database, &cancel).await.unwrap().unwrap();
        seen.status == "available" && seen.members.iter().any(|member| member.status == "available")
    })
    .await;
    let seen = ground.aws.database(&database, &cancel).await.unwrap().unwrap();
    assert_eq!(
        (seen.engine.as_str(), seen.engine_version.as_str()),
        ("aurora-postgresql", "15.18")
    );
    assert!(seen.is_protected && seen.is_encrypted && seen.host.is_some());
    assert_eq!(seen.members.len(), 1);
    assert!(seen.members[0].identifier == member && seen.members[0].is_writer);
    let delete = ground.rds.delete_db_instance().db_instance_identifier(&member);
    delete.skip_final_snapshot(true).send().await.unwrap();
    remove(&ground, &database).await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_seen_as_none() {
    let Some(ground) = Ground::new().await else { return };
    for kind in [DatabaseKind::Cluster, DatabaseKind::Instance] {
        let identifier = format!("{}-nothing", ground.cluster);
        let database = Database { kind, identifier };
        let cancel = CancelToken::new();
        assert_eq!(ground.aws.database(&database, &cancel).await.unwrap(), None);
        let wanted = order(&database, "of-nothing");
        assert!(ground.aws.snapshot(&wanted, &mut |_| (), &cancel).await.is_err());
    }
}
