//! Moving services to revisions, stopping and starting them, and comparing what runs with what was planned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::super::error::AccountError;
use super::task::said;
use super::{Application, Performer, Tell};
use crate::aws::{ServiceName, Told, Wanted};
use crate::oci::Digest;
use crate::plan::ServiceMove;
use crate::tools::CancelLevel;

/// How long what runs may be something else than what was planned, before that counts.
const SETTLING: Duration = Duration::from_secs(60);
/// How long there is between two looks at it.
const PACE: Duration = Duration::from_secs(1);

/// Tells of several services at once, each with its name.
struct Voices<'a>(Mutex<Tell<'a>>);

impl Voices<'_> {
    fn of(&self, service: &str) -> impl FnMut(Told) + Send {
        move |told| {
            let mut tell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            tell(&format!("{service}: {}", said(&told)));
        }
    }
}

impl Performer<'_> {
    /// Moves every service to the revision that the application layer registered last, all at once.
    pub(super) async fn roll_out(
        &self,
        services: &BTreeMap<String, ServiceMove>,
        within: u32,
        tell: Tell<'_>,
    ) -> Result<(), AccountError> {
        let application = self.application().await?;
        let voices = Voices(Mutex::new(tell));
        let moves = services.iter().map(|(name, to)| {
            let definition = application.services.get(name);
            let wanted = definition.map(|definition| wanted(name, definition, &to.digests));
            self.move_service((&application, name), wanted, to.tasks, (within, &voices))
        });
        try_join_all(moves).await.map(drop)
    }

    async fn move_service(
        &self,
        (application, name): (&Application, &str),
        wanted: Option<Wanted>,
        tasks: u16,
        (within, voices): (u32, &Voices<'_>),
    ) -> Result<(), AccountError> {
        let wanted = wanted.ok_or_else(|| {
            AccountError::strange(format!(
                "the application layer registered no revision of `{name}`"
            ))
        })?;
        let (aws, cancel) = (&self.account.aws, &self.account.cancel);
        let service = service(application, name);
        let seen = aws.observe_service(&service, 0, cancel).await?;
        let is_stopped = seen.is_some_and(|seen| seen.desired < i32::from(tasks));
        let id = match is_stopped {
            true => {
                aws.start_service(&service, (&wanted.definition, tasks), cancel)
                    .await?
            }
            false => aws.update_service(&service, &wanted.definition, cancel).await?,
        };
        let limit = Duration::from_secs(within.into());
        let mut tell = voices.of(name);
        Ok(aws
            .follow_rollout(&service, (&id, &wanted), limit, &mut tell, cancel)
            .await?)
    }

    /// Moves every service back to the revision that it ran.
    pub(super) async fn roll_back(
        &self,
        services: &BTreeMap<String, ServiceMove>,
        within: u32,
        tell: Tell<'_>,
    ) -> Result<(), AccountError> {
        let application = self.application().await?;
        let (aws, cancel) = (&self.account.aws, &self.account.cancel);
        let voices = Voices(Mutex::new(tell));
        let back = services
            .iter()
            .filter_map(|(name, it)| Some((name, it, it.from.as_ref()?)));
        let moves = back.map(|(name, it, from)| {
            let (application, voices) = (&application, &voices);
            async move {
                let service = service(application, name);
                let limit = Duration::from_secs(within.into());
                let mut tell = voices.of(name);
                if it.stopped {
                    aws.scale_service(&service, 0, limit, &mut tell, cancel).await?;
                }
                let id = aws.update_service(&service, from, cancel).await?;
                let wanted = wanted(name, from, &BTreeSet::new());
                aws.follow_rollout(&service, (&id, &wanted), limit, &mut tell, cancel)
                    .await
            }
        });
        Ok(try_join_all(moves).await.map(drop)?)
    }

    /// Stops services: none of their tasks is left.
    pub(super) async fn stop(
        &self,
        services: &BTreeMap<String, u16>,
        within: u32,
        tell: Tell<'_>,
    ) -> Result<(), AccountError> {
        let none = services.keys().map(|name| (name.clone(), 0)).collect();
        self.scale(&none, within, tell).await
    }

    /// Sets how many tasks services have, and waits until they have as many.
    pub(super) async fn scale(
        &self,
        services: &BTreeMap<String, u16>,
        within: u32,
        tell: Tell<'_>,
    ) -> Result<(), AccountError> {
        let application = self.application().await?;
        let (aws, cancel) = (&self.account.aws, &self.account.cancel);
        let voices = Voices(Mutex::new(tell));
        let all = services.iter().map(|(name, count)| {
            let (application, voices) = (&application, &voices);
            async move {
                let limit = Duration::from_secs(within.into());
                let mut tell = voices.of(name);
                let service = service(application, name);
                aws.scale_service(&service, *count, limit, &mut tell, cancel)
                    .await
            }
        });
        Ok(try_join_all(all).await.map(drop)?)
    }

    /// Waits until services have all the tasks that they should have, of the revision that they are set to.
    pub(super) async fn serves_again(
        &self,
        services: &BTreeSet<String>,
        within: u32,
        tell: Tell<'_>,
    ) -> Result<(), AccountError> {
        let application = self.application().await?;
        let (aws, cancel) = (&self.account.aws, &self.account.cancel);
        let mut wanted_of = BTreeMap::new();
        for name in services {
            let seen = aws
                .observe_service(&service(&application, name), 0, cancel)
                .await?;
            if let Some(seen) = seen.filter(|seen| seen.desired > 0) {
                wanted_of.insert(name.clone(), u16::try_from(seen.desired).unwrap_or(u16::MAX));
            }
        }
        self.scale(&wanted_of, within, tell).await
    }

    /// Compares what runs with what was planned: the revision that was registered, and the digest of every task's image.
    pub(super) async fn verify(
        &self,
        services: &BTreeMap<String, BTreeSet<Digest>>,
    ) -> Result<(), AccountError> {
        let application = self.application().await?;
        let checks = services
            .iter()
            .map(|(name, digests)| self.verify_soon(&application, name, digests));
        try_join_all(checks).await.map(drop)
    }

    /// Gives what runs a while to come right: old tasks drain, autoscaling starts some, their digests come late.
    async fn verify_soon(
        &self,
        application: &Application,
        name: &str,
        digests: &BTreeSet<Digest>,
    ) -> Result<(), AccountError> {
        let begin = Instant::now();
        loop {
            let verified = self.verify_one(application, name, digests).await;
            let is_over = begin.elapsed() >= SETTLING || self.account.cancel.level() == CancelLevel::Force;
            match verified {
                Err(AccountError::Mismatch { .. }) if !is_over => tokio::time::sleep(PACE).await,
                verified => return verified,
            }
        }
    }

    async fn verify_one(
        &self,
        application: &Application,
        name: &str,
        digests: &BTreeSet<Digest>,
    ) -> Result<(), AccountError> {
        let (aws, cancel) = (&self.account.aws, &self.account.cancel);
        let mismatch = |found: String, planned: String| AccountError::Mismatch {
            component: name.to_owned(),
            found,
            planned,
        };
        let planned = application.services.get(name).cloned().unwrap_or_default();
        let seen = aws
            .observe_service(&service(application, name), 0, cancel)
            .await?;
        let Some(seen) = seen else {
            return Err(mismatch("nothing".to_owned(), planned));
        };
        if !aws
            .is_same_definition((&seen.definition, &planned), cancel)
            .await?
        {
            return Err(mismatch(seen.definition, planned));
        }
        if seen.running != seen.desired {
            let planned = format!("{} tasks", seen.desired);
            return Err(mismatch(format!("{} tasks", seen.running), planned));
        }
        for task in &seen.tasks {
            let image = task.images.iter().find(|(container, _)| container == name);
            let digest = image.and_then(|(_, digest)| digest.clone()).unwrap_or_default();
            if !digests.iter().any(|planned| planned.to_string() == digest) {
                let planned: Vec<String> = digests.iter().map(Digest::to_string).collect();
                return Err(mismatch(
                    format!("{digest} in task {}", task.id),
                    planned.join(" or "),
                ));
            }
        }
        Ok(())
    }
}

fn service(application: &Application, name: &str) -> ServiceName {
    ServiceName {
        cluster: application.cluster.clone(),
        service: name.to_owned(),
    }
}

fn wanted(name: &str, definition: &str, digests: &BTreeSet<Digest>) -> Wanted {
    Wanted {
        definition: definition.to_owned(),
        container: name.to_owned(),
        digests: digests.iter().map(Digest::to_string).collect(),
    }
}
