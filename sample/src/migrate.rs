//! `notes migrate`: brings the schema to what the release needs.

use tokio_postgres::Client;

use crate::database::{Database, schema_of};
use crate::error::{Explain as _, Failure};
use crate::log;
use crate::net::Network;
use crate::release::Release;
use crate::settings::Environment;

/// Any number will do, as long as only migrations of this product take it.
const LOCK: i64 = 6_074_553_201;
/// Release 3.0 starts from here; what came before must have gone through release 2.0.
const REQUIRED_STOP: u32 = 4;

/// One numbered change of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Migration {
    number: u32,
    sql: &'static str,
    in_transaction: bool,
}

/// Applies what is missing, one migration after another.
pub async fn run(release: &Release, environment: &Environment) -> Result<(), Failure> {
    let database = Database::new(environment, Network::new(environment)?, "migrate")?;
    let mut client = database.connect().await?;
    // Held by the session: a killed migration lets go of it by itself.
    client
        .execute("SELECT pg_advisory_lock($1)", &[&LOCK])
        .await
        .explain("cannot take the migration lock")?;
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations
             (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
        )
        .await
        .explain("cannot create the table of migrations")?;
    let found = schema_of(&client).await?;
    check_path(found, release)?;
    let missing: Vec<_> = migrations(release.schema)
        .into_iter()
        .filter(|one| one.number > found)
        .collect();
    for migration in &missing {
        apply(&mut client, migration).await?;
        log::info("migration applied", &[("number", migration.number.into())]);
    }
    let fields = [
        ("schema", found.max(release.schema).into()),
        ("before", found.into()),
        ("applied", missing.len().into()),
    ];
    log::info("the schema is what this release needs", &fields);
    Ok(())
}

/// Gives the migrations up to a schema.
///
/// Release 1.3, whose last migration is 3, shipped it broken; later releases carry it corrected.
fn migrations(schema: u32) -> Vec<Migration> {
    let third = if schema == 3 {
        include_str!("../migrations/003_bodies_broken.sql")
    } else {
        include_str!("../migrations/003_bodies.sql")
    };
    let all = [
        include_str!("../migrations/001_notes.sql"),
        include_str!("../migrations/002_words_and_tags.sql"),
        third,
        include_str!("../migrations/004_tag_colors.sql"),
        include_str!("../migrations/005_tag_colors_used.sql"),
    ];
    (1..=schema)
        .zip(all)
        .map(|(number, sql)| Migration {
            number,
            sql,
            in_transaction: !(schema == 3 && number == 3),
        })
        .collect()
}

fn check_path(found: u32, release: &Release) -> Result<(), Failure> {
    if release.schema > REQUIRED_STOP && (1..REQUIRED_STOP).contains(&found) {
        return Err(Failure::new(format!(
            "release {} needs schema {REQUIRED_STOP}, upgrade to release 2.0.0 first; the database has: {found}",
            release.version
        )));
    }
    Ok(())
}

async fn apply(client: &mut Client, migration: &Migration) -> Result<(), Failure> {
    let what = format!("migration {} failed", migration.number);
    let number = i32::try_from(migration.number).explain(&what)?;
    let record = "INSERT INTO schema_migrations (version) VALUES ($1)";
    if !migration.in_transaction {
        client.batch_execute(migration.sql).await.explain(&what)?;
        client.execute(record, &[&number]).await.explain(&what)?;
        return Ok(());
    }
    let transaction = client.transaction().await.explain(&what)?;
    transaction.batch_execute(migration.sql).await.explain(&what)?;
    transaction.execute(record, &[&number]).await.explain(&what)?;
    transaction.commit().await.explain(&what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(version: &str, schema: u32) -> Release {
        Release {
            version: version.into(),
            schema,
            ..Release::default()
        }
    }

    #[test]
    fn only_release_1_3_ships_the_broken_migration() {
        assert!(migrations(2).iter().all(|one| one.in_transaction));
        assert!(migrations(4).iter().all(|one| one.in_transaction));
        let broken = migrations(3);
        assert_eq!(broken.iter().filter(|one| !one.in_transaction).count(), 1);
        assert_ne!(broken[2].sql, migrations(4)[2].sql);
    }

    #[test]
    fn the_required_stop_cannot_be_jumped_over() {
        let third = release("3.0.0", 5);
        assert!(
            check_path(2, &third)
                .unwrap_err()
                .to_string()
                .contains("2.0.0 first")
        );
        assert!(check_path(4, &third).is_ok());
        assert!(
            check_path(0, &third).is_ok(),
            "an empty database may start anywhere"
        );
        assert!(check_path(5, &release("1.0.0", 1)).is_ok());
    }
}
