//! Whether traffic from outside would find its way.

use super::super::{Finding, Level};
use super::{ClusterNeeds, ClusterSeen, GatewayNeed, GatewaySeen, ListenerSeen, list, unseen};

pub(super) fn ingress(seen: &ClusterSeen, needs: &ClusterNeeds) -> Vec<Finding> {
    let (Some(class), Some(known)) = (&needs.ingress, &seen.found.ingresses) else {
        return Vec::new();
    };
    let known = match known {
        Ok(known) => known,
        Err(why) => return vec![unseen("ingress", "ingress classes", why)],
    };
    let there = list(known.iter().map(|known| known.name.as_str()));
    let fix = match known.first() {
        Some(known) => format!("--set parts.{}.options.ingress_class={}", seen.part, known.name),
        None => "install an ingress controller, or choose another way in (`expose`)".to_owned(),
    };
    let found = known.iter().find(|known| match class.as_str() {
        "" => known.default,
        class => known.name == class,
    });
    let finding = match (found, class.as_str()) {
        (Some(found), _) => Finding::ok("ingress", &found.name, format!("served by {}", found.provider)),
        // A controller may serve an Ingress without a class, and nothing in the cluster says so.
        (None, "") => {
            let message = format!("there is none: perhaps nobody serves the Ingress; there are: {there}");
            Finding::new("ingress", "default ingress class", Level::Warning, message).fix(fix)
        }
        (None, class) => {
            let message = format!("there is no such ingress class; there are: {there}");
            Finding::new("ingress", class, Level::Blocker, message).fix(fix)
        }
    };
    vec![finding]
}

pub(super) fn gateway(seen: &ClusterSeen, needs: &ClusterNeeds) -> Vec<Finding> {
    let (Some(need), Some(found)) = (&needs.gateway, &seen.found.gateway) else {
        return Vec::new();
    };
    let subject = format!("{}/{}", need.namespace, need.name);
    let finding = match found {
        Err(why) => unseen("gateway", &subject, why),
        Ok(None) => {
            Finding::new("gateway", &subject, Level::Blocker, "there is no such Gateway").fix(format!(
                "make it, or name another as `parts.{}.options.gateway`",
                seen.part
            ))
        }
        Ok(Some(gateway)) => judge(&subject, &seen.namespace, need, gateway),
    };
    vec![finding]
}

fn judge(subject: &str, namespace: &str, need: &GatewayNeed, gateway: &GatewaySeen) -> Finding {
    let fits = |listener: &&ListenerSeen| covers(&listener.host, &need.host);
    let fitting: Vec<&ListenerSeen> = gateway.listeners.iter().filter(fits).collect();
    let open = |listener: &&&ListenerSeen| match listener.from.as_str() {
        "Same" => need.namespace == namespace,
        _ => true,
    };
    if fitting.is_empty() {
        let hosts = list(gateway.listeners.iter().map(|listener| listener.host.as_str()));
        let message = format!(
            "no listener takes the host name {}; they take: {hosts}",
            need.host
        );
        return Finding::new("gateway", subject, Level::Blocker, message).fix("add a listener for it");
    }
    let Some(listener) = fitting.iter().find(open) else {
        let message = format!("its listeners take no routes of the namespace {namespace}");
        let fix = "let `allowedRoutes.namespaces` of a listener include it";
        return Finding::new("gateway", subject, Level::Blocker, message).fix(fix);
    };
    if !gateway.programmed {
        let message = "its controller has not made it ready";
        return Finding::new("gateway", subject, Level::Warning, message).fix(format!(
            "kubectl --namespace {} describe gateway {}",
            need.namespace, need.name
        ));
    }
    let message = format!(
        "it is ready, and its listener `{}` takes the route",
        listener.name
    );
    Finding::ok("gateway", subject, message)
}

/// Says whether a listener's host name, which may begin with `*.`, takes another.
fn covers(listener: &str, host: &str) -> bool {
    match listener.strip_prefix('*') {
        Some(rest) => host.len() > rest.len() && host.ends_with(rest),
        None => listener.is_empty() || listener == host,
    }
}

pub(super) fn certificate(seen: &ClusterSeen, needs: &ClusterNeeds) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let (Some(name), Some(found)) = (&needs.cluster_issuer, &seen.found.issuer) {
        let subject = format!("ClusterIssuer {name}");
        findings.push(match found {
            Err(why) => unseen("issuer", &subject, why),
            Ok(Some(true)) => Finding::ok("issuer", &subject, "it is ready"),
            Ok(Some(false)) => Finding::new("issuer", &subject, Level::Warning, "it is not ready")
                .fix(format!("kubectl describe clusterissuer {name}")),
            Ok(None) => {
                let message = "there is no such ClusterIssuer: nobody would make the certificate";
                Finding::new("issuer", &subject, Level::Blocker, message)
                    .fix("install cert-manager and make it, or name another as `cluster_issuer`")
            }
        });
    }
    // What cert-manager makes need not be there yet.
    let given = needs
        .tls_secret
        .as_deref()
        .filter(|_| needs.cluster_issuer.is_none());
    if let Some((name, found)) = given.and_then(|name| Some((name, seen.found.secrets.get(name)?))) {
        let subject = format!("Secret {name}");
        findings.push(match found {
            Err(why) => unseen("tls", &subject, why),
            Ok(true) => Finding::ok("tls", &subject, "it is there"),
            Ok(false) => {
                let message = format!(
                    "the certificate's Secret is not in the namespace {}",
                    seen.namespace
                );
                Finding::new("tls", &subject, Level::Blocker, message).fix(format!(
                    "kubectl --namespace {} create secret tls {name} --cert=FILE --key=FILE",
                    seen.namespace
                ))
            }
        });
    }
    findings
}
