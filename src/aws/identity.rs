//! Who one is in AWS.

use super::access::Aws;
use super::error::{AwsError, strange};
use super::refusal::ask;
use crate::tools::CancelToken;

/// Who makes the calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account's number.
    pub account: String,
    /// The user, or the role that was assumed.
    pub arn: String,
}

impl Identity {
    /// Makes sure that it is the account that is meant.
    ///
    /// # Errors
    /// [`AwsError::OtherAccount`].
    pub fn guard(&self, account: &str) -> Result<(), AwsError> {
        if self.account == account {
            return Ok(());
        }
        Err(AwsError::OtherAccount {
            wanted: account.to_owned(),
            found: self.account.clone(),
            arn: self.arn.clone(),
        })
    }
}

impl Aws {
    /// Asks AWS who makes these calls. Nobody needs a right for it.
    ///
    /// # Errors
    /// [`AwsError`] when nobody is signed in, or AWS is out of reach.
    pub async fn identity(&self, cancel: &CancelToken) -> Result<Identity, AwsError> {
        const DOING: &str = "find out who is signed in to AWS";
        let answer = ask(DOING, cancel, self.sts.get_caller_identity().send()).await?;
        Ok(Identity {
            account: answer.account.ok_or_else(strange(DOING, "account"))?,
            arn: answer.arn.ok_or_else(strange(DOING, "ARN"))?,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::aws::testing::Stand;

    pub(in crate::aws) const ANSWER: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
        <GetCallerIdentityResult><Arn>arn:aws:iam::000000000042:user/ann</Arn><UserId>A</UserId>\
        <Account>000000000042</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

    async fn told(status: u16, answer: &str) -> Result<Identity, AwsError> {
        let aws = Stand::default()
            .answer("GetCallerIdentity", status, answer)
            .start()
            .await;
        aws.identity(&CancelToken::new()).await
    }

    #[tokio::test]
    async fn who_is_signed_in_is_read_and_compared() {
        let identity = told(200, ANSWER).await.unwrap();
        assert_eq!(identity.arn, "arn:aws:iam::000000000042:user/ann");
        identity.guard("000000000042").unwrap();
        let error = identity.guard("000000000007").unwrap_err();
        insta::assert_snapshot!(error, @"these are keys of account 000000000042 (`arn:aws:iam::000000000042:user/ann`), and the account that is meant is 000000000007");
    }

    #[tokio::test]
    async fn what_aws_says_is_kept_with_what_to_do_next() {
        let error = told(
            403,
            "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>it is over</Message></Error><RequestId>r-1</RequestId></ErrorResponse>",
        );
        let error = error.await.unwrap_err();
        let said = std::error::Error::source(&error).unwrap().to_string();
        insta::assert_snapshot!(format!("{error}: {said}"), @"could not find out who is signed in to AWS: AWS answered ExpiredToken: it is over (request r-1)");
        assert_eq!(error.advice(), Some("the sign-in has expired: sign in again"));
        assert!(!error.is_passing());
    }

    #[tokio::test]
    async fn a_server_in_trouble_and_none_at_all_may_pass() {
        assert!(told(503, "").await.unwrap_err().is_passing());
        let aws = Aws::over(&crate::aws::testing::configuration("http://127.0.0.1:9", None)).unwrap();
        let error = aws.identity(&CancelToken::new()).await.unwrap_err();
        assert!(error.is_passing(), "{error:?}");
        assert!(error.advice().unwrap().contains("the way to AWS"));
    }

    #[tokio::test]
    async fn nothing_is_asked_when_everything_is_to_stop() {
        let aws = Stand::default().start().await;
        let cancel = CancelToken::new();
        cancel.force();
        let error = aws.identity(&cancel).await.unwrap_err();
        assert!(matches!(error, AwsError::Interrupted { .. }), "{error:?}");
    }
}
