//! Components as `application/components.tf` lists them.

use std::collections::BTreeMap;

use super::super::place::{DATABASE_USER, MIGRATION, Nat, Place, TOOLS, dashed};
use super::binding::Binding;
use super::fargate::Size;
use super::hcl::Hcl;
use super::network::Network;
use super::services::Managed;
use super::targets::{health, target};
use crate::deployment::{Bound, Deployment, Part, ResolvedComponent, ResolvedPort};
use crate::product::{Protocol, ServiceKind, Supply};
use crate::render::RenderError;

/// The longest name of a component: names of security groups and target groups hold it.
const LONGEST_NAME: usize = 30;
/// The longest that Fargate waits for a task to end.
const LONGEST_STOP: u32 = 120;
/// Seconds that a task is left alone after its start, when its component does not say.
const USUAL_START: u32 = 60;

/// Everything that components are written with.
pub(super) struct Writer<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) part: &'a Part,
    pub(super) place: &'a Place,
    pub(super) managed: Managed<'a>,
    pub(super) network: &'a Network,
}

impl Writer<'_> {
    /// Lists all components by name.
    ///
    /// # Errors
    /// [`RenderError::Options`] for what ECS cannot run.
    pub(super) fn components(&self, binding: &mut Binding<'_>) -> Result<Hcl, RenderError> {
        let mut all = BTreeMap::new();
        for component in &self.part.components {
            self.check(component)?;
            all.insert(dashed(&component.name), self.component(component, binding)?);
        }
        Ok(Hcl::map(all))
    }

    fn component(
        &self,
        component: &ResolvedComponent,
        binding: &mut Binding<'_>,
    ) -> Result<Hcl, RenderError> {
        let told = binding.told(component)?;
        let callers = self.callers(component);
        let connected = self.is_connected(component);
        let size = self.size(component)?;
        let (min, max) = tasks(component);
        let arguments = component.args.iter().map(|arg| binding.argument(component, arg));
        let arguments: Vec<Hcl> = arguments.collect::<Result<_, _>>()?;
        let offers = if callers.is_empty() {
            BTreeMap::new()
        } else {
            ports(component, number)
        };
        Ok(Hcl::object([
            ("cpu", Hcl::Integer(size.cpu)),
            ("memory", Hcl::Integer(size.memory)),
            ("user", Hcl::text(format!("{0}:{0}", component.user))),
            (
                "command",
                if arguments.is_empty() {
                    Hcl::Null
                } else {
                    Hcl::List(arguments)
                },
            ),
            ("ports", Hcl::map(ports(component, described))),
            ("health", health(self.part, component)),
            (
                "stop_seconds",
                Hcl::Integer(component.grace.clamp(2, LONGEST_STOP).into()),
            ),
            ("grace_seconds", Hcl::Integer(start(component).into())),
            (
                "scaling",
                Hcl::object([
                    ("min", Hcl::Integer(min.into())),
                    ("max", Hcl::Integer(max.into())),
                ]),
            ),
            ("target", target(self.part, component)?),
            ("connected", Hcl::Bool(connected)),
            ("offers", Hcl::map(offers)),
            ("callers", Hcl::texts(callers)),
            ("uses", Hcl::texts(self.uses(component))),
            (
                "egress",
                self.network.egress(self.deployment, self.part, component)?,
            ),
            ("statements", self.statements(component)),
            ("environment", Hcl::map(told.environment)),
            ("secrets", Hcl::map(told.secrets)),
            ("files", Hcl::map(told.files)),
        ]))
    }

    /// Says what each of a component's tasks is given.
    ///
    /// # Errors
    /// [`RenderError::Options`] when that is more than there is.
    pub(super) fn size(&self, component: &ResolvedComponent) -> Result<Size, RenderError> {
        Size::of(component, self.is_connected(component)).ok_or_else(|| {
            let asked = &component.resources;
            self.fail(
                component,
                &format!(
                    "asks for more than Fargate has ({} CPU, {})",
                    asked.cpu, asked.memory
                ),
            )
        })
    }

    /// Says whether it calls another component, or is called by one.
    fn is_connected(&self, component: &ResolvedComponent) -> bool {
        !self.callers(component).is_empty() || self.calls_others(component)
    }

    /// Finds what ECS on Fargate cannot do.
    fn check(&self, component: &ResolvedComponent) -> Result<(), RenderError> {
        let name = dashed(&component.name);
        if [MIGRATION, DATABASE_USER, TOOLS, "prepare"].contains(&name.as_str()) {
            return Err(self.fail(component, "has a name that a task of Landfall's own has on AWS"));
        }
        if !(2..=LONGEST_NAME).contains(&name.len()) {
            return Err(self.fail(
                component,
                &format!("has a name that is not of 2 to {LONGEST_NAME} characters"),
            ));
        }
        if component.user == 0 {
            return Err(self.fail(component, "runs as root, which nothing does here"));
        }
        if component.grace > LONGEST_STOP {
            let because = format!(
                "takes {} seconds to stop; Fargate waits for {LONGEST_STOP}",
                component.grace
            );
            return Err(self.fail(component, &because));
        }
        if !component.directories.is_empty() || self.stores_in_a_folder(component) {
            return Err(self.fail(
                component,
                "keeps data in a folder, and Fargate keeps none: it must go to an object store",
            ));
        }
        let routed = |port: &ResolvedPort| component.routes.values().any(|number| *number == port.number);
        if component
            .ports
            .values()
            .any(|port| port.published && !routed(port))
        {
            return Err(self.fail(
                component,
                "has a port beside the public address, where the load balancer leads nowhere",
            ));
        }
        Ok(())
    }

    fn stores_in_a_folder(&self, component: &ResolvedComponent) -> bool {
        let services = component
            .needs
            .iter()
            .filter_map(|name| self.deployment.services.get(name));
        let mut stores =
            services.filter(|service| service.kind == ServiceKind::Objects && service.supply != Supply::None);
        stores.any(|service| service.text("driver") == "filesystem")
    }

    /// Lists the components that call another, which they are told the address of.
    fn callers(&self, called: &ResolvedComponent) -> Vec<String> {
        let others = self
            .part
            .components
            .iter()
            .filter(|other| other.name != called.name);
        others
            .filter(|other| calls(other, called))
            .map(|other| dashed(&other.name))
            .collect()
    }

    fn calls_others(&self, component: &ResolvedComponent) -> bool {
        let mut others = self
            .part
            .components
            .iter()
            .filter(|other| other.name != component.name);
        others.any(|other| calls(component, other))
    }

    /// Lists what it reaches by a security group of its own.
    fn uses(&self, component: &ResolvedComponent) -> Vec<&'static str> {
        let needs = |service: Option<super::services::Named<'_>>| {
            service.is_some_and(|(name, _)| component.needs.iter().any(|need| need == name))
        };
        [
            ("database", needs(self.managed.database)),
            ("cache", needs(self.managed.cache)),
            ("endpoints", reaches_endpoints(self.place)),
        ]
        .into_iter()
        .filter_map(|(used, is)| is.then_some(used))
        .collect()
    }

    /// Says what it may do at AWS.
    fn statements(&self, component: &ResolvedComponent) -> Hcl {
        let needed = |(name, _): &super::services::Named<'_>| component.needs.iter().any(|need| need == name);
        match self.managed.objects.filter(needed) {
            Some(_) => Hcl::Reference(super::hcl::Reference::to("var.data.objects.statements")),
            None => Hcl::List(Vec::new()),
        }
    }

    fn fail(&self, component: &ResolvedComponent, because: &str) -> RenderError {
        RenderError::Options {
            part: self.part.name.clone(),
            message: format!(
                "component `{}` cannot run on AWS: it {because}; choose another target, or ask the vendor to change it",
                component.name
            ),
        }
    }
}

