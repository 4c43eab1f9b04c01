//! A reverse proxy for hosts that have none.
//!
//! It stands in front of a product's components on one machine: TLS, routes by path, streaming both ways, WebSocket,
//! gRPC, and a switch of upstreams that drops no connection, which is what an upgrade needs. It answers nothing by
//! itself but errors: 404 without a route, 503 for a route that is switched off or while the proxy is closed, 502 and
//! 504 for an upstream that cannot be reached or does not answer.

mod body;
mod closed;
mod config;
mod error;
mod forward;
mod headers;
mod prepared;
mod server;
mod tls;

pub use config::{ProxyConfig, Route, Timeouts, Tls};
pub use error::ProxyError;
pub use forward::Access;
pub use server::{OnEvent, Proxy, ProxyEvent, serve};

#[cfg(test)]
mod tests;
