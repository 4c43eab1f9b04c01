//! Saving the managed database.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::super::error::AccountError;
use super::super::place::DATA;
use super::apply::output;
use super::task::said;
use super::{Output, Performer, Tell};
use crate::aws::{Database, DatabaseKind, SnapshotOrder};

impl Performer<'_> {
    /// Makes a snapshot that is named after the run.
    pub(super) async fn save(&self, within: u32, tell: Tell<'_>) -> Result<Output, AccountError> {
        self.account.prepare(DATA).await?;
        let outputs = self.account.outputs(DATA).await?;
        let database = outputs
            .get("for_application")
            .and_then(|given| database(given.pointer("/data/database")?))
            .ok_or_else(|| AccountError::strange("the data layer does not name its database"))?;
        let name = format!("{}-{}", self.account.place.name, self.run).to_lowercase();
        let order = SnapshotOrder {
            name: name.clone(),
            database,
            tags: BTreeMap::from([
                ("installation".to_owned(), self.account.place.name.clone()),
                ("run".to_owned(), self.run.to_owned()),
            ]),
            limit: Duration::from_secs(within.into()),
        };
        let mut tell = |told| tell(&said(&told));
        let aws = &self.account.aws;
        aws.snapshot(&order, &mut tell, &self.account.cancel).await?;
        Ok(output("snapshot", name))
    }
}

fn database(told: &Value) -> Option<Database> {
    let text = |name: &str| told.get(name)?.as_str();
    Some(Database {
        kind: match text("kind")? {
            "aurora" => DatabaseKind::Cluster,
            _ => DatabaseKind::Instance,
        },
        identifier: text("identifier")?.to_owned(),
    })
}
