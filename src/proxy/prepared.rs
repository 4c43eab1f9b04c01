//! A configuration made ready for use.

use camino::Utf8PathBuf;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery};
use tokio_rustls::TlsAcceptor;

use super::config::{ProxyConfig, Route, Timeouts};
use super::error::ProxyError;
use super::tls::acceptor;

/// Holds what a request needs; a request keeps the one it began with.
pub(super) struct Prepared {
    routes: Vec<PreparedRoute>,
    pub(super) headers: HeaderMap,
    pub(super) trust_forwarded: bool,
    pub(super) closed: Option<Utf8PathBuf>,
    pub(super) timeouts: Timeouts,
    pub(super) tls: Option<TlsAcceptor>,
}

pub(super) struct PreparedRoute {
    /// The path without a slash at its end; empty for `/`.
    prefix: String,
    pub(super) upstream: Option<Authority>,
    strip: bool,
    pub(super) h2c: bool,
}

impl Prepared {
    pub(super) fn new(config: &ProxyConfig) -> Result<Self, ProxyError> {
        let ProxyConfig {
            listen: _,
            tls,
            routes,
            headers,
            trust_forwarded,
            closed,
            timeouts,
        } = config;
        let mut routes = routes
            .iter()
            .map(PreparedRoute::new)
            .collect::<Result<Vec<_>, _>>()?;
        routes.sort_by(|a, b| {
            b.prefix
                .len()
                .cmp(&a.prefix.len())
                .then_with(|| a.prefix.cmp(&b.prefix))
        });
        if let Some(twice) = routes.windows(2).find(|pair| pair[0].prefix == pair[1].prefix) {
            return Err(invalid(&twice[0].prefix, "it is there twice"));
        }
        let headers = headers
            .iter()
            .map(|(name, value)| header(name, value))
            .collect::<Result<_, _>>()?;
        let tls = tls.as_ref().map(acceptor).transpose()?;
        Ok(Self {
            routes,
            headers,
            trust_forwarded: *trust_forwarded,
            closed: closed.clone(),
            timeouts: *timeouts,
            tls,
        })
    }

    /// Finds the route with the longest path that fits.
    pub(super) fn route(&self, path: &str) -> Option<&PreparedRoute> {
        self.routes.iter().find(|route| {
            path.strip_prefix(&route.prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

impl PreparedRoute {
    fn new(route: &Route) -> Result<Self, ProxyError> {
        let Route {
            path,
            upstream,
            strip,
            h2c,
        } = route;
        if !path.starts_with('/') {
            return Err(invalid(path, "it does not begin with `/`"));
        }
        let upstream = match upstream {
            None => None,
            Some(upstream) => {
                let authority: Authority = upstream
                    .parse()
                    .map_err(|_| invalid(path, "its upstream is not `host:port`"))?;
                if authority.port_u16().is_none() || upstream.contains('@') {
                    return Err(invalid(path, "its upstream is not `host:port`"));
                }
                Some(authority)
            }
        };
        Ok(Self {
            prefix: path.trim_end_matches('/').to_owned(),
            upstream,
            strip: *strip,
            h2c: *h2c,
        })
    }

    /// Returns the path and query that the upstream gets.
    pub(super) fn target(&self, asked: &PathAndQuery) -> Option<PathAndQuery> {
        if !self.strip {
            return Some(asked.clone());
        }
        let rest = asked.as_str().strip_prefix(&self.prefix)?;
        let slash = if rest.starts_with('/') { "" } else { "/" };
        format!("{slash}{rest}").parse().ok()
    }
}

/// Tells whether a path climbs: an upstream that resolves it would serve what another route guards.
pub(super) fn climbs(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == ".." || plain.starts_with("..%2f") || plain.contains("%2f..") || plain.contains("%5c..")
    })
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), ProxyError> {
    let invalid = || ProxyError::InvalidHeader {
        name: name.to_owned(),
    };
    let parsed = (
        name.parse().map_err(|_| invalid())?,
        value.parse().map_err(|_| invalid())?,
    );
    Ok(parsed)
}

fn invalid(path: &str, reason: &'static str) -> ProxyError {
    ProxyError::InvalidRoute {
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(routes: &[(&str, bool)]) -> Result<Prepared, ProxyError> {
        let route = |(path, strip): &(&str, bool)| Route {
            path: (*path).to_owned(),
            upstream: Some("127.0.0.1:1".to_owned()),
            strip: *strip,
            h2c: false,
        };
        Prepared::new(&ProxyConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            tls: None,
            routes: routes.iter().map(route).collect(),
            headers: Default::default(),
            trust_forwarded: false,
            closed: None,
            timeouts: Timeouts::default(),
        })
    }

    #[test]
    fn the_longest_path_wins_at_segment_borders() {
        let prepared = prepared(&[("/", false), ("/api", false), ("/api/v2/", true)]).unwrap();
        let found = |path| prepared.route(path).map(|route| route.prefix.as_str());
        assert_eq!(found("/"), Some(""));
        assert_eq!(found("/api"), Some("/api"));
        assert_eq!(found("/apix"), Some(""));
        assert_eq!(found("/api/v2"), Some("/api/v2"));
        assert_eq!(found("/api/v20"), Some("/api"));
        let target = |path: &str| {
            let asked = path.parse().unwrap();
            prepared
                .route("/api/v2")
                .unwrap()
                .target(&asked)
                .unwrap()
                .to_string()
        };
        assert_eq!(target("/api/v2?x=1"), "/?x=1");
        assert_eq!(target("/api/v2/users?x=1"), "/users?x=1");
    }

    #[test]
    fn what_cannot_work_is_refused() {
        assert!(prepared(&[("api", false)]).is_err());
        assert!(prepared(&[("/api", false), ("/api/", false)]).is_err());
    }

    #[test]
    fn climbing_is_seen_however_it_is_written() {
        for path in ["/a/../b", "/a/%2E%2e/b", "/..", "/a%2f..%2fb", "/a\\..\\b"] {
            assert!(climbs(path), "{path}");
        }
        for path in ["/a/..b", "/a/.../b", "/a.b/c", "/a/%2e"] {
            assert!(!climbs(path), "{path}");
        }
    }
}
