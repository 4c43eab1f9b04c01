//! What revisions say, apart from their numbers.

use aws_sdk_ecs::types::TaskDefinition;

use crate::aws::access::Aws;
use crate::aws::error::{AwsError, strange};
use crate::aws::refusal::ask;
use crate::tools::CancelToken;

impl Aws {
    /// Says whether two revisions run the same in the same way: whoever registers anew what was there before has another
    /// number for it.
    ///
    /// # Errors
    /// [`AwsError`] when ECS cannot be asked, or knows one of them no more.
    pub async fn is_same_definition(
        &self,
        (one, other): (&str, &str),
        cancel: &CancelToken,
    ) -> Result<bool, AwsError> {
        if one == other {
            return Ok(true);
        }
        let (one, other) = (self.definition(one, cancel), self.definition(other, cancel));
        let (one, other) = futures_util::future::try_join(one, other).await?;
        Ok(what_counts(one) == what_counts(other))
    }

    async fn definition(&self, arn: &str, cancel: &CancelToken) -> Result<TaskDefinition, AwsError> {
        let doing = format!("read the definition {arn}");
        let describe = self.ecs.describe_task_definition().task_definition(arn);
        let answer = ask(doing.clone(), cancel, describe.send()).await?;
        answer.task_definition.ok_or_else(strange(&doing, "definition"))
    }
}

/// Takes out what is another one with each revision, whatever it says.
fn what_counts(mut definition: TaskDefinition) -> TaskDefinition {
    definition.task_definition_arn = None;
    definition.revision = 0;
    definition.status = None;
    definition.registered_at = None;
    definition.registered_by = None;
    definition.deregistered_at = None;
    definition
}

#[cfg(test)]
mod tests {
    use crate::aws::testing::Stand;
    use crate::tools::CancelToken;

    async fn same(other: &str) -> bool {
        let definition = |revision: u8, image: &str| {
            format!(
                r#"{{"taskDefinition":{{"taskDefinitionArn":"arn:{revision}","revision":{revision},"registeredBy":"{revision}",
                    "containerDefinitions":[{{"name":"api","image":"{image}"}}]}}}}"#
            )
        };
        let stand = Stand::default()
            .answer("DescribeTaskDefinition", 200, definition(1, "a@sha256:1"))
            .answer("DescribeTaskDefinition", 200, definition(2, other));
        let aws = stand.start().await;
        aws.is_same_definition(("arn:1", "arn:2"), &CancelToken::new())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn the_number_alone_makes_no_difference_and_an_image_does() {
        assert!(same("a@sha256:1").await);
        assert!(!same("a@sha256:2").await);
    }
}
