//! Headers that end at a proxy, and those it adds.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::{CONNECTION, HOST, HeaderName, HeaderValue, TE, UPGRADE};

/// Headers that mean one connection and not the request; RFC 9110, section 7.6.1.
///
/// `Trailer` is not among them: it speaks of the message, and trailers are passed on.
const HOP_BY_HOP: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "transfer-encoding",
    "upgrade",
];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Removes what must not pass, and returns the protocol that an upgrade is asked to, if one is.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) -> Option<HeaderValue> {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let upgrade = named
        .contains(&UPGRADE)
        .then(|| headers.get(UPGRADE).cloned())
        .flatten();
    let takes_trailers = headers
        .get(TE)
        .and_then(|te| te.to_str().ok())
        .is_some_and(|te| te.contains("trailers"));
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    headers.remove(TE);
    if takes_trailers {
        // gRPC servers insist on it.
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    upgrade
}

/// Asks for an upgrade, or grants one.
pub(super) fn set_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

/// Says where a request comes from. What the client says itself counts only if it is trusted.
pub(super) fn set_forwarded(headers: &mut HeaderMap, peer: IpAddr, secure: bool, trusted: bool) {
    if !trusted {
        for name in [
            FORWARDED_FOR,
            FORWARDED_PROTO,
            FORWARDED_HOST,
            HeaderName::from_static("forwarded"),
        ] {
            headers.remove(name);
        }
    }
    let before = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let chain = before
        .map(str::to_owned)
        .chain([peer.to_canonical().to_string()])
        .collect::<Vec<_>>();
    if let Ok(value) = chain.join(", ").parse() {
        headers.insert(FORWARDED_FOR, value);
    }
    let scheme = HeaderValue::from_static(if secure { "https" } else { "http" });
    headers.entry(FORWARDED_PROTO).or_insert(scheme);
    if let Some(host) = headers.get(HOST).cloned() {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn what_means_one_connection_is_removed_with_what_it_names() {
        let mut asked = headers(&[
            ("connection", "keep-alive, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "5"),
            ("te", "gzip, trailers"),
            ("trailer", "grpc-status"),
            ("accept", "*/*"),
        ]);
        assert_eq!(remove_hop_by_hop(&mut asked), None);
        assert_eq!(
            asked,
            headers(&[("te", "trailers"), ("trailer", "grpc-status"), ("accept", "*/*")])
        );
    }

    #[test]
    fn an_upgrade_must_be_named_by_connection() {
        let mut asked = headers(&[("connection", "Upgrade"), ("upgrade", "websocket")]);
        assert_eq!(remove_hop_by_hop(&mut asked).unwrap(), "websocket");
        assert_eq!(remove_hop_by_hop(&mut headers(&[("upgrade", "websocket")])), None);
    }

    #[test]
    fn a_stranger_cannot_claim_another_origin() {
        let peer = "192.0.2.7".parse().unwrap();
        let claims = [
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("host", "a.example"),
        ];
        let mut asked = headers(&claims);
        set_forwarded(&mut asked, peer, false, false);
        assert_eq!(
            (&asked["x-forwarded-for"], &asked["x-forwarded-proto"]),
            (&"192.0.2.7".parse().unwrap(), &"http".parse().unwrap())
        );
        let mut asked = headers(&claims);
        set_forwarded(&mut asked, peer, false, true);
        assert_eq!(asked["x-forwarded-for"], "10.0.0.1, 192.0.2.7");
        assert_eq!(asked["x-forwarded-proto"], "https");
        assert_eq!(asked["x-forwarded-host"], "a.example");
    }
}
