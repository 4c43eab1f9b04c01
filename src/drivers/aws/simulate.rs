//! Whether whoever is signed in has the rights of a part: IAM itself works it out.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use super::account::environment;
use super::error::AccountError;
use super::permissions::Document;
use super::place::Place;
use crate::aws::{Aws, AwsError, Denied};
use crate::deployment::{Deployment, Part};
use crate::drivers::World;

/// How many questions are asked at once: IAM answers slowly, and throttles soon.
const AT_ONCE: usize = 4;
/// What to do when IAM may not be asked.
const NOT_ALLOWED: &str = "let whoever is signed in call iam:SimulatePrincipalPolicy on themselves, or have an administrator \
                           run `aws iam simulate-principal-policy`";

/// What a simulation came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Simulated {
    /// The user or role that was asked about.
    pub principal: String,
    /// How many actions were asked about.
    pub asked: usize,
    /// What is denied, each action on each resource.
    pub denied: Vec<Denied>,
}

/// Has IAM work out what of a part's policies is denied to whoever is signed in.
///
/// # Errors
/// [`AccountError`] when nobody is signed in, it is another account, or IAM may not be asked.
pub async fn simulate(
    world: &World,
    deployment: &Deployment,
    part: &Part,
    documents: &[Document],
) -> Result<Simulated, AccountError> {
    let place = Place::of(deployment, part)?;
    let options = &place.options;
    let aws = Aws::connect(Some(&options.region), &environment(world, &place)).await?;
    let identity = aws.identity(&world.cancel).await?;
    identity.guard(&options.account)?;
    let principal = principal(world, &aws, &identity.arn).await?;
    let questions: Vec<_> = documents.iter().flat_map(Document::questions).collect();
    let actions: BTreeSet<String> = questions.iter().flat_map(|it| it.actions.clone()).collect();
    let asked = questions
        .iter()
        .map(|question| aws.denied(&principal, question, &world.cancel));
    let denied: Result<Vec<Vec<Denied>>, AwsError> =
        stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await;
    let denied = denied.map_err(|source| match source.is_denied() {
        true => AccountError::Advised {
            advice: NOT_ALLOWED,
            source,
        },
        false => source.into(),
    })?;
    let denied: BTreeSet<Denied> = denied.into_iter().flatten().collect();
    Ok(Simulated {
        principal,
        asked: actions.len(),
        denied: denied.into_iter().collect(),
    })
}

/// Finds the user or role that policies are attached to.
async fn principal(world: &World, aws: &Aws, arn: &str) -> Result<String, AccountError> {
    let pieces: Vec<&str> = arn.split(':').collect();
    let [_, partition, service, _, account, name] = pieces[..] else {
        return Err(AccountError::strange(format!(
            "AWS calls whoever is signed in `{arn}`"
        )));
    };
    let assumed = name
        .strip_prefix("assumed-role/")
        .and_then(|rest| rest.split('/').next());
    match (service, assumed) {
        ("sts", Some(role)) => {
            // The session's name leaves out the role's path, which IAM tells.
            let told = aws.role(role, &world.cancel).await.ok().flatten();
            Ok(told.unwrap_or_else(|| format!("arn:{partition}:iam::{account}:role/{role}")))
        }
        ("iam", None) if name.starts_with("user/") => Ok(arn.to_owned()),
        _ => Err(AccountError::strange(format!(
            "IAM simulates users and roles alone, and `{arn}` is neither: sign in as one"
        ))),
    }
}
