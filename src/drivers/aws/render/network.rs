//! Where tasks may connect to, beside what the installation itself has.

use std::collections::{BTreeMap, BTreeSet};

use super::super::place::{Nat, Place};
use super::hcl::{Hcl, Reference};
use crate::deployment::{Deployment, Part, ResolvedComponent};
use crate::drivers::destinations::{Destination, let_through};
use crate::product::Supply;
use crate::render::RenderError;

/// Everywhere.
const ANYWHERE: &str = "0.0.0.0/0";

/// A network and a port in it, each once.
type Rules = BTreeMap<(String, u16), String>;

/// What every component may reach.
pub(super) struct Network {
    nat: Nat,
    shared: Rules,
}

impl Network {
    /// Finds what every component may reach: what the options and the settings say.
    ///
    /// # Errors
    /// [`RenderError::Options`] for what is no IPv4 network with a port.
    pub(super) fn of(deployment: &Deployment, part: &Part, place: &Place) -> Result<Self, RenderError> {
        let nat = place.options.nat;
        let mut network = Self {
            nat,
            shared: Rules::new(),
        };
        let mut shared = Rules::new();
        let settings = deployment
            .settings
            .iter()
            .filter_map(|(key, value)| Some((key, value.as_str()?)));
        for (key, value) in settings {
            let destination = Destination::of_url(value);
            if let Some(destination) = destination.filter(|_| is_used(part, value)) {
                network.let_to(part, &destination, &format!("Setting {key}"), &mut shared)?;
            }
        }
        for entry in &place.options.egress {
            let (cidr, port) = let_through(entry)
                .filter(|(cidr, _)| !cidr.contains(':'))
                .ok_or_else(|| fail(part, format!("`egress` takes an IPv4 network and a port, such as 10.1.0.0/16:443, not `{entry}`")))?;
            shared.insert((cidr.to_owned(), port), "Let through by the answers".to_owned());
        }
        network.shared = shared;
        Ok(network)
    }

    /// Lists the rules for every component.
    pub(super) fn shared(&self) -> Hcl {
        let first = match self.nat {
            Nat::None => Hcl::object([
                (
                    "description",
                    Hcl::text("S3 through its gateway, images among it"),
                ),
                ("port", Hcl::Integer(443)),
                (
                    "prefix_list_id",
                    Hcl::Reference(Reference::to("var.foundation.s3_prefix_list_id")),
                ),
            ]),
            Nat::One | Nat::PerZone => rule("HTTPS: registries, AWS, and the product itself", ANYWHERE, 443),
        };
        Hcl::List([first].into_iter().chain(rules(&self.shared)).collect())
    }

    /// Lists the rules of one component: to the services of the customer's that it needs.
    ///
    /// # Errors
    /// [`RenderError::Options`] for an address that is not IPv4.
    pub(super) fn egress(
        &self,
        deployment: &Deployment,
        part: &Part,
        component: &ResolvedComponent,
    ) -> Result<Hcl, RenderError> {
        let needed: BTreeSet<&String> = component.needs.iter().collect();
        let mut own = Rules::new();
        for (name, service) in deployment
            .services
            .iter()
            .filter(|(name, _)| needed.contains(name))
        {
            if service.supply != Supply::Yours {
                continue;
            }
            for destination in Destination::of_service(service) {
                self.let_to(part, &destination, &service.title, &mut own)
                    .map_err(|_| {
                        fail(
                            part,
                            format!(
                                "the service `{name}` has an address that is not IPv4: {}",
                                destination.host
                            ),
                        )
                    })?;
            }
        }
        Ok(Hcl::List(rules(&own).collect()))
    }

    /// Adds a rule, unless every component has it already.
    fn let_to(
        &self,
        part: &Part,
        to: &Destination,
        title: &str,
        rules: &mut Rules,
    ) -> Result<(), RenderError> {
        let cidr = to.cidr().unwrap_or_else(|| ANYWHERE.to_owned());
        if cidr.contains(':') {
            return Err(fail(
                part,
                format!("{} is not IPv4, which is all that the network has", to.host),
            ));
        }
        let everywhere = to.port == 443 && self.nat != Nat::None;
        let shared = self.shared.contains_key(&(cidr.clone(), to.port));
        if !everywhere && !shared {
            rules.entry((cidr, to.port)).or_insert_with(|| title.to_owned());
        }
        Ok(())
    }
}

/// Says whether a setting's value reaches a component: others are for people, or for another part.
fn is_used(part: &Part, value: &str) -> bool {
    let mut texts = part.components.iter().flat_map(ResolvedComponent::texts);
    texts.any(|text| text.as_str().contains(value))
}

fn rules(rules: &Rules) -> impl Iterator<Item = Hcl> {
    rules.iter().map(|((cidr, port), title)| rule(title, cidr, *port))
}

fn rule(description: &str, cidr: &str, port: u16) -> Hcl {
    Hcl::object([
        ("description", Hcl::text(plain(description))),
        ("port", Hcl::Integer(port.into())),
        ("cidr", Hcl::text(cidr)),
    ])
}

/// Keeps what AWS takes in a description.
fn plain(text: &str) -> String {
    let is_taken =
        |letter: &char| letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(*letter);
    text.chars().filter(is_taken).take(255).collect()
}

fn fail(part: &Part, message: String) -> RenderError {
    RenderError::Options {
        part: part.name.clone(),
        message,
    }
}
