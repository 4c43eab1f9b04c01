//! Upstreams, clients and a proxy between them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::proxy::*;

pub(super) type Body = BoxBody<Bytes, hyper::Error>;

pub(super) struct Running {
    pub(super) address: SocketAddr,
    pub(super) config: watch::Sender<ProxyConfig>,
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) served: JoinHandle<()>,
    pub(super) log: Arc<Mutex<Vec<String>>>,
}

impl Running {
    pub(super) async fn start(config: ProxyConfig) -> Self {
        let proxy = Proxy::bind(&config).await.unwrap();
        let address = proxy.local_address().unwrap();
        let (config, receiver) = watch::channel(config);
        let (stop, stopped) = oneshot::channel::<()>();
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let on_event: OnEvent = Arc::new(move |event| {
            let text = match event {
                ProxyEvent::Access(access) => access.to_string(),
                other => format!("{other:?}"),
            };
            lines.lock().unwrap().push(text);
        });
        let served = tokio::spawn(async move {
            proxy
                .serve(receiver, on_event, async { drop(stopped.await) })
                .await;
        });
        Self {
            address,
            config,
            stop: Some(stop),
            served,
            log,
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) async fn get(&self, path: &str) -> (StatusCode, String) {
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
        let response = client.get(self.url(path).parse().unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

pub(super) fn config(routes: Vec<Route>) -> ProxyConfig {
    ProxyConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        tls: None,
        routes,
        headers: [("X-Frame-Options".to_owned(), "DENY".to_owned())].into(),
        trust_forwarded: false,
        closed: None,
        timeouts: Timeouts {
            response_seconds: 1,
            grace_seconds: 2,
            ..Timeouts::default()
        },
    }
}

pub(super) fn route(path: &str, upstream: SocketAddr) -> Route {
    Route {
        path: path.to_owned(),
        upstream: Some(upstream.to_string()),
        strip: false,
        h2c: false,
    }
}

pub(super) fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed()
}

/// Serves every request with `answer`, in HTTP/1 and HTTP/2.
pub(super) async fn upstream<F, A>(answer: F) -> SocketAddr
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            let service = service_fn(move |request| {
                let answered = answer(request);
                async { Ok::<_, std::convert::Infallible>(answered.await) }
            });
            tokio::spawn(async move {
                let _ = Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

/// Answers with a name and what it was asked.
pub(super) async fn named(name: &'static str) -> SocketAddr {
    upstream(move |request| async move {
        let header = |name: &str| {
            request
                .headers()
                .get(name)
                .map_or("-", |value| value.to_str().unwrap())
                .to_owned()
        };
        let (from, host) = (header("x-forwarded-for"), header("x-forwarded-proto"));
        Response::new(full(format!("{name} {} {from} {host}", request.uri())))
    })
    .await
}

/// Sends `count` chunks of 64 KiB, one every time it is asked.
pub(super) fn chunks(count: usize, sent: Arc<Mutex<usize>>) -> Body {
    let chunk = Bytes::from(vec![7; 64 * 1024]);
    let frames = stream::unfold(0, move |number| {
        let (chunk, sent) = (chunk.clone(), Arc::clone(&sent));
        async move {
            (number < count).then(|| {
                *sent.lock().unwrap() += chunk.len();
                (Ok(Frame::data(chunk)), number + 1)
            })
        }
    });
    BodyExt::boxed(StreamBody::new(frames))
}

/// Grants a WebSocket upgrade and sends back every byte.
pub(super) async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await.to_ascii_lowercase();
        assert!(
            head.contains("upgrade: websocket") && head.contains("connection: upgrade"),
            "{head}"
        );
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let (mut reader, mut writer) = stream.split();
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
    });
    address
}

pub(super) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

pub(super) async fn open_websocket(proxy: &Running) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    let ask = "GET /ws HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.unwrap();
    let head = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    stream
}

pub(super) async fn assert_echo(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut back = vec![0; text.len()];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(back, text.as_bytes());
}
