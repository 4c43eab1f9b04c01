//! Secrets Manager: the values of secrets that Terraform made, which it keeps nowhere.

use super::access::Aws;
use super::error::AwsError;
use super::refusal::ask;
use crate::secret::Secret;
use crate::tools::CancelToken;

impl Aws {
    /// Reads what a secret holds now; none when it is not there, or nothing was put into it yet.
    ///
    /// `name` is what people know it by, `id` its ARN or name at AWS.
    ///
    /// # Errors
    /// [`AwsError`] when Secrets Manager cannot be asked, or may not be.
    pub async fn secret(
        &self,
        (name, id): (&str, &str),
        cancel: &CancelToken,
    ) -> Result<Option<Secret>, AwsError> {
        let read = self.secrets.get_secret_value().secret_id(id);
        match ask(format!("read the secret `{name}`"), cancel, read.send()).await {
            Ok(answer) => Ok(answer.secret_string.map(Secret::new)),
            Err(error) if error.is("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::aws::testing::Stand;
    use crate::tools::CancelToken;

    #[tokio::test]
    async fn a_value_is_read_and_none_is_no_error() {
        let aws = Stand::default()
            .answer("GetSecretValue", 200, r#"{"Name":"a","SecretString":"hidden"}"#)
            .start()
            .await;
        let cancel = CancelToken::new();
        let found = aws.secret(("a", "arn:a"), &cancel).await.unwrap().unwrap();
        assert_eq!(found.expose(), "hidden");
        let missing = r#"{"__type":"ResourceNotFoundException","message":"no such secret"}"#;
        let aws = Stand::default()
            .answer("GetSecretValue", 400, missing)
            .start()
            .await;
        assert!(aws.secret(("a", "arn:a"), &cancel).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn one_that_may_not_be_read_is_named() {
        let denied = r#"{"__type":"AccessDeniedException","message":"not you"}"#;
        let aws = Stand::default()
            .answer("GetSecretValue", 400, denied)
            .start()
            .await;
        let error = aws.secret(("a", "arn:a"), &CancelToken::new()).await.unwrap_err();
        assert_eq!(error.to_string(), "could not read the secret `a`");
    }
}
