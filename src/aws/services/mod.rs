//! Services: which revision one runs, how many tasks of it, and how a rollout goes.
//!
//! [`Aws::update_service`] orders a rollout and returns the id of the deployment that does it; [`Aws::follow_rollout`] stays with
//! that one. A steady service is no success: a circuit breaker goes back in silence, and then the service is steady too. So
//! done is only a deployment that is ours, is the service's first one and is completed, with nothing running but the wanted
//! revision from the wanted image.
//!
//! How many tasks there are is autoscaling's while it is not suspended. Suspending it is Terraform's (`scaling_suspended` of
//! `modules/service`): it made the target, and would take a suspension of ours for a difference.

mod definition;
mod failure;
mod follow;
mod observe;
mod rollout;
mod scale;
mod seen;

pub use failure::RolloutFailure;
pub use seen::{EventSeen, RolloutSeen, ServiceSeen, TaskSeen};

use std::collections::BTreeSet;

use aws_sdk_ecs::types::Service;

use super::access::Aws;
use super::error::{AwsError, strange};
use super::refusal::{ask, order};
use crate::tools::{CancelLevel, CancelToken};

/// Names a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceName {
    /// The cluster's name or ARN.
    pub cluster: String,
    /// The service's name or ARN.
    pub service: String,
}

/// What a service is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The revision's ARN.
    pub definition: String,
    /// The container that is compared.
    pub container: String,
    /// The digests that its image may have: that of an index, and of the one image in it that is run. With none, images
    /// are not compared: the revision names them.
    pub digests: BTreeSet<String>,
}

impl Aws {
    /// Sets a service to a revision, and returns the id of the deployment that rolls it out.
    ///
    /// One that is set to it already is left alone, and its deployment is returned.
    ///
    /// # Errors
    /// [`AwsError`] when ECS refuses, or the service is not there.
    pub async fn update_service(
        &self,
        name: &ServiceName,
        definition: &str,
        cancel: &CancelToken,
    ) -> Result<String, AwsError> {
        let doing = format!("set service `{}` to {definition}", name.service);
        self.deploy(doing, name, (definition, None), cancel).await
    }

    /// Sets a stopped service to a revision and to so many tasks, and returns the id of the deployment that starts them.
    ///
    /// One that has as many of that revision already is left alone. It is a deployment of its own, so that tasks that do not
    /// come up are told as a rollout that failed.
    ///
    /// # Errors
    /// As [`Aws::update_service`].
    pub async fn start_service(
        &self,
        name: &ServiceName,
        (definition, count): (&str, u16),
        cancel: &CancelToken,
    ) -> Result<String, AwsError> {
        let doing = format!("start service `{}`", name.service);
        self.deploy(doing, name, (definition, Some(count)), cancel).await
    }

    /// Sets a service to a revision, and to so many tasks where a number is given, unless it is set so already.
    async fn deploy(
        &self,
        doing: String,
        name: &ServiceName,
        (definition, count): (&str, Option<u16>),
        cancel: &CancelToken,
    ) -> Result<String, AwsError> {
        let seen = self.existing_service(name, cancel).await?;
        let has_enough = count.is_none_or(|count| seen.desired_count() >= i32::from(count));
        if let Some(id) = rollout::to(&seen, definition).filter(|_| has_enough) {
            return Ok(id);
        }
        if cancel.level() == CancelLevel::Force {
            return Err(AwsError::Interrupted { doing });
        }
        let update = self
            .ecs
            .update_service()
            .cluster(&name.cluster)
            .service(&name.service)
            .task_definition(definition)
            .set_desired_count(count.map(i32::from))
            // Another number alone would be no deployment.
            .set_force_new_deployment(count.map(|_| true));
        // Its answer is waited for in any case: it has the id.
        let answer = order(&doing, update.send()).await?;
        let id = answer
            .service
            .and_then(|service| rollout::to(&service, definition));
        id.ok_or_else(strange(&doing, "deployment"))
    }

    /// Describes a service; none when there is no such service, or it is being deleted.
    pub(super) async fn describe_service(
        &self,
        name: &ServiceName,
        cancel: &CancelToken,
    ) -> Result<Option<Service>, AwsError> {
        let describe = self
            .ecs
            .describe_services()
            .cluster(&name.cluster)
            .services(&name.service);
        let answer = ask(
            format!("look at service `{}`", name.service),
            cancel,
            describe.send(),
        )
        .await?;
        let is_active = |service: &Service| service.status() == Some("ACTIVE");
        Ok(answer.services.unwrap_or_default().into_iter().find(is_active))
    }

    pub(super) async fn existing_service(
        &self,
        name: &ServiceName,
        cancel: &CancelToken,
    ) -> Result<Service, AwsError> {
        let seen = self.describe_service(name, cancel).await?;
        seen.ok_or_else(|| AwsError::NoService {
            cluster: name.cluster.clone(),
            service: name.service.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
