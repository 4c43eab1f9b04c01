//! Where components connect to outside of what Landfall makes, as far as it can be known beforehand.

use std::net::IpAddr;

use url::Url;

use crate::deployment::ResolvedService;

/// Somewhere that components connect to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Destination {
    /// A host name or an IP address.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
}

impl Destination {
    /// Reads a URL; none for what is no address of the network.
    pub(super) fn of_url(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        if !matches!(url.scheme(), "http" | "https" | "grpc" | "grpcs") {
            return None;
        }
        let port = url.port_or_known_default().unwrap_or(443);
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        Some(Self { host, port })
    }

    /// Lists where a service of the customer's answers.
    pub(super) fn of_service(service: &ResolvedService) -> Vec<Self> {
        let by_url = ["endpoint", "issuer", "jwks_uri", "url"]
            .into_iter()
            .filter_map(|field| Self::of_url(service.text(field)));
        let host = service.text("host");
        match service.port("port") {
            Some(port) if !host.is_empty() => vec![Self {
                host: host.to_owned(),
                port,
            }],
            _ => by_url.collect(),
        }
    }

    /// Gives the block of its address alone; none where it has a name, whose addresses change.
    pub(super) fn cidr(&self) -> Option<String> {
        let address = self.host.parse::<IpAddr>().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        Some(format!("{address}/{bits}"))
    }
}

/// Reads what the customer lets through, as `cidr:port`.
pub(super) fn let_through(entry: &str) -> Option<(&str, u16)> {
    let (cidr, port) = entry.rsplit_once(':')?;
    Some((cidr, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_let_through_alone_and_a_name_is_not() {
        let cidr = |url: &str| Destination::of_url(url).unwrap().cidr();
        assert_eq!(cidr("https://10.1.2.3/x"), Some("10.1.2.3/32".to_owned()));
        assert_eq!(cidr("grpc://[fd00::1]:7233"), Some("fd00::1/128".to_owned()));
        assert_eq!(cidr("https://idp.acme.com"), None);
        assert_eq!(Destination::of_url("s3://bucket"), None);
    }

    #[test]
    fn what_is_let_through_ends_with_its_port() {
        assert_eq!(let_through("10.1.0.0/16:443"), Some(("10.1.0.0/16", 443)));
        assert_eq!(let_through("fd00::/8:443"), Some(("fd00::/8", 443)));
        assert_eq!(let_through("10.1.0.0/16"), None);
    }
}
