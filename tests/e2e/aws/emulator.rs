//! The emulator that tests share: found in the environment, or brought up.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ecs::config::{Credentials, SharedCredentialsProvider};
use serde_json::Value;

use super::super::common::{exported, skip, xtask};

/// The account of these tests, which is an access key for the emulator.
pub const ACCOUNT: &str = "000000000042";

/// An emulator of AWS, with the sample's images in a registry that its tasks reach.
#[derive(Debug)]
pub struct Emulator {
    /// Where it answers.
    pub endpoint: String,
    /// The region.
    pub region: String,
    /// Where images come from.
    pub registry: String,
}

impl Emulator {
    /// Has a certificate issued in an account, and returns its ARN.
    pub fn certificate(&self, account: &str, domain: &str) -> String {
        let body = format!(r#"{{"DomainName":"{domain}"}}"#);
        let target = Some("CertificateManager.RequestCertificate");
        let told: Value = serde_json::from_str(&self.call(account, "acm", target, body)).unwrap();
        told["CertificateArn"].as_str().unwrap().to_owned()
    }

    /// Makes a call in an account; the emulator reads the account from the signature, and checks nothing of it.
    pub fn call(&self, account: &str, service: &str, target: Option<&str>, body: String) -> String {
        let kind = match target {
            Some(_) => "application/x-amz-json-1.1",
            None => "application/x-www-form-urlencoded",
        };
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client
            .post(&self.endpoint)
            .header("authorization", self.signed(account, service))
            .header("content-type", kind)
            .body(body);
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        answer(request)
    }

    /// Makes a bucket in an account.
    pub fn make_bucket(&self, account: &str, bucket: &str) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let here = format!(
            "<CreateBucketConfiguration><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
            self.region
        );
        let request = client
            .put(format!("{}/{bucket}", self.endpoint))
            .header("authorization", self.signed(account, "s3"))
            .body(here);
        answer(request);
    }

    fn signed(&self, account: &str, service: &str) -> String {
        let scope = format!("{account}/20250101/{}/{service}/aws4_request", self.region);
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none")
    }
}

/// Sends a request, and expects that it is answered well.
fn answer(request: reqwest::RequestBuilder) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let reply = request.send().await.unwrap();
        let status = reply.status();
        let text = reply.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        text
    })
}

static EMULATOR: OnceLock<Result<Emulator, String>> = OnceLock::new();

/// Returns the emulator, or says aloud why the test of this thread cannot do its work.
pub fn emulator() -> Option<&'static Emulator> {
    match EMULATOR.get_or_init(find) {
        Ok(emulator) => Some(emulator),
        Err(reason) => {
            skip(reason);
            None
        }
    }
}

fn find() -> Result<Emulator, String> {
    let given: BTreeMap<String, String> = std::env::vars().collect();
    if let Some(emulator) = Emulator::of(&given) {
        return Ok(emulator);
    }
    // What is there already is left alone, so this is quick but for the first time.
    xtask(&["aws", "up"])?;
    let all = exported(xtask(&["aws", "env"])?, given);
    Ok(Emulator::of(&all).expect("`cargo xtask aws env` prints all that is needed"))
}

impl Emulator {
    /// Reads it from variables; none when they do not name all of it.
    fn of(variables: &BTreeMap<String, String>) -> Option<Self> {
        let get = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        Some(Self {
            endpoint: get("AWS_ENDPOINT_URL")?,
            region: get("AWS_REGION")?,
            registry: get("LANDFALL_TEST_AWS_REGISTRY")?,
        })
    }

    /// Says how an account of it is called.
    pub fn configuration(&self, account: &str) -> SdkConfig {
        let keys = Credentials::new(account, "test", None, None, "tests");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .region(Region::new(self.region.clone()))
            .endpoint_url(&self.endpoint)
            .build()
    }

    /// Names an image by the digest that the registry knows a tag by.
    pub async fn image(&self, name: &str, tag: &str) -> String {
        let url = format!("http://{}/v2/{name}/manifests/{tag}", self.registry);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
        let answer = client.head(url).header("Accept", accept).send().await.unwrap();
        let digest = answer.headers().get("Docker-Content-Digest");
        let digest = digest.unwrap_or_else(|| panic!("the registry has no {name}:{tag}"));
        format!("{}/{name}@{}", self.registry, digest.to_str().unwrap())
    }
}
