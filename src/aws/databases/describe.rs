//! How a database is.

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{DbCluster, DbInstance};

use super::{Database, DatabaseKind};
use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::refusal::ask;
use crate::tools::CancelToken;

/// A database as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSeen {
    /// What RDS calls its state, such as `available`.
    pub status: String,
    /// Where it answers; none while it is being made.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<i32>,
    /// The engine, such as `aurora-postgresql`.
    pub engine: String,
    /// Its version.
    pub engine_version: String,
    /// Whether RDS refuses to delete it.
    pub is_protected: bool,
    /// Whether its storage is encrypted.
    pub is_encrypted: bool,
    /// The last moment that it could be restored to, in seconds since 1970.
    pub restorable_until: Option<i64>,
    /// The cluster's instances, or the instance itself.
    pub members: Vec<MemberSeen>,
}

/// An instance as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSeen {
    /// Its identifier.
    pub identifier: String,
    /// What RDS calls its state, such as `available`.
    pub status: String,
    /// Whether it is the one that writes.
    pub is_writer: bool,
    /// The zone that it is in.
    pub zone: Option<String>,
}

impl Aws {
    /// Looks at a database; none when there is no such database.
    ///
    /// # Errors
    /// [`AwsError`] when RDS cannot be asked.
    pub async fn database(
        &self,
        database: &Database,
        cancel: &CancelToken,
    ) -> Result<Option<DatabaseSeen>, AwsError> {
        let found = match database.kind {
            DatabaseKind::Cluster => self.cluster(&database.identifier, cancel).await,
            DatabaseKind::Instance => self.instance(&database.identifier, cancel).await,
        };
        match found {
            Err(error) if error.is("DBClusterNotFoundFault") || error.is("DBInstanceNotFound") => Ok(None),
            found => found,
        }
    }

    async fn cluster(
        &self,
        identifier: &str,
        cancel: &CancelToken,
    ) -> Result<Option<DatabaseSeen>, AwsError> {
        let doing = format!("look at database `{identifier}`");
        let describe = self.rds.describe_db_clusters().db_cluster_identifier(identifier);
        let answer = ask(&doing, cancel, describe.send()).await?;
        let Some(cluster) = answer.db_clusters.unwrap_or_default().into_iter().next() else {
            return Ok(None);
        };
        let mut members = Vec::new();
        for member in cluster.db_cluster_members() {
            let Some(name) = member.db_instance_identifier() else {
                continue;
            };
            let describe = self.rds.describe_db_instances().db_instance_identifier(name);
            let answer = ask(&doing, cancel, describe.send()).await?;
            let instances = answer.db_instances();
            members.extend(
                instances
                    .iter()
                    .map(|one| seen(one, member.is_cluster_writer() == Some(true))),
            );
        }
        Ok(Some(of_cluster(cluster, members)))
    }

    async fn instance(
        &self,
        identifier: &str,
        cancel: &CancelToken,
    ) -> Result<Option<DatabaseSeen>, AwsError> {
        let describe = self
            .rds
            .describe_db_instances()
            .db_instance_identifier(identifier);
        let answer = ask(
            format!("look at database `{identifier}`"),
            cancel,
            describe.send(),
        )
        .await?;
        Ok(answer
            .db_instances
            .unwrap_or_default()
            .into_iter()
            .next()
            .map(of_instance))
    }
}

fn seen(instance: &DbInstance, is_writer: bool) -> MemberSeen {
    MemberSeen {
        identifier: instance.db_instance_identifier().unwrap_or_default().to_owned(),
        status: instance.db_instance_status().unwrap_or_default().to_owned(),
        is_writer,
        zone: instance.availability_zone().map(str::to_owned),
    }
}

fn of_cluster(cluster: DbCluster, members: Vec<MemberSeen>) -> DatabaseSeen {
    DatabaseSeen {
        status: cluster.status.unwrap_or_default(),
        host: cluster.endpoint,
        port: cluster.port,
        engine: cluster.engine.unwrap_or_default(),
        engine_version: cluster.engine_version.unwrap_or_default(),
        is_protected: cluster.deletion_protection.unwrap_or_default(),
        is_encrypted: cluster.storage_encrypted.unwrap_or_default(),
        restorable_until: cluster.latest_restorable_time.as_ref().map(DateTime::secs),
        members,
    }
}

fn of_instance(instance: DbInstance) -> DatabaseSeen {
    let member = seen(&instance, true);
    let endpoint = instance.endpoint;
    DatabaseSeen {
        status: instance.db_instance_status.unwrap_or_default(),
        port: endpoint.as_ref().and_then(|endpoint| endpoint.port),
        host: endpoint.and_then(|endpoint| endpoint.address),
        engine: instance.engine.unwrap_or_default(),
        engine_version: instance.engine_version.unwrap_or_default(),
        is_protected: instance.deletion_protection.unwrap_or_default(),
        is_encrypted: instance.storage_encrypted.unwrap_or_default(),
        restorable_until: instance.latest_restorable_time.as_ref().map(DateTime::secs),
        members: vec![member],
    }
}
