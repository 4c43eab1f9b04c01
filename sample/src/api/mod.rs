//! `notes api`: notes, attachments and the license, over HTTP.

mod notes;

use std::sync::Arc;

use hyper::{Method, StatusCode};

use crate::cache::Cache;
use crate::clock;
use crate::database::Database;
use crate::error::Failure;
use crate::http::{self, Answer, Client, Component, Problem, Request, Service, json};
use crate::license::{Claims, Gate};
use crate::net::Network;
use crate::objects::Objects;
use crate::oidc::Issuer;
use crate::release::Release;
use crate::settings::Environment;
use crate::trace::Tracer;

/// Runs the component until it is told to stop.
pub async fn run(release: Release, environment: &Environment) -> Result<(), Failure> {
    let license = Gate::open(environment)?;
    let network = Network::new(environment)?;
    let client = Client::new(network.clone());
    let api = Api {
        schema: release.schema,
        license,
        cache: Cache::new(environment, &network)?,
        objects: Objects::new(environment, client.clone())?,
        issuer: Issuer::new(environment, client.clone()),
        database: Database::new(environment, network, "api")?,
    };
    let tracer = Tracer::start(environment, &release, "api", client);
    let listen = environment.or("NOTES_LISTEN", "127.0.0.1:8080").to_owned();
    http::serve(
        Service {
            name: "api",
            release,
            listen,
            tracer,
        },
        Arc::new(api),
    )
    .await
}

/// What the routes work with.
struct Api {
    schema: u32,
    license: Gate,
    database: Database,
    cache: Cache,
    objects: Objects,
    issuer: Option<Issuer>,
}

impl Component for Api {
    async fn ready(&self) -> Result<(), Failure> {
        self.license.check()?;
        self.database.ready(self.schema).await
    }

    async fn respond(&self, request: &Request) -> Answer {
        let path = request
            .path
            .strip_prefix("/api/")
            .ok_or_else(Problem::not_found)?;
        // The new license is its own credential: only the vendor can sign one.
        if (&request.method, path) == (&Method::POST, "v1/license/reload") {
            return self.reload(&request.body);
        }
        if let Some(issuer) = &self.issuer {
            issuer.admit(&request.headers).await?;
        }
        if (&request.method, path) == (&Method::GET, "v1/license") {
            return Ok(json(
                StatusCode::OK,
                &self.license.current().describe(clock::now()),
            ));
        }
        let license = self
            .license
            .check()
            .map_err(|failure| Problem::new(StatusCode::FORBIDDEN, failure.to_string()))?;
        self.notes(request, path, &license).await
    }
}

impl Api {
    fn reload(&self, token: &[u8]) -> Answer {
        let claims = std::str::from_utf8(token)
            .map_err(|_| Failure::new("the license is no text"))
            .and_then(|token| self.license.reload(token))
            .map_err(|failure| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, failure.to_string()))?;
        let description = claims.describe(clock::now());
        crate::log::info("license reloaded", &[("id", description["id"].clone())]);
        Ok(json(StatusCode::OK, &description))
    }

    async fn notes(&self, request: &Request, path: &str, license: &Claims) -> Answer {
        let parts: Vec<&str> = path.split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["notes"]) => self.list().await,
            ("POST", ["notes"]) => self.create(&request.body).await,
            ("GET", ["notes", "checksum"]) => self.checksum().await,
            ("GET", ["notes", id]) => self.read(number(id)?).await,
            ("DELETE", ["notes", id]) => self.delete(number(id)?).await,
            ("GET", ["notes", id, "attachment"]) => self.read_attachment(number(id)?).await,
            ("PUT", ["notes", _, "attachment"]) if !license.grants("attachments") => {
                let message = "the license does not grant attachments, ask your vendor for one that does";
                Err(Problem::new(StatusCode::FORBIDDEN, message))
            }
            ("PUT", ["notes", id, "attachment"]) => {
                self.write_attachment(number(id)?, request.body.clone()).await
            }
            (_, ["notes"] | ["notes", _] | ["notes", _, "attachment"]) => Err(Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this address knows no such method",
            )),
            _ => Err(Problem::not_found()),
        }
    }
}

fn number(id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}
