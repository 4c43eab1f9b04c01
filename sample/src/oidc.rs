//! Optional sign-in: bearer tokens of the customer's own identity provider.

use std::time::{Duration, Instant};

use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, StatusCode};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::error::Failure;
use crate::http::{Client, Problem};
use crate::settings::Environment;

/// An unknown key id may mean new keys, or an attacker who invents ids.
const FETCH_AT_MOST_EVERY: Duration = Duration::from_secs(10);

/// Checks bearer tokens against the keys that the issuer publishes.
pub struct Issuer {
    url: String,
    audience: Option<String>,
    client: Client,
    keys: Mutex<Option<Keys>>,
}

struct Keys {
    set: JwkSet,
    fetched: Instant,
}

#[derive(Deserialize)]
struct Discovery {
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Claims {}

impl Issuer {
    /// Reads which issuer to trust; without one nobody has to sign in.
    pub fn new(environment: &Environment, client: Client) -> Option<Self> {
        let url = environment.optional("NOTES_OIDC_ISSUER")?.to_owned();
        let audience = environment.optional("NOTES_OIDC_AUDIENCE").map(str::to_owned);
        Some(Self {
            url,
            audience,
            client,
            keys: Mutex::new(None),
        })
    }

    /// Lets a request with a valid bearer token through.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let refuse = |message: String| Problem::new(StatusCode::UNAUTHORIZED, message);
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or_else(|| refuse("sign in first, a bearer token is needed".into()))?;
        let header = jsonwebtoken::decode_header(token)
            .map_err(|error| refuse(format!("the bearer token cannot be read: {error}")))?;
        if matches!(header.alg, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
            return Err(refuse("the bearer token is signed with a shared secret".into()));
        }
        let key = self.key(header.kid.as_deref().unwrap_or_default()).await?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.url]);
        match &self.audience {
            Some(audience) => validation.set_audience(&[audience]),
            None => validation.validate_aud = false,
        }
        jsonwebtoken::decode::<Claims>(token, &key, &validation)
            .map_err(|error| refuse(format!("the bearer token is not valid: {error}")))?;
        Ok(())
    }

    async fn key(&self, id: &str) -> Result<DecodingKey, Problem> {
        let mut keys = self.keys.lock().await;
        let known = keys.as_ref().is_some_and(|keys| keys.set.find(id).is_some());
        let stale = keys
            .as_ref()
            .is_none_or(|keys| keys.fetched.elapsed() > FETCH_AT_MOST_EVERY);
        if !known && stale {
            let set = self.fetch().await?;
            *keys = Some(Keys {
                set,
                fetched: Instant::now(),
            });
        }
        let refuse = || {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "the issuer does not know the key of this token",
            )
        };
        let key = keys
            .as_ref()
            .and_then(|keys| keys.set.find(id))
            .ok_or_else(refuse)?;
        DecodingKey::from_jwk(key).map_err(|_| refuse())
    }

    async fn fetch(&self) -> Result<JwkSet, Failure> {
        let base = self.url.trim_end_matches('/');
        let discovery: Discovery = self
            .client
            .json(&format!("{base}/.well-known/openid-configuration"))
            .await?;
        self.client.json(&discovery.jwks_uri).await
    }
}
