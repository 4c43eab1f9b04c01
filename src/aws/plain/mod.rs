//! Services of AWS that have no client here: the protocols that they speak, over what the clients of the others are made of.
//!
//! Signing in, retries, time limits, certificates and proxies are those of the clients, and so are the errors. What is asked
//! is a name with parameters, what is answered is read by serde. Only what changes nothing is asked this way.

mod answer;
mod api;
mod call;

pub(super) use answer::Items;
pub(super) use api::Api;
pub(super) use call::Plain;

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde_json::Value;

use self::call::Request;
use super::access::Aws;
use super::error::AwsError;
use super::refusal::ask;
use crate::tools::CancelToken;

/// What comes back of a call.
pub(super) trait Answer: DeserializeOwned + Debug + Send + Sync + 'static {}

impl<T: DeserializeOwned + Debug + Send + Sync + 'static> Answer for T {}

impl Aws {
    /// Asks a service that takes forms and answers in XML.
    ///
    /// # Errors
    /// [`AwsError`] when AWS refuses, is out of reach, or answers something else.
    pub(super) async fn query<T: Answer>(
        &self,
        (doing, cancel): (impl Into<String>, &CancelToken),
        (api, action): (Api, &'static str),
        parameters: &[(&str, &str)],
    ) -> Result<T, AwsError> {
        let request = Request::form(api, action, parameters);
        let call = self.plain.call(api, action, request, answer::of_xml::<T>);
        ask(doing, cancel, call).await
    }

    /// Asks a service that takes JSON and answers in it.
    ///
    /// # Errors
    /// As [`Aws::query`].
    pub(super) async fn json<T: Answer>(
        &self,
        (doing, cancel): (impl Into<String>, &CancelToken),
        (api, action): (Api, &'static str),
        parameters: &Value,
    ) -> Result<T, AwsError> {
        let request = Request::json(api, action, parameters);
        let call = self.plain.call(api, action, request, answer::of_json::<T>);
        ask(doing, cancel, call).await
    }

    /// Reads what a service has at a path, as XML.
    ///
    /// # Errors
    /// As [`Aws::query`].
    pub(super) async fn read<T: Answer>(
        &self,
        (doing, cancel): (impl Into<String>, &CancelToken),
        (api, action): (Api, &'static str),
        path: &str,
    ) -> Result<T, AwsError> {
        let request = Request::at("GET", path, Vec::new());
        let call = self.plain.call(api, action, request, answer::of_xml::<T>);
        ask(doing, cancel, call).await
    }

    /// Asks whether a service has something at a path.
    ///
    /// # Errors
    /// As [`Aws::query`]; there is no code but the status, such as `404`.
    pub(super) async fn head(
        &self,
        (doing, cancel): (impl Into<String>, &CancelToken),
        (api, action): (Api, &'static str),
        (path, headers): (&str, Vec<(&'static str, String)>),
    ) -> Result<(), AwsError> {
        let request = Request::at("HEAD", path, headers);
        let call = self.plain.call(api, action, request, |_| Ok(()));
        ask(doing, cancel, call).await
    }
}

#[cfg(test)]
mod tests;
