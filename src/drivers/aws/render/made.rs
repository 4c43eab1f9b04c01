//! Which of AWS's things the layers of a part make and look at, in Terraform's words.
//!
//! Roots say which modules they call, modules what they declare, and `templates/aws/sometimes.yaml` under which conditions
//! something of that is there. Terraform's own word for what it makes of the golden layers is in
//! `tests/data/aws-made.json`, and tests compare.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::place::{APPLICATION, BOOTSTRAP, Certificate, DATA, FOUNDATION, MODULES, Vpc};
use super::quantities::gateways;
use super::{Root, application};
use crate::deployment::{Deployment, Part};
use crate::render::{Artifacts, RenderError};

/// What modules make only sometimes: under which condition, by module and address.
const SOMETIMES: &str = include_str!("../../../../templates/aws/sometimes.yaml");

/// What the layers of a part make and look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Types of things by the layer that they belong to; those that are only looked at begin with `data.`.
    pub layers: BTreeMap<&'static str, BTreeSet<String>>,
    /// The conditions that hold.
    pub holding: BTreeSet<When>,
    /// The bucket for the product's objects.
    pub bucket: Option<String>,
}

/// When something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// In no root that is rendered.
    Never,
    /// While the product is closed to people, which they are then told.
    Closing,
    /// Where AWS runs a database.
    Database,
    /// Where alarms are told to somebody.
    Emails,
    /// Where services of AWS have an interface in the network.
    Endpoints,
    /// Where a firewall looks at requests.
    Firewall,
    /// Where there is NAT of ours.
    Gateways,
    /// Where the network is made.
    NewNetwork,
    /// Where a component may have more tasks at one time than at another.
    Scaling,
    /// Where the network is there.
    YourNetwork,
    /// Where the record of the host name is made.
    Zone,
}

impl When {
    const ALL: [Self; 11] = [
        Self::Never,
        Self::Closing,
        Self::Database,
        Self::Emails,
        Self::Endpoints,
        Self::Firewall,
        Self::Gateways,
        Self::NewNetwork,
        Self::Scaling,
        Self::YourNetwork,
        Self::Zone,
    ];

    fn holds(self, root: &Root<'_>) -> bool {
        let options = &root.place.options;
        let is_reached = application::is_reached(root);
        let mut tasks = root.part.components.iter().map(super::components::tasks);
        match self {
            Self::Never => false,
            Self::Closing => true,
            Self::Database => root.managed.database.is_some(),
            Self::Emails => !options.alarm_emails.is_empty(),
            Self::Endpoints => !super::layers::endpoints(options).is_empty(),
            Self::Firewall => is_reached && options.waf,
            Self::Gateways => gateways(options) > 0,
            Self::NewNetwork => options.vpc == Vpc::New,
            Self::Scaling => tasks.any(|(least, most)| most > least),
            Self::YourNetwork => options.vpc == Vpc::Existing,
            Self::Zone => is_reached && options.certificate == Certificate::Zone,
        }
    }
}

/// Lists what a part's layers make and look at.
///
/// # Errors
/// As [`super::render`].
pub fn made(deployment: &Deployment, part: &Part) -> Result<Made, RenderError> {
    let place = super::Place::of(deployment, part)?;
    let root = Root::of(deployment, part, &place)?;
    let artifacts = super::render(deployment, part)?;
    let sometimes: BTreeMap<String, BTreeMap<String, When>> =
        serde_yaml::from_str(SOMETIMES).map_err(|error| RenderError::Template {
            template: "aws/sometimes.yaml".to_owned(),
            message: error.to_string(),
        })?;
    let holding: BTreeSet<When> = When::ALL.into_iter().filter(|when| when.holds(&root)).collect();
    let mut made = BTreeMap::new();
    for layer in [BOOTSTRAP, FOUNDATION, DATA, APPLICATION] {
        let texts = texts(&artifacts, layer);
        let mut types: BTreeSet<String> = texts
            .iter()
            .flat_map(|text| declared(text))
            .map(type_of)
            .collect();
        for module in texts.iter().flat_map(|text| called(text)) {
            let conditions = sometimes.get(module);
            for text in self::texts(&artifacts, &format!("{MODULES}/{module}")) {
                let there = |address: &String| {
                    let when = conditions.and_then(|conditions| conditions.get(address));
                    when.is_none_or(|when| holding.contains(when))
                };
                types.extend(declared(text).filter(there).map(type_of));
            }
        }
        if !types.is_empty() {
            made.insert(layer, types);
        }
    }
    let objects = root.managed.objects;
    Ok(Made {
        layers: made,
        holding,
        bucket: objects
            .map(|objects| super::layers::bucket(&root, objects))
            .transpose()?,
    })
}

/// Gives what is written in Terraform's language in a folder.
fn texts<'a>(artifacts: &'a Artifacts, folder: &str) -> Vec<&'a str> {
    let is_there = |path: &&camino::Utf8PathBuf| {
        path.parent().is_some_and(|parent| parent == folder) && path.extension() == Some("tf")
    };
    let files = artifacts.iter().filter(|(path, _)| is_there(path));
    files.map(|(_, file)| file.text.as_str()).collect()
}

/// Lists the modules that a root calls.
fn called(text: &str) -> impl Iterator<Item = &str> {
    let rest = text.split("\"../modules/").skip(1);
    rest.filter_map(|rest| rest.split('"').next())
}

/// Lists what a text declares: `type.name` of resources, `data.type.name` of what is looked at.
fn declared(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(|line| {
        let resource = line.strip_prefix("resource \"").map(|rest| ("", rest));
        let (prefix, rest) = resource.or_else(|| Some(("data.", line.strip_prefix("data \"")?)))?;
        let mut pieces = rest.split('"');
        Some(format!("{prefix}{}.{}", pieces.next()?, pieces.nth(1)?))
    })
}

/// Takes the name off an address.
fn type_of(address: String) -> String {
    address
        .rsplit_once('.')
        .map_or_else(String::new, |(type_, _)| type_.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_about_what_modules_declare() {
        let sometimes: BTreeMap<String, BTreeMap<String, When>> = serde_yaml::from_str(SOMETIMES).unwrap();
        for (module, addresses) in sometimes {
            let files = super::super::KEPT.get_dir(&module).unwrap().files();
            let declared: BTreeSet<String> = files
                .filter_map(|file| file.contents_utf8())
                .flat_map(declared)
                .collect();
            for address in addresses.keys() {
                assert!(declared.contains(address), "{module} declares no {address}");
            }
        }
    }

    #[test]
    fn declarations_and_calls_are_read_where_a_line_begins_with_them() {
        let text = "resource \"aws_vpc\" \"this\" {\n}\n# resource \"a\" \"b\"\ndata \"aws_region\" \"here\" {}\n  data = { x = 1 }\n";
        let found: Vec<_> = declared(text).collect();
        assert_eq!(found, ["aws_vpc.this", "data.aws_region.here"]);
    }
}
