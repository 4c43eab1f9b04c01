//! How requests of people reach a component, and how it is asked whether it is well.

use super::hcl::Hcl;
use crate::deployment::{Part, ResolvedComponent, ResolvedPort};
use crate::product::{Probe, Protocol};
use crate::render::RenderError;

/// The priority of the shortest path there is: the longer a path, the sooner it is tried, so that a new route moves no other.
const LAST: usize = 9_900;
/// The longest path for which there is a priority.
const LONGEST_PATH: usize = 90;
/// How long a container's health check leaves it alone at most.
const LONGEST_START: u32 = 300;

/// Says where the load balancer sends requests; null for a component that nobody outside reaches.
///
/// # Errors
/// [`RenderError::Options`] for routes that a load balancer and ECS cannot serve.
pub(super) fn target(part: &Part, component: &ResolvedComponent) -> Result<Hcl, RenderError> {
    let fail = |because: &str| RenderError::Options {
        part: part.name.clone(),
        message: format!(
            "component `{}` cannot be reached on AWS: {because}",
            component.name
        ),
    };
    let Some(number) = component.routes.values().next() else {
        return Ok(Hcl::Null);
    };
    if component.routes.values().any(|other| other != number) {
        return Err(fail(
            "its routes lead to several ports, and an ECS service has one",
        ));
    }
    let probe = asked(component, *number).ok_or_else(|| {
        fail("the load balancer asks on the port that it sends requests to, where no probe of the definition answers")
    })?;
    if component.routes.keys().any(|path| path.len() > LONGEST_PATH) {
        return Err(fail(&format!(
            "a path of its routes is longer than {LONGEST_PATH} characters"
        )));
    }
    let is_grpc = |port: &ResolvedPort| port.number == *number && port.protocol == Protocol::Grpc;
    let version = if component.ports.values().any(is_grpc) {
        "GRPC"
    } else {
        "HTTP1"
    };
    let interval = probe.every.clamp(10, 300);
    let routes = component.routes.keys().map(|path| route(part, path)).collect();
    Ok(Hcl::object([
        ("port", Hcl::Integer((*number).into())),
        ("version", Hcl::text(version)),
        (
            "health",
            Hcl::object([
                ("path", Hcl::text(&probe.path)),
                ("interval", Hcl::Integer(interval.into())),
            ]),
        ),
        ("routes", Hcl::List(routes)),
    ]))
}

/// Finds the probe that says whether requests may be sent to a port.
fn asked(component: &ResolvedComponent, number: u16) -> Option<&Probe> {
    let health = &component.health;
    let on = |probe: &&Probe| {
        component
            .ports
            .get(&probe.port)
            .is_some_and(|port| port.number == number)
    };
    [&health.readiness, &health.liveness, &health.startup]
        .into_iter()
        .flatten()
        .find(on)
}

fn route(part: &Part, path: &str) -> Hcl {
    let routes = part
        .components
        .iter()
        .flat_map(|component| component.routes.keys());
    let mut alike: Vec<&String> = routes.filter(|other| other.len() == path.len()).collect();
    alike.sort_unstable();
    let place = alike.iter().position(|other| *other == path).unwrap_or(0);
    let priority = LAST - 100 * (path.len() - 1) + place;
    let below = path.trim_end_matches('/');
    let paths = match below {
        "" => vec!["/*".to_owned()],
        below => vec![below.to_owned(), format!("{below}/*")],
    };
    Hcl::object([
        (
            "priority",
            Hcl::Integer(u64::try_from(priority).unwrap_or_default()),
        ),
        ("paths", Hcl::texts(paths)),
    ])
}

/// Says how the container itself is asked, where its image has a program for that; else null.
pub(super) fn health(part: &Part, component: &ResolvedComponent) -> Hcl {
    let probing = part
        .probing
        .as_ref()
        .filter(|probing| probing.component == component.name);
    let probe = component
        .health
        .liveness
        .as_ref()
        .or(component.health.readiness.as_ref());
    let (Some(probing), Some(probe)) = (probing, probe) else {
        return Hcl::Null;
    };
    // A task's own check names the program, which an image may keep to itself.
    let program = match probing.command.as_slice() {
        [] => component.binary.iter().cloned().collect(),
        command => command.to_vec(),
    };
    let Some(port) = component.ports.get(&probe.port).filter(|_| !program.is_empty()) else {
        return Hcl::Null;
    };
    let url = format!("http://127.0.0.1:{}{}", port.number, probe.path);
    let start = component
        .health
        .startup
        .as_ref()
        .unwrap_or(probe)
        .within
        .min(LONGEST_START);
    let words = ["CMD".to_owned()]
        .into_iter()
        .chain(program)
        .chain(probing.args.clone());
    Hcl::object([
        ("command", Hcl::texts(words.chain([url]))),
        ("interval", Hcl::Integer(probe.every.clamp(5, 300).into())),
        ("start_period", Hcl::Integer(start.into())),
    ])
}
