//! One call: the request, signed and sent by what AWS's own clients are made of.

use std::fmt::Debug;

use aws_config::SdkConfig;
use aws_runtime::auth::sigv4::{self, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_sdk_sts::config::SharedHttpClient;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthScheme};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};
use aws_types::service_config::ServiceConfigKey;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::Api;
use super::answer::Said;
use super::api::{Protocol, Seat};

/// A request that is not signed yet.
#[derive(Debug, Clone)]
pub(super) struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Request {
    pub(super) fn form(api: Api, action: &str, parameters: &[(&str, &str)]) -> Self {
        let version = match api.protocol {
            Protocol::Query(version) => version,
            _ => "",
        };
        let mut form = Serializer::new(String::new());
        form.append_pair("Action", action).append_pair("Version", version);
        form.extend_pairs(parameters);
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        Self {
            method: "POST",
            path: "/".to_owned(),
            headers: vec![("content-type", kind.to_owned())],
            body: form.finish(),
        }
    }

    pub(super) fn json(api: Api, action: &str, parameters: &Value) -> Self {
        let target = match api.protocol {
            Protocol::Json(target) => target,
            _ => "",
        };
        Self {
            method: "POST",
            path: "/".to_owned(),
            headers: vec![
                ("content-type", "application/x-amz-json-1.1".to_owned()),
                ("x-amz-target", format!("{target}.{action}")),
            ],
            body: parameters.to_string(),
        }
    }

    pub(super) fn at(method: &'static str, path: &str, headers: Vec<(&'static str, String)>) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers,
            body: String::new(),
        }
    }

    fn write(self) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync>> {
        let mut request = HttpRequest::new(SdkBody::from(self.body));
        request.set_method(self.method)?;
        request.set_uri(self.path)?;
        for (name, value) in self.headers {
            request.headers_mut().try_insert(name, value)?;
        }
        Ok(request)
    }
}

/// Makes calls of services that have no client here, the way the clients' configuration says.
#[derive(Debug, Clone)]
pub(in crate::aws) struct Plain {
    config: SdkConfig,
    http: SharedHttpClient,
    region: String,
}

impl Plain {
    /// Makes calls over a configuration, for a region.
    pub(in crate::aws) fn over(config: &SdkConfig, http: SharedHttpClient, region: &Region) -> Self {
        Self {
            config: config.clone(),
            http,
            region: region.to_string(),
        }
    }

    /// Makes a call, and reads its answer.
    pub(super) async fn call<T, R>(
        &self,
        api: Api,
        action: &'static str,
        request: Request,
        read: R,
    ) -> Result<T, SdkError<Said, HttpResponse>>
    where
        T: Debug + Send + Sync + 'static,
        R: Fn(&HttpResponse) -> Result<T, Box<dyn std::error::Error + Send + Sync>> + Send + Sync + 'static,
    {
        let seat = self.seat(api);
        let mut operation = Operation::builder()
            .service_name(api.id)
            .operation_name(action)
            .http_client(self.http.clone())
            .endpoint_url(&seat.url)
            .with_connection_poisoning()
            .interceptor(UserAgentInterceptor::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(TransientErrorClassifier::<Said>::new())
            .retry_classifier(AwsErrorCodeClassifier::<Said>::new())
            .runtime_plugin(self.signing(api, seat));
        if let Some(version) = self.config.behavior_version() {
            operation = operation.behavior_version(version);
        }
        if let Some(retries) = self.config.retry_config() {
            operation = operation.standard_retry(retries);
        }
        if let Some(limits) = self.config.timeout_config() {
            operation = operation.timeout_config(limits.clone());
        }
        let operation = operation
            .serializer(Request::write)
            .deserializer(
                move |response: &HttpResponse| match response.status().is_success() {
                    true => read(response).map_err(OrchestratorError::response),
                    false => Err(OrchestratorError::operation(Said::of(response))),
                },
            );
        operation.build().invoke(request).await
    }

    /// Finds a service: where the environment or the profile says, or where AWS has it.
    fn seat(&self, api: Api) -> Seat {
        let seat = api.seat(&self.region);
        let key = ServiceConfigKey::builder()
            .service_id(api.id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .expect("all of it is set");
        let own = self.config.service_config();
        let own = own.and_then(|settings| settings.load_config(key));
        match own.or_else(|| self.config.endpoint_url().map(str::to_owned)) {
            Some(url) => Seat { url, ..seat },
            None => seat,
        }
    }

    /// Says who signs, and for what.
    fn signing(&self, api: Api, seat: Seat) -> StaticRuntimePlugin {
        let mut options = SigningOptions::default();
        if api.protocol == Protocol::Paths && api.signed == "s3" {
            options.double_uri_encode = false;
            options.normalize_uri_path = false;
            options.content_sha256_header = true;
        }
        let mut layer = Layer::new("plain");
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(SigningName::from_static(api.signed));
        layer.store_put(SigningRegion::from(Region::new(seat.region)));
        layer.store_put(SigV4OperationSigningConfig {
            signing_options: options,
            ..Default::default()
        });
        layer.store_put(ApiMetadata::new(api.signed, env!("CARGO_PKG_VERSION")));
        if let Some(name) = self.config.app_name() {
            layer.store_put(name.clone());
        }
        let mut parts = RuntimeComponentsBuilder::new("plain")
            .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![
                sigv4::SCHEME_ID,
            ])))
            .with_identity_cache(self.config.identity_cache());
        if let Some(keys) = self.config.credentials_provider() {
            parts.set_identity_resolver(sigv4::SCHEME_ID, SharedIdentityResolver::new(keys));
        }
        StaticRuntimePlugin::new()
            .with_config(layer.freeze())
            .with_runtime_components(parts)
    }
}
