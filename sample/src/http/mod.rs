//! HTTP, both ways: what serves a component, and the small client for what it needs.

mod client;
mod server;

pub use self::client::{Call, Client};
pub use self::server::{Answer, Component, Problem, Request, Response, Service, empty, json, page, serve};
