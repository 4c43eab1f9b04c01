//! What is known by its name: roles, buckets, secrets, images, versions of an engine.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::plain::Api;
use crate::aws::refusal::ask;
use crate::tools::CancelToken;

/// What there is under a bucket's name, which the whole world shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketSeen {
    /// It is this account's.
    Ours,
    /// There is none.
    Free,
    /// It is another account's, or may not be looked at.
    Closed,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleAnswer {
    get_role_result: RoleResult,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleResult {
    role: Role,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Role {
    arn: String,
}

impl Aws {
    /// Returns the ARN of a role by its name, with its path; none when there is no such role.
    ///
    /// # Errors
    /// [`AwsError`] when IAM cannot be asked, or may not be.
    pub async fn role(&self, name: &str, cancel: &CancelToken) -> Result<Option<String>, AwsError> {
        let doing = format!("look at role `{name}`");
        let which = [("RoleName", name)];
        let call = (Api::IAM, "GetRole");
        match self.query::<RoleAnswer>((doing, cancel), call, &which).await {
            Ok(answer) => Ok(Some(answer.get_role_result.role.arn)),
            Err(error) if error.is("NoSuchEntity") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Looks whose a bucket is.
    ///
    /// # Errors
    /// [`AwsError`] when S3 cannot be asked.
    pub async fn bucket(
        &self,
        (name, account): (&str, &str),
        cancel: &CancelToken,
    ) -> Result<BucketSeen, AwsError> {
        let doing = format!("look at bucket `{name}`");
        let owner = ("x-amz-expected-bucket-owner", account.to_owned());
        let at = (&*format!("/{name}"), vec![owner]);
        match self.head((doing, cancel), (Api::S3, "HeadBucket"), at).await {
            Ok(()) => Ok(BucketSeen::Ours),
            Err(error) if error.is("404") => Ok(BucketSeen::Free),
            // In another region it is told by a redirection, and whose it is stays untold.
            Err(error) if ["301", "400", "403"].iter().any(|code| error.is(code)) => Ok(BucketSeen::Closed),
            Err(error) => Err(error),
        }
    }

    /// Says whether a secret is there, and reads nothing of it.
    ///
    /// # Errors
    /// [`AwsError`] when Secrets Manager cannot be asked, or may not be.
    pub async fn has_secret(&self, id: &str, cancel: &CancelToken) -> Result<bool, AwsError> {
        let describe = self.secrets.describe_secret().secret_id(id);
        match ask(format!("look at the secret `{id}`"), cancel, describe.send()).await {
            Ok(answer) => Ok(answer.deleted_date.is_none()),
            Err(error) if error.is("ResourceNotFoundException") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Says whether a repository of ECR has an image.
    ///
    /// # Errors
    /// [`AwsError`] when ECR cannot be asked, or may not be.
    pub async fn has_image(
        &self,
        (account, repository, digest): (&str, &str, &str),
        cancel: &CancelToken,
    ) -> Result<bool, AwsError> {
        let doing = format!("look for the image {repository}@{digest}");
        let which = json!({
            "registryId": account,
            "repositoryName": repository,
            "imageIds": [{ "imageDigest": digest }],
        });
        let found = self.json::<Value>((doing, cancel), (Api::ECR, "DescribeImages"), &which);
        match found.await {
            Ok(_) => Ok(true),
            Err(error)
                if ["ImageNotFoundException", "RepositoryNotFoundException"]
                    .iter()
                    .any(|code| error.is(code)) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Says whether RDS offers a version of an engine in the region.
    ///
    /// # Errors
    /// [`AwsError`] when RDS cannot be asked, or may not be.
    pub async fn offers_engine(
        &self,
        (engine, version): (&str, &str),
        cancel: &CancelToken,
    ) -> Result<bool, AwsError> {
        let doing = format!("look for version {version} of {engine}");
        let describe = self.rds.describe_db_engine_versions();
        let describe = describe.engine(engine).engine_version(version);
        let answer = ask(doing, cancel, describe.send()).await?;
        let found = answer.db_engine_versions.unwrap_or_default();
        Ok(found.iter().any(|found| found.engine_version() == Some(version)))
    }
}
