//! Accepting connections, and letting them go.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use super::config::ProxyConfig;
use super::error::ProxyError;
use super::forward::{Access, Origin, Upstreams, answer};
use super::prepared::Prepared;

/// Tells what happens in a running proxy.
#[derive(Debug)]
pub enum ProxyEvent<'a> {
    /// A request was answered.
    Access(&'a Access),
    /// A new configuration is in use.
    Reloaded,
    /// A new configuration cannot be used; the old one stays.
    Refused(&'a ProxyError),
}

/// Receives what happens in a running proxy; it must not block.
pub type OnEvent = Arc<dyn Fn(ProxyEvent<'_>) + Send + Sync>;

/// Listens already, but does not serve yet.
pub struct Proxy {
    listener: TcpListener,
    prepared: Prepared,
}

/// Serves until `shutdown` is done: [`Proxy::bind`] and [`Proxy::serve`] in one.
///
/// A new value in `config` is used from the next request on, and drops no connection.
pub async fn serve(
    config: watch::Receiver<ProxyConfig>,
    on_event: OnEvent,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ProxyError> {
    let now = config.borrow().clone();
    Proxy::bind(&now).await?.serve(config, on_event, shutdown).await;
    Ok(())
}

impl Proxy {
    /// Checks the configuration and begins to listen.
    pub async fn bind(config: &ProxyConfig) -> Result<Self, ProxyError> {
        let prepared = Prepared::new(config)?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|source| ProxyError::Listen {
                address: config.listen,
                source,
            })?;
        Ok(Self { listener, prepared })
    }

    /// Returns the address it listens at, which matters if port 0 was asked for.
    pub fn local_address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` is done; then takes no more connections, lets those it has finish within the grace,
    /// and cuts the rest.
    pub async fn serve(
        self,
        config: watch::Receiver<ProxyConfig>,
        on_event: OnEvent,
        shutdown: impl Future<Output = ()> + Send,
    ) {
        let Self { listener, prepared } = self;
        let upstreams = Upstreams::new(Duration::from_secs(prepared.timeouts.connect_seconds));
        let (guard, mut gone) = Guard::new();
        let phase = Arc::clone(&guard.phase);
        let front = Arc::new(Front {
            prepared: RwLock::new(Arc::new(prepared)),
            upstreams,
            on_event,
            guard: guard.clone(),
        });
        guard.keep(Arc::clone(&front).reload(config));
        drop(guard);
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => drop(tokio::spawn(Arc::clone(&front).connection(stream, peer))),
                    // Out of descriptors, most likely; it passes.
                    Err(_) => sleep(Duration::from_millis(100)).await,
                },
            }
        }
        drop(listener);
        let grace = Duration::from_secs(front.prepared().timeouts.grace_seconds);
        drop(front);
        phase.send_replace(Phase::Draining);
        let _ = timeout(grace, gone.recv()).await;
        phase.send_replace(Phase::Cut);
        let _ = timeout(Duration::from_secs(1), gone.recv()).await;
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    Draining,
    Cut,
}

/// Counts what is still going on: when the last clone is gone, so is the last connection.
#[derive(Clone)]
pub(super) struct Guard {
    phase: Arc<watch::Sender<Phase>>,
    alive: mpsc::Sender<()>,
}

impl Guard {
    fn new() -> (Self, mpsc::Receiver<()>) {
        let (alive, gone) = mpsc::channel(1);
        (
            Self {
                phase: Arc::new(watch::Sender::new(Phase::Serving)),
                alive,
            },
            gone,
        )
    }

    async fn reached(&self, phase: Phase) {
        // The sender lives in `self`, so this ends only when it is so.
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    /// Runs something on the side until it ends or everything is cut.
    pub(super) fn keep(&self, work: impl Future<Output = ()> + Send + 'static) {
        let guard = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = work => {}
                () = guard.reached(Phase::Cut) => {}
            }
            drop(guard.alive);
        });
    }
}

struct Front {
    prepared: RwLock<Arc<Prepared>>,
    upstreams: Upstreams,
    on_event: OnEvent,
    guard: Guard,
}

impl Front {
    fn prepared(&self) -> Arc<Prepared> {
        Arc::clone(&self.prepared.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn reload(self: Arc<Self>, mut config: watch::Receiver<ProxyConfig>) {
        let draining = self.guard.clone();
        loop {
            tokio::select! {
                () = draining.reached(Phase::Draining) => return,
                changed = config.changed() => if changed.is_err() {
                    return;
                },
            }
            let new = Prepared::new(&config.borrow_and_update());
            match new {
                Ok(new) => {
                    *self.prepared.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                    (self.on_event)(ProxyEvent::Reloaded);
                }
                Err(error) => (self.on_event)(ProxyEvent::Refused(&error)),
            }
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let prepared = self.prepared();
        // Small answers must not wait for more to send; a socket that refuses this works without.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &prepared.tls else {
            return self.http(stream, Origin { peer, secure: false }).await;
        };
        let limit = Duration::from_secs(prepared.timeouts.header_seconds);
        // A client that does not finish the handshake, or speaks no TLS, is no concern of ours.
        if let Ok(Ok(stream)) = timeout(limit, tls.accept(stream)).await {
            self.http(stream, Origin { peer, secure: true }).await;
        }
    }

    async fn http(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        origin: Origin,
    ) {
        let guard = self.guard.clone();
        let mut builder = Builder::new(TokioExecutor::new());
        let limit = Duration::from_secs(self.prepared().timeouts.header_seconds);
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limit);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Duration::from_secs(30));
        let service = service_fn(move |request| Arc::clone(&self).respond(origin, request));
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        tokio::pin!(connection);
        // A connection that breaks is the client's business; the requests on it were told of one by one.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = guard.reached(Phase::Draining) => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            _ = connection => {}
            () = guard.reached(Phase::Cut) => {}
        }
    }

    async fn respond(
        self: Arc<Self>,
        origin: Origin,
        request: Request<Incoming>,
    ) -> Result<hyper::Response<super::body::Body>, Infallible> {
        let begin = Instant::now();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let prepared = self.prepared();
        let (response, upstream) = answer(&prepared, &self.upstreams, origin, &self.guard, request).await;
        let access = Access {
            peer: origin.peer.ip().to_canonical(),
            method,
            path,
            status: response.status(),
            upstream,
            took: begin.elapsed(),
        };
        (self.on_event)(ProxyEvent::Access(&access));
        Ok(response)
    }
}
