//! Looking at a service once.

use super::{ServiceName, ServiceSeen};
use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::tools::CancelToken;

impl Aws {
    /// Looks at a service, its tasks and its last events; none when there is no such service.
    ///
    /// # Errors
    /// [`AwsError`] when ECS cannot be asked.
    pub async fn observe_service(
        &self,
        name: &ServiceName,
        events: usize,
        cancel: &CancelToken,
    ) -> Result<Option<ServiceSeen>, AwsError> {
        let Some(service) = self.describe_service(name, cancel).await? else {
            return Ok(None);
        };
        let list = self.ecs.list_tasks().service_name(&name.service);
        let tasks = self.tasks_of(&name.cluster, list, cancel).await?;
        Ok(Some(ServiceSeen::of(&service, &tasks, events)))
    }
}
