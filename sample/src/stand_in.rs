//! `notes stand-in VARIABLE`: takes the place of a component of another product, whose images nobody here has.
//!
//! It listens on the port that a variable names and answers whatever it is asked for, so that a whole product can be
//! brought up: what is around the component is real, what it does is not.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::json;

use crate::error::{Explain as _, Failure};
use crate::http::{self, Answer, Client, Component, Request, Service};
use crate::net::Network;
use crate::release::Release;
use crate::settings::Environment;
use crate::trace::Tracer;

/// Runs until it is told to stop. `variable` names the variable with the port.
pub async fn run(release: Release, environment: &Environment, variable: &str) -> Result<(), Failure> {
    let port = environment.required(variable)?;
    let port: u16 = port
        .parse()
        .explain(format_args!("`{variable}` is no port: `{port}`"))?;
    let client = Client::new(Network::new(environment)?);
    let tracer = Tracer::start(environment, &release, "stand-in", client);
    let service = Service {
        name: "stand-in",
        release,
        listen: format!("0.0.0.0:{port}"),
        tracer,
    };
    http::serve(service, Arc::new(StandIn)).await
}

struct StandIn;

impl Component for StandIn {
    async fn ready(&self) -> Result<(), Failure> {
        Ok(())
    }

    async fn respond(&self, request: &Request) -> Answer {
        Ok(http::json(
            StatusCode::OK,
            &json!({ "stands_in_at": request.path }),
        ))
    }
}
