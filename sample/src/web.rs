//! `notes web`: the page that people see; the browser itself talks to `/api`.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{COOKIE, HeaderName, HeaderValue, SET_COOKIE};
use serde_json::json;

use crate::crypto::{hex, hmac_sha256, is_authentic, random};
use crate::error::Failure;
use crate::http::{self, Answer, Call, Client, Component, Problem, Request, Service, json, page};
use crate::net::Network;
use crate::release::Release;
use crate::settings::Environment;
use crate::trace::Tracer;

const COOKIE_NAME: &str = "notes_session";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Runs the component until it is told to stop.
pub async fn run(release: Release, environment: &Environment) -> Result<(), Failure> {
    let client = Client::new(Network::new(environment)?);
    let key = environment.secret("NOTES_SESSION_KEY")?.map(String::into_bytes);
    let web = Web {
        version: release.version.clone(),
        api: environment
            .optional("NOTES_API_URL")
            .map(|url| url.trim_end_matches('/').to_owned()),
        // Sessions then end with the process, and belong to one replica.
        session_key: key.unwrap_or_else(|| random::<32>().to_vec()),
        client: client.clone(),
    };
    let tracer = Tracer::start(environment, &release, "web", client);
    let listen = environment.or("NOTES_LISTEN", "127.0.0.1:8080").to_owned();
    http::serve(
        Service {
            name: "web",
            release,
            listen,
            tracer,
        },
        Arc::new(web),
    )
    .await
}

struct Web {
    version: String,
    api: Option<String>,
    session_key: Vec<u8>,
    client: Client,
}

impl Component for Web {
    async fn ready(&self) -> Result<(), Failure> {
        let Some(api) = &self.api else { return Ok(()) };
        // That it answers is enough: whether the api is ready is the api's own to say.
        let (status, _) = self.client.send(Call::get(format!("{api}/version"))).await?;
        if status.is_success() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the api answered {status}, check `NOTES_API_URL`: {api}"
        )))
    }

    async fn respond(&self, request: &Request) -> Answer {
        let session = self.session(request);
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/") => Ok(self.index(session.is_none())),
            ("GET", "/notes.js") => Ok(page(
                StatusCode::OK,
                "text/javascript; charset=utf-8",
                include_str!("web/notes.js"),
            )),
            ("GET", "/notes.css") => Ok(page(
                StatusCode::OK,
                "text/css; charset=utf-8",
                include_str!("web/notes.css"),
            )),
            ("GET", "/session") => Ok(json(StatusCode::OK, &json!({ "session": session }))),
            _ => Err(Problem::not_found()),
        }
    }
}

impl Web {
    fn index(&self, is_new: bool) -> http::Response {
        let html = include_str!("web/index.html").replace("{version}", &self.version);
        let mut response = page(StatusCode::OK, "text/html; charset=utf-8", html);
        let headers = response.headers_mut();
        headers.insert(
            HeaderName::from_static("content-security-policy"),
            HeaderValue::from_static(POLICY),
        );
        if is_new && let Ok(cookie) = HeaderValue::try_from(self.new_cookie()) {
            headers.insert(SET_COOKIE, cookie);
        }
        response
    }

    fn new_cookie(&self) -> String {
        let id = hex(&random::<16>());
        let code = hex(&hmac_sha256(&self.session_key, id.as_bytes()));
        format!("{COOKIE_NAME}={id}.{code}; Path=/; HttpOnly; SameSite=Lax")
    }

    /// Gives the id of a session that this key signed.
    fn session(&self, request: &Request) -> Option<String> {
        let cookies = request.headers.get(COOKIE)?.to_str().ok()?;
        let session = cookies.split("; ").filter_map(|cookie| cookie.split_once('='));
        let (_, value) = session.into_iter().find(|(name, _)| *name == COOKIE_NAME)?;
        let (id, code) = value.split_once('.')?;
        is_authentic(&self.session_key, id.as_bytes(), code).then(|| id.to_owned())
    }
}
