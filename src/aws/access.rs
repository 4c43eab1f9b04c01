//! One account in one region, and the way to it.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use camino::Utf8Path;

use super::error::AwsError;
use super::plain::Plain;

/// How long there is between two looks at something that is waited for.
const PACE: Duration = Duration::from_secs(2);
/// How long one call may take before it is made again.
const CALL: Duration = Duration::from_secs(30);

/// Makes calls in one account and region.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(super) ecs: aws_sdk_ecs::Client,
    pub(super) rds: aws_sdk_rds::Client,
    pub(super) logs: aws_sdk_cloudwatchlogs::Client,
    pub(super) secrets: aws_sdk_secretsmanager::Client,
    pub(super) sts: aws_sdk_sts::Client,
    pub(super) plain: Plain,
    pub(super) pace: Duration,
    region: String,
}

impl Aws {
    /// Signs in as AWS's own tools do: keys, profiles, sign-in sessions, endpoints and proxies come from the process's
    /// environment and from AWS's files.
    ///
    /// A region that is given stands before theirs. Of `environment` only `AWS_CA_BUNDLE` is read, which the library does not
    /// know. Nothing is asked yet, but for what a profile needs.
    ///
    /// # Errors
    /// [`AwsError::NoRegion`], [`AwsError::Bundle`].
    pub async fn connect(
        region: Option<&str>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, AwsError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(CALL).build())
            .app_name(AppName::new("landfall").expect("letters alone are a name"));
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        if let Some(bundle) = environment.get("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
            loader = loader.http_client(trusting(bundle.as_ref())?);
        }
        Self::over(&loader.load().await)
    }

    /// Makes calls the way a configuration says.
    ///
    /// # Errors
    /// [`AwsError::NoRegion`].
    pub fn over(config: &SdkConfig) -> Result<Self, AwsError> {
        let region = config.region().ok_or(AwsError::NoRegion)?;
        Ok(Self {
            ecs: aws_sdk_ecs::Client::new(config),
            rds: aws_sdk_rds::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            secrets: aws_sdk_secretsmanager::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
            plain: Plain::over(
                config,
                config
                    .http_client()
                    .unwrap_or_else(|| client(TlsContext::default())),
                region,
            ),
            pace: PACE,
            region: region.to_string(),
        })
    }

    /// Looks so often at what is waited for.
    #[must_use]
    pub fn paced(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// Returns the region.
    pub fn region(&self) -> &str {
        &self.region
    }
}

/// Makes the way to AWS that trusts the certificates of a file and no others, through the proxies of the environment.
///
/// The library's own short form for this would leave out the proxies; whoever has such a file has a proxy too.
fn trusting(bundle: &Utf8Path) -> Result<aws_sdk_sts::config::SharedHttpClient, AwsError> {
    let pem = fs_err::read(bundle).map_err(|source| AwsError::Bundle {
        path: bundle.to_owned(),
        source,
    })?;
    let context = TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(pem))
        .build()
        .expect("a trust store is all it needs");
    Ok(client(context))
}

/// Makes the way to AWS through the proxies of the environment.
fn client(context: TlsContext) -> aws_sdk_sts::config::SharedHttpClient {
    let connector = move |settings: Option<&_>,
                          components: Option<&aws_sdk_sts::config::RuntimeComponents>| {
        let mut builder = ConnectorBuilder::default()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .tls_context(context.clone())
            .proxy_config(ProxyConfig::from_env());
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder.build()
    };
    Builder::new().build_with_connector_fn(connector)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::aws::testing::{Stand, configuration};
    use crate::tools::CancelToken;
    use crate::tools::test_certificates::certificates;

    #[tokio::test]
    async fn the_certificates_of_a_bundle_are_trusted_and_no_others() {
        let guard = tempfile::tempdir().unwrap();
        let made = certificates(Utf8Path::from_path(guard.path()).unwrap()).await;
        let chain = CertificateDer::pem_file_iter(&made.certificate)
            .unwrap()
            .map(Result::unwrap);
        let key = PrivateKeyDer::from_pem_file(&made.key).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.collect(), key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(server));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stand = Stand::default().answer("GetCallerIdentity", 200, crate::aws::identity::tests::ANSWER);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, stand) = (acceptor.clone(), stand.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        stand.serve(stream).await;
                    }
                });
            }
        });
        let url = format!("https://localhost:{port}");
        let with_bundle = configuration(&url, Some(trusting(&made.authority).unwrap()));
        let identity = Aws::over(&with_bundle)
            .unwrap()
            .identity(&CancelToken::new())
            .await;
        assert_eq!(identity.unwrap().account, "000000000042");
        let without = Aws::over(&configuration(&url, None)).unwrap();
        let error = without.identity(&CancelToken::new()).await.unwrap_err();
        assert!(matches!(error, AwsError::Call { .. }), "{error:?}");
    }

    #[test]
    fn a_bundle_that_is_not_there_is_named() {
        let error = trusting("/no/such/bundle.pem".into()).unwrap_err();
        assert!(error.to_string().ends_with("`/no/such/bundle.pem`"), "{error}");
    }
}