/// Says whether there are private endpoints to reach.
pub(super) fn reaches_endpoints(place: &Place) -> bool {
    place.options.nat == Nat::None || !place.options.endpoints.is_empty()
}

/// Says whether a component is told the address of another.
fn calls(caller: &ResolvedComponent, called: &ResolvedComponent) -> bool {
    let host = dashed(&called.name);
    let mut texts = caller.texts().map(Bound::as_str);
    texts.any(|text| text == host || called.ports.values().any(|port| names(text, &host, port.number)))
}

/// Says whether `host:port` stands in a text as a whole.
fn names(text: &str, host: &str, port: u16) -> bool {
    let address = format!("{host}:{port}");
    text.match_indices(&address).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + address.len()..].chars().next();
        !before.is_some_and(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '_'))
            && !after.is_some_and(|it| it.is_ascii_digit())
    })
}

/// How many tasks a component has at least and at most.
pub(super) fn tasks(component: &ResolvedComponent) -> (u32, u32) {
    let scaling = &component.scaling;
    (scaling.min, scaling.max.max(scaling.min).max(1))
}

/// How long it may take to start.
fn start(component: &ResolvedComponent) -> u32 {
    let health = &component.health;
    let probe = health.startup.as_ref().or(health.readiness.as_ref());
    probe.map_or(USUAL_START, |probe| probe.within)
}

fn ports(component: &ResolvedComponent, of: impl Fn(&ResolvedPort) -> Hcl) -> BTreeMap<String, Hcl> {
    let ports = component.ports.iter();
    ports.map(|(name, port)| (dashed(name), of(port))).collect()
}

fn number(port: &ResolvedPort) -> Hcl {
    Hcl::Integer(port.number.into())
}

fn described(port: &ResolvedPort) -> Hcl {
    let protocol = match port.protocol {
        Protocol::Http => "http",
        Protocol::Grpc => "grpc",
        Protocol::Tcp => "tcp",
    };
    Hcl::object([("number", number(port)), ("protocol", Hcl::text(protocol))])
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn an_address_is_found_as_a_whole() {
        assert!(names("http://api:8081/x", "api", 8081));
        assert!(names("api:8081", "api", 8081));
        for text in [
            "http://old-api:8081",
            "http://api:80812",
            "/api 8081",
            "api.acme.com:8081",
        ] {
            assert!(!names(text, "api", 8081), "{text}");
        }
    }
}
