//! What a part makes that has a price, with its measures: from what the layers are rendered with, and nothing else.
//!
//! How many of something a module makes of that is Terraform's to say; tests compare with what it said of the golden
//! layers.

use super::super::place::{
    APPLICATION, BOOTSTRAP, DATA, DatabaseKind, FOUNDATION, Images, Nat, Options, Vpc,
};
use super::application::is_reached;
use super::binding::Binding;
use super::components::{Writer, tasks};
use super::images::All;
use super::network::Network;
use super::sizing::Sizing;
use super::{Place, Root, State, layers, secrets};
use crate::cost::{Amount, Band, Thing};
use crate::deployment::{Deployment, Part};
use crate::render::RenderError;

/// How many rules the module `waf` has: four groups of AWS's own, and the limit of requests.
const FIREWALL_RULES: u64 = 5;

/// Lists what a part makes that has a price.
///
/// # Errors
/// As [`super::render`].
pub fn things(deployment: &Deployment, part: &Part) -> Result<Vec<Thing>, RenderError> {
    let place = Place::of(deployment, part)?;
    let root = Root::of(deployment, part, &place)?;
    let mut things = bootstrap(&root);
    things.extend(foundation(&root)?);
    things.extend(data(&root));
    things.extend(application(&root)?);
    things.retain(|thing| thing.count > 0);
    Ok(things)
}

fn bootstrap(root: &Root<'_>) -> Vec<Thing> {
    if root.place.options.state != State::S3 {
        return Vec::new();
    }
    let thing = |kind: &str| Thing::new(BOOTSTRAP, kind);
    vec![
        thing("aws_kms_key"),
        thing("aws_s3_bucket/logs").named("access logs"),
        thing("aws_s3_bucket/states"),
    ]
}

fn foundation(root: &Root<'_>) -> Result<Vec<Thing>, RenderError> {
    let options = &root.place.options;
    let thing = |kind: &str| Thing::new(FOUNDATION, kind);
    let images = All::of(root.deployment, root.part, root.place, root.managed)?;
    let repositories = if options.images == Images::Ecr {
        images.pulled.len()
    } else {
        0
    };
    let private = zones(options, &options.private_subnets);
    Ok(vec![
        thing("aws_kms_key").times(layers::keys(root.managed, options).entries()),
        thing("aws_nat_gateway").times(gateways(options)),
        thing("aws_eip").named("NAT").times(gateways(options)),
        thing("aws_vpc_endpoint/gateway"),
        thing("aws_vpc_endpoint/interface")
            .times(layers::endpoints(options).len())
            .measuring("zones", Band::just(private)),
        thing("aws_flow_log").named("the network's flow"),
        thing("aws_s3_bucket/logs").named("access logs"),
        thing("aws_ecr_repository").times(repositories),
    ])
}

/// Counts the gateways of a network that is made: what module `network` makes of `nat` and `zones`.
pub(super) fn gateways(options: &Options) -> usize {
    match (options.vpc, options.nat) {
        (Vpc::Existing, _) | (_, Nat::None) => 0,
        (Vpc::New, Nat::One) => 1,
        (Vpc::New, Nat::PerZone) => options.zones.len(),
    }
}

/// Counts the zones that something is in, by the subnets of a network that is there.
fn zones(options: &Options, subnets: &[String]) -> Amount {
    let count = match options.vpc {
        Vpc::New => options.zones.len(),
        Vpc::Existing => subnets.len(),
    };
    amount(count)
}

fn amount(count: usize) -> Amount {
    Amount::of(count.try_into().unwrap_or(u64::MAX))
}

fn data(root: &Root<'_>) -> Vec<Thing> {
    let (options, managed) = (&root.place.options, root.managed);
    let thing = |kind: &str| Thing::new(DATA, kind);
    let sizing = Sizing::of(options);
    let secrets = secrets::kept(root.deployment, root.part, managed);
    let mut things = vec![thing("aws_secretsmanager_secret").times(secrets.len())];
    if managed.database.is_some() {
        things.extend(database(options, sizing));
    }
    if managed.cache.is_some() {
        let kind = format!(
            "aws_elasticache_replication_group/{}/{}",
            options.cache_engine.name(),
            sizing.node
        );
        things.push(thing(&kind).measuring("nodes", Band::just(Amount::of(sizing.instances))));
    }
    if managed.objects.is_some() {
        things.push(thing("aws_s3_bucket/objects"));
    }
    if options.backup && managed.is_saved() {
        things.push(thing("aws_backup_plan"));
    }
    things
}

