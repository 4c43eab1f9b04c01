//! An AWS that answers what a test has written down.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ecs::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use super::Aws;

/// Answers by the name of the call, in their order; the last of each is given again and again.
#[derive(Default)]
struct Script {
    answers: BTreeMap<String, VecDeque<(u16, String)>>,
    calls: Vec<(String, String)>,
    headers: Vec<(String, HeaderMap)>,
}

/// An AWS of a test's own.
#[derive(Clone, Default)]
pub(super) struct Stand(Arc<Mutex<Script>>);

impl Stand {
    /// Answers a call with a status and a body.
    pub(super) fn answer(self, call: &str, status: u16, body: impl ToString) -> Self {
        let mut script = self.0.lock().unwrap();
        let answers = script.answers.entry(call.to_owned()).or_default();
        answers.push_back((status, body.to_string()));
        drop(script);
        self
    }

    /// Returns the bodies that a call was made with.
    pub(super) fn calls(&self, call: &str) -> Vec<String> {
        let script = self.0.lock().unwrap();
        let made = script.calls.iter().filter(|(name, _)| name == call);
        made.map(|(_, body)| body.clone()).collect()
    }

    /// Returns a header that a call was last made with.
    pub(super) fn header(&self, call: &str, name: &str) -> String {
        let script = self.0.lock().unwrap();
        let mut made = script.headers.iter().rev();
        let (_, headers) = made.find(|(name, _)| name == call).expect("it was made");
        headers[name].to_str().unwrap().to_owned()
    }

    /// Starts it, and returns a client that looks again at once.
    pub(super) async fn start(&self) -> Aws {
        let aws = Aws::over(&configuration(&self.listen().await, None)).unwrap();
        aws.paced(Duration::from_millis(5))
    }

    /// Starts it, and returns its address.
    pub(super) async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stand = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(stand.clone().serve(stream));
            }
        });
        url
    }

    /// Serves one connection.
    pub(super) async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let answer = service_fn(move |request| {
            let stand = self.clone();
            async move { Ok::<_, Infallible>(stand.respond(request).await) }
        });
        let builder = Builder::new(TokioExecutor::new());
        let _ = builder.serve_connection(TokioIo::new(stream), answer).await;
    }

    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let target = request.headers().get("x-amz-target").cloned();
        let at = format!("{} {}", request.method(), request.uri().path());
        let headers = request.headers().clone();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        // JSON calls are named in a header, the older ones in their body, those of paths by these.
        let name = match &target {
            Some(target) => target.to_str().unwrap().rsplit('.').next(),
            None => body.split('&').find_map(|pair| pair.strip_prefix("Action=")),
        };
        let name = name.unwrap_or(&at).to_owned();
        let mut script = self.0.lock().unwrap();
        let left = script
            .answers
            .get_mut(&name)
            .unwrap_or_else(|| panic!("nobody answers {name}"));
        let (status, answer) = match left.len() {
            1 => left[0].clone(),
            _ => left.pop_front().unwrap(),
        };
        script.headers.push((name.clone(), headers));
        script.calls.push((name, body));
        let response = Response::builder()
            .status(status)
            .header("x-amzn-requestid", "r-1");
        response.body(Full::from(answer)).unwrap()
    }
}

/// Configures a client of a stand, which makes each call once.
pub(super) fn configuration(url: &str, client: Option<SharedHttpClient>) -> SdkConfig {
    let keys = Credentials::new("key", "secret", None, None, "tests");
    let mut configuration = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .region(Region::new("eu-central-1"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(url);
    configuration.set_http_client(client);
    configuration.build()
}
