//! Reads image references, and sends them to mirrors.

use std::collections::BTreeMap;

use oci_client::Reference;

use super::error::OciError;

/// Understands a reference as Docker does: `host[:port]/repository[:tag][@digest]`.
pub(super) fn parse(reference: &str) -> Result<Reference, OciError> {
    Reference::try_from(reference).map_err(|source| OciError::ParseReference {
        reference: reference.to_owned(),
        source,
    })
}

/// Rewrites a reference to where its mirror keeps it; the longest prefix that fits decides.
///
/// A mirror stands for `host` or `host/path`, and is itself a `host` or `host/path`. It replaces the original, which
/// is then never asked: a site that names a mirror means it.
pub(super) fn mirrored(
    reference: &Reference,
    mirrors: &BTreeMap<String, String>,
) -> Result<Reference, OciError> {
    let whole = format!("{}/{}", reference.registry(), reference.repository());
    let rest_after = |prefix: &str| {
        let rest = whole.strip_prefix(prefix.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
    };
    let best = mirrors
        .iter()
        .filter_map(|(prefix, mirror)| rest_after(prefix).map(|rest| (prefix.len(), mirror, rest)))
        .max_by_key(|(length, ..)| *length);
    let Some((_, mirror, rest)) = best else {
        return Ok(reference.clone());
    };
    let tag = reference.tag().map_or_else(String::new, |tag| format!(":{tag}"));
    let digest = reference
        .digest()
        .map_or_else(String::new, |digest| format!("@{digest}"));
    parse(&format!("{}{rest}{tag}{digest}", mirror.trim_end_matches('/')))
}

/// Tells whether a registry is on this machine.
pub(super) fn is_loopback(registry: &str) -> bool {
    if registry.starts_with("[::1]") {
        return true;
    }
    let host = registry.split(':').next().unwrap_or_default();
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mirror_prefix_decides() {
        let mirrors = BTreeMap::from([
            ("registry.example".to_owned(), "mirror.internal:5000".to_owned()),
            (
                "registry.example/acme".to_owned(),
                "mirror.internal/vendors/acme/".to_owned(),
            ),
        ]);
        let case = |text: &str| mirrored(&parse(text).unwrap(), &mirrors).unwrap().whole();
        assert_eq!(
            case("registry.example/other/api:1"),
            "mirror.internal:5000/other/api:1"
        );
        assert_eq!(
            case("registry.example/acme/api:1"),
            "mirror.internal/vendors/acme/api:1"
        );
        assert_eq!(
            case("registry.example/acme2/api:1"),
            "mirror.internal:5000/acme2/api:1"
        );
        assert_eq!(case("elsewhere.example/api:1"), "elsewhere.example/api:1");
        let digest = format!("@sha256:{}", "a".repeat(64));
        assert_eq!(
            case(&format!("registry.example/x/api:1{digest}")),
            format!("mirror.internal:5000/x/api:1{digest}")
        );
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for registry in [
            "localhost",
            "localhost:5000",
            "127.0.0.1:1",
            "127.8.8.8",
            "[::1]:5000",
        ] {
            assert!(is_loopback(registry), "{registry}");
        }
        for registry in ["localhost.example", "128.0.0.1", "registry.example:5000", ""] {
            assert!(!is_loopback(registry), "{registry}");
        }
    }
}