fn database(options: &Options, sizing: Sizing) -> Vec<Thing> {
    let thing = |kind: &str| Thing::new(DATA, kind);
    let instances = Amount::of(sizing.instances);
    match options.database_kind {
        DatabaseKind::Aurora => {
            let (least, most) = sizing.capacity;
            let capacity = Band::new(Amount::thousandths(least.into()), Amount::of(most));
            let count = usize::try_from(sizing.instances).unwrap_or_default();
            vec![
                thing("aws_rds_cluster"),
                thing("aws_rds_cluster_instance")
                    .times(count)
                    .measuring("acu", capacity),
            ]
        }
        DatabaseKind::Postgres => {
            let (initial, most) = sizing.storage;
            let storage = Band::new(initial, most).map(|gib| Amount::of(gib).times(instances));
            let kind = format!("aws_db_instance/{}", sizing.instance.0);
            vec![
                thing(&kind)
                    .measuring("instances", Band::just(instances))
                    .measuring("storage", storage),
            ]
        }
    }
}

fn application(root: &Root<'_>) -> Result<Vec<Thing>, RenderError> {
    let options = &root.place.options;
    let thing = |kind: &str| Thing::new(APPLICATION, kind);
    let network = Network::of(root.deployment, root.part, root.place)?;
    let writer = Writer {
        deployment: root.deployment,
        part: root.part,
        place: root.place,
        managed: root.managed,
        network: &network,
    };
    let mut things = services(root, &writer)?;
    let mut binding = Binding::new(root.part, root.managed);
    writer.components(&mut binding)?;
    let composed = binding.composed().map_or(0, |composed| composed.entries());
    if is_reached(root) {
        let public = zones(options, &options.public_subnets);
        let kind = if options.internal {
            "aws_lb/internal"
        } else {
            "aws_lb/public"
        };
        things.push(thing(kind).measuring("zones", Band::just(public)));
        let rules = Band::just(Amount::of(FIREWALL_RULES));
        let firewall = thing("aws_wafv2_web_acl").measuring("rules", rules);
        things.extend(options.waf.then_some(firewall));
    }
    things.extend([
        thing("aws_secretsmanager_secret").times(composed),
        thing("aws_cloudwatch_metric_alarm").times(alarms(root)),
        thing("aws_cloudwatch_dashboard"),
    ]);
    Ok(things)
}

/// Measures the services: what all tasks of each have together.
fn services(root: &Root<'_>, writer: &Writer<'_>) -> Result<Vec<Thing>, RenderError> {
    let kind = format!("aws_ecs_service/{}", root.place.options.architecture.name());
    let service = |component| {
        let size = writer.size(component)?;
        let (least, most) = tasks(component);
        let running = Band::new(least, most).map(|tasks| Amount::of(tasks.into()));
        let each = |amount: Amount| running.map(|tasks| tasks.times(amount));
        Ok(Thing::new(APPLICATION, kind.as_str())
            .named(&component.name)
            .measuring("tasks", running)
            .measuring("vcpu", each(Amount::thousandths(size.cpu * 1000 / 1024)))
            .measuring("memory", each(Amount::thousandths(size.memory * 1000 / 1024))))
    };
    root.part.components.iter().map(service).collect()
}

/// Counts the alarms that module `alarms` makes of what there is.
fn alarms(root: &Root<'_>) -> usize {
    let (options, managed) = (&root.place.options, root.managed);
    let components = &root.part.components;
    let targets = components.iter().filter(|it| !it.routes.is_empty()).count();
    // The balancer itself and its certificate; errors, health and slowness of each target.
    let balancer = if targets > 0 { 2 + 3 * targets } else { 0 };
    let running = components.iter().filter(|it| it.scaling.min > 0).count();
    let database = match options.database_kind {
        _ if managed.database.is_none() => 0,
        DatabaseKind::Aurora => 4,
        DatabaseKind::Postgres => 3,
    };
    let nodes = managed.cache.map_or(0, |_| Sizing::of(options).instances);
    let backup = usize::from(options.backup && managed.is_saved());
    // Processor and memory of each component.
    balancer
        + 2 * components.len()
        + running
        + database
        + 3 * usize::try_from(nodes).unwrap_or_default()
        + backup
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_firewall_has_as_many_rules_as_its_module() {
        let text = super::super::KEPT.get_file("waf/main.tf").unwrap();
        let groups = text.contents_utf8().unwrap().lines().filter(|line| {
            let line = line.trim_start();
            line.starts_with("AWSManagedRules") || line == "rule {"
        });
        assert_eq!(groups.count() as u64, FIREWALL_RULES);
    }
}
