//! Databases, saved and put back by Jobs, or by a program of the customer's.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::super::cluster::environment;
use super::super::error::ClusterError;
use super::super::render::SNAPSHOTS;
use super::super::workload::kind;
use super::{Performer, Tell};
use crate::drivers::hook::Hook;
use crate::plan::DatabaseJob;
use crate::secret::Secret;

/// Seconds that saving a database, or putting it back, may take: a day.
const WITHIN: u32 = 86_400;

impl Performer<'_> {
    /// Saves a database; what an earlier try left is written anew.
    pub(super) async fn save(&self, job: &DatabaseJob, tell: Tell<'_>) -> Result<(), ClusterError> {
        if job.hook {
            return self.call_hook(job, "save", tell).await;
        }
        if let Some(volume) = self.artifacts.get(SNAPSHOTS.into()) {
            let (api, cancel) = (&self.cluster.api, &self.cluster.cancel);
            let made = api
                .apply(
                    Secret::new(volume.text.clone()),
                    "the volume for what is saved",
                    cancel,
                )
                .await;
            made.map_err(ClusterError::tool("make the volume for what is saved"))?;
        }
        self.database_job(job, "save", tell).await
    }

    /// Puts a database back as it was saved.
    pub(super) async fn restore(
        &self,
        job: &DatabaseJob,
        purpose: &str,
        tell: Tell<'_>,
    ) -> Result<(), ClusterError> {
        if job.hook {
            return self.call_hook(job, "restore", tell).await;
        }
        self.database_job(job, purpose, tell).await
    }

    /// Calls the customer's program, once more where it was cut short.
    async fn call_hook(&self, job: &DatabaseJob, verb: &str, tell: Tell<'_>) -> Result<(), ClusterError> {
        let strange = |error: serde_yaml::Error| ClusterError::Strange {
            because: format!("{} cannot be read: {error}", job.manifest),
        };
        let hook: Hook = serde_yaml::from_str(&self.artifact(&job.manifest)?).map_err(strange)?;
        let secrets = self.cluster.secret(&self.cluster.place.secrets()).await?;
        let name = saved_name(&self.cluster.place.name, job, self.run);
        let mut call = hook
            .call(&self.world.answers, (verb, &name), &secrets.unwrap_or_default())?
            .inherit(&environment(self.world))
            .timeout(Duration::from_secs(u64::from(WITHIN)));
        if let Some(kubeconfig) = &self.cluster.place.options.kubeconfig {
            call = call.env("KUBECONFIG", self.world.answers.join(kubeconfig));
        }
        let ended = call.stream(&self.cluster.cancel, |_, line| tell(line)).await;
        ended.map_err(ClusterError::tool(format!("{verb} the database as {name}")))?;
        Ok(())
    }

    async fn database_job(
        &self,
        job: &DatabaseJob,
        purpose: &str,
        tell: Tell<'_>,
    ) -> Result<(), ClusterError> {
        let folder = job.folder.replace(['.', '+', '_'], "-").to_ascii_lowercase();
        let name =
            self.cluster
                .place
                .object(&format!("{purpose}-{}-{folder}-{}", job.service, self.suffix()));
        let name = short(&name);
        let verb = if purpose == "save" { "save" } else { "restore" };
        let text = self.artifact(&job.manifest)?;
        let manifest = filled(&text, &name, verb, &job.folder)?;
        self.run_job(&name, &manifest, WITHIN, tell).await
    }

    /// Ends a migration that is still at work, and puts back what was saved before it.
    pub(super) async fn take_back_migration(
        &self,
        saved: &BTreeMap<String, DatabaseJob>,
    ) -> Result<(), ClusterError> {
        self.end_job(&self.migration_job()).await?;
        for job in saved.values() {
            self.restore(job, "undo", &mut |_| {}).await?;
        }
        Ok(())
    }
}

/// Names what a program saves: another name for each run, in letters that snapshots of clouds may have.
fn saved_name(installation: &str, job: &DatabaseJob, run: &str) -> String {
    let run = job.run.as_deref().unwrap_or(run);
    let name = format!("{installation}-{}-{}-{run}", job.service, job.folder);
    let plain = |letter: char| match letter.is_ascii_alphanumeric() {
        true => letter.to_ascii_lowercase(),
        false => '-',
    };
    name.chars().map(plain).collect()
}

/// Keeps a name below what a pod's label takes, and distinct.
fn short(name: &str) -> String {
    const LONGEST: usize = 52;
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let digest = crate::oci::Digest::of(name).short();
    format!(
        "{}-{digest}",
        name[..LONGEST - digest.len() - 1].trim_end_matches('-')
    )
}

/// Says in a Job's manifest what it is called and what it does.
fn filled(text: &str, job: &str, verb: &str, folder: &str) -> Result<String, ClusterError> {
    let broken = |error: serde_yaml::Error| ClusterError::Strange {
        because: format!("the manifest of {job} cannot be read: {error}"),
    };
    let mut items = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let mut object = Value::deserialize(document).map_err(broken)?;
        if kind(&object) == "Job" {
            object["metadata"]["name"] = job.into();
            let environment = object.pointer_mut("/spec/template/spec/containers/0/env");
            if let Some(Value::Array(environment)) = environment {
                environment.push(json!({ "name": "VERB", "value": verb }));
                environment.push(json!({ "name": "FOLDER", "value": folder }));
            }
        }
        items.push(object);
    }
    Ok(json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_saves_under_a_name_of_its_own_and_a_later_one_finds_it() {
        let mut job = DatabaseJob {
            service: "main_database".to_owned(),
            manifest: "hooks/main-database.yaml".into(),
            folder: "1.0.0-to-1.1.0+4".to_owned(),
            hook: true,
            run: None,
        };
        let name = saved_name("notes", &job, "20261122-101916-688C");
        assert_eq!(name, "notes-main-database-1-0-0-to-1-1-0-4-20261122-101916-688c");
        job.run = Some("20261122-101916-688C".to_owned());
        assert_eq!(saved_name("notes", &job, "20270101-000000-0000"), name);
    }
}
