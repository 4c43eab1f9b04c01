mod closed;
mod harness;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::Frame;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use harness::*;

use super::*;
use crate::tools::test_certificates::{Certificates, certificates};

#[tokio::test]
async fn requests_go_where_their_path_says() {
    let (web, api) = (named("web").await, named("api").await);
    let off = Route {
        upstream: None,
        ..route("/off", web)
    };
    let strip = Route {
        strip: true,
        ..route("/api/v2", api)
    };
    let proxy = Running::start(config(vec![route("/web", web), route("/api", api), strip, off])).await;
    assert_eq!(proxy.get("/web/x?y=1").await.1, "web /web/x?y=1 127.0.0.1 http");
    assert_eq!(proxy.get("/api/v1").await.1, "api /api/v1 127.0.0.1 http");
    assert_eq!(proxy.get("/api/v2/users").await.1, "api /users 127.0.0.1 http");
    assert_eq!(
        proxy.get("/other").await,
        (StatusCode::NOT_FOUND, "nothing is served here\n".to_owned())
    );
    assert_eq!(proxy.get("/off").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(proxy.get("/web/%2e%2e/api").await.0, StatusCode::BAD_REQUEST);
    let log = proxy.log.lock().unwrap().clone();
    assert!(
        log[0].starts_with(&format!("127.0.0.1 GET /web/x 200 {web} ")),
        "{log:?}"
    );
}

#[tokio::test]
async fn an_upstream_that_is_down_or_silent_is_told() {
    let silent = upstream(|_| std::future::pending()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let down = listener.local_addr().unwrap();
    drop(listener);
    let proxy = Running::start(config(vec![route("/down", down), route("/silent", silent)])).await;
    let (status, text) = proxy.get("/down").await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::BAD_GATEWAY, "the upstream cannot be reached\n")
    );
    assert_eq!(proxy.get("/silent").await.0, StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test]
async fn a_large_upload_streams_through() {
    let count = upstream(|request| async {
        let mut body = request.into_body();
        let mut total = 0;
        while let Some(frame) = body.frame().await {
            total += frame.unwrap().data_ref().map_or(0, Bytes::len);
        }
        Response::new(full(total.to_string()))
    })
    .await;
    let proxy = Running::start(config(vec![route("/", count)])).await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let request = Request::post(proxy.url("/"))
        .body(chunks(800, Arc::default()))
        .unwrap();
    let response = client.request(request).await.unwrap();
    assert_eq!(response.headers()["x-frame-options"], "DENY");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, (800 * 64 * 1024).to_string());
}

#[tokio::test]
async fn a_large_download_is_not_gathered_in_memory() {
    let sent = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&sent);
    let large = upstream(move |_| {
        let body = chunks(800, Arc::clone(&counter));
        async { Response::new(body) }
    })
    .await;
    let proxy = Running::start(config(vec![route("/", large)])).await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let response = client.get(proxy.url("/").parse().unwrap()).await.unwrap();
    // Nobody reads, so the upstream must come to a halt once the sockets are full.
    sleep(Duration::from_millis(500)).await;
    let halted = *sent.lock().unwrap();
    assert!(
        halted < 30 * 1024 * 1024,
        "{halted} bytes were taken from the upstream"
    );
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes().len(),
        800 * 64 * 1024
    );
}

#[tokio::test]
async fn a_websocket_outlives_a_switch_and_is_cut_after_the_grace() {
    let mut proxy = Running::start(config(vec![route("/ws", echo().await)])).await;
    let mut socket = open_websocket(&proxy).await;
    assert_echo(&mut socket, "hello").await;
    proxy.config.send_replace(config(vec![]));
    assert_echo(&mut socket, "still here").await;
    let begin = Instant::now();
    proxy.stop.take();
    assert_echo(&mut socket, "even now").await;
    timeout(Duration::from_secs(5), proxy.served)
        .await
        .unwrap()
        .unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(2));
    assert_eq!(socket.read(&mut [0; 8]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn upstreams_switch_for_the_next_request_and_a_bad_configuration_is_refused() {
    let (old, new) = (named("old").await, named("new").await);
    let proxy = Running::start(config(vec![route("/", old)])).await;
    assert!(proxy.get("/").await.1.starts_with("old"));
    proxy.config.send_replace(config(vec![route("nonsense", new)]));
    sleep(Duration::from_millis(100)).await;
    assert!(proxy.get("/").await.1.starts_with("old"));
    proxy.config.send_replace(config(vec![route("/", new)]));
    sleep(Duration::from_millis(100)).await;
    assert!(proxy.get("/").await.1.starts_with("new"));
    let log = proxy.log.lock().unwrap().clone();
    assert!(log.iter().any(|line| line.contains("Refused")), "{log:?}");
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_end() {
    let slow = upstream(|_| async {
        sleep(Duration::from_millis(500)).await;
        Response::new(full("done"))
    })
    .await;
    let mut proxy = Running::start(config(vec![route("/", slow)])).await;
    let (answer, ()) = tokio::join!(proxy.get("/"), async {
        sleep(Duration::from_millis(100)).await;
    });
    assert_eq!(answer.1, "done");
    let url = proxy.url("/");
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let asked = tokio::spawn(async move { client.get(url.parse().unwrap()).await });
    sleep(Duration::from_millis(100)).await;
    proxy.stop.take();
    let response = asked.await.unwrap().unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "done");
    timeout(Duration::from_secs(1), proxy.served)
        .await
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(proxy.address).await.is_err());
}

#[tokio::test]
async fn grpc_keeps_its_protocol_and_trailers() {
    let grpc = upstream(|request| async move {
        assert_eq!(request.version(), hyper::Version::HTTP_2);
        assert_eq!(request.headers()["te"], "trailers");
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        let frames = [
            Ok(Frame::data(Bytes::from("message"))),
            Ok(Frame::trailers(trailers)),
        ];
        Response::new(BodyExt::boxed(StreamBody::new(stream::iter(frames))))
    })
    .await;
    let proxy = Running::start(config(vec![Route {
        h2c: true,
        ..route("/pkg.Service", grpc)
    }]))
    .await;
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http::<Body>();
    let request = Request::post(proxy.url("/pkg.Service/Call"))
        .header("te", "trailers")
        .body(full("ask"))
        .unwrap();
    let answer = client
        .request(request)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    assert_eq!(answer.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(answer.to_bytes(), "message");
}

#[tokio::test]
async fn tls_is_spoken_with_the_given_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let dir = camino::Utf8Path::from_path(folder.path()).unwrap();
    let Certificates {
        authority,
        certificate,
        key,
    } = certificates(dir).await;
    let tls = Some(Tls { certificate, key });
    let proxy = Running::start(ProxyConfig {
        tls,
        ..config(vec![route("/", named("web").await)])
    })
    .await;
    let root = reqwest::Certificate::from_pem(&fs_err::read(authority).unwrap()).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([root])
        .resolve("localhost", proxy.address)
        .no_proxy();
    let url = format!("https://localhost:{}/x", proxy.address.port());
    let response = client.build().unwrap().get(url).send().await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    assert_eq!(response.text().await.unwrap(), "web /x 127.0.0.1 https");
}
