//! How an account differs from what was placed there. Nothing is changed.

use super::error::AccountError;
use super::look::look;
use super::observe::ObservedService;
use super::place::{APPLICATION, dashed};
use crate::drivers::{Installed, World};
use crate::status::{Class, Drift, Report};

/// What opens or stops something at once when it is changed, by type of resource.
const DANGEROUS: [&str; 8] = [
    "aws_iam_",
    "aws_kms_key",
    "aws_rds_cluster",
    "aws_db_instance",
    "aws_s3_bucket_p",
    "aws_secretsmanager_secret_policy",
    "aws_security_group",
    "aws_vpc_security_group_",
];

/// Lets Terraform compare what was rendered last with what is there, and looks at what runs.
///
/// # Errors
/// [`AccountError`] when Terraform cannot plan, or AWS cannot be asked.
pub async fn drift(world: &World, installed: Installed<'_>, stopped: bool) -> Result<Report, AccountError> {
    let Installed {
        deployment,
        part,
        artifacts,
    } = installed;
    let version = deployment.version.as_str();
    let seen = look(world, deployment, part, artifacts, Some(version)).await?;
    let mut report = Report::default();
    let mut add = |class, subject: String, what: String, next: Option<&str>| {
        report.drift.push(Drift {
            class,
            part: part.name.clone(),
            subject,
            what,
            difference: None,
            next: next.map(str::to_owned),
        });
    };
    for (layer, seen) in &seen.layers {
        // Stopping lets autoscaling hold still.
        let ours =
            |address: &str| stopped && layer == APPLICATION && address.contains("aws_appautoscaling_target");
        for (address, action) in seen.change.resources.iter().filter(|(address, _)| !ours(address)) {
            let what = match action.as_str() {
                "create" => "is not there any more",
                "delete" => "is there and was not rendered",
                _ => "is not as it was applied",
            };
            let next = format!(
                "landfall plan, and terraform -chdir={} plan for the values",
                layer_of(world, &installed, layer)
            );
            add(
                class(address, action),
                format!("{layer}: {address}"),
                what.to_owned(),
                Some(&next),
            );
        }
    }
    for component in &part.components {
        let Some(seen) = seen.services.get(&component.name) else {
            continue;
        };
        if let Some((class, what, next)) = running(seen, stopped) {
            add(
                class,
                format!("service {}", dashed(&component.name)),
                what.to_owned(),
                Some(next),
            );
        }
    }
    Ok(report)
}

fn layer_of(world: &World, installed: &Installed<'_>, layer: &str) -> camino::Utf8PathBuf {
    super::account::folder_of(world, installed.deployment, installed.part).layer(layer)
}

fn class(address: &str, action: &str) -> Class {
    let is_dangerous = DANGEROUS.iter().any(|kind| address.contains(kind));
    match is_dangerous || action == "create" {
        true => Class::Dangerous,
        false => Class::Yours,
    }
}

fn running(seen: &ObservedService, stopped: bool) -> Option<(Class, &'static str, &'static str)> {
    match seen {
        ObservedService { definition: None, .. } => None,
        ObservedService { stopped: false, .. } if stopped => Some((
            Class::Yours,
            "runs although `landfall stop` stopped it",
            "landfall stop",
        )),
        ObservedService { stopped: true, .. } if !stopped => {
            Some((Class::Dangerous, "has no task", "landfall start"))
        }
        ObservedService { in_line: false, .. } => Some((
            Class::Dangerous,
            "runs another revision than the one that was planned",
            "landfall up",
        )),
        ObservedService { settled: false, .. } if !stopped => Some((
            Class::Dangerous,
            "has a rollout that is not done",
            "landfall status",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_something_is_dangerous_and_a_tag_is_somebody_s() {
        let of = |address| class(address, "update");
        assert_eq!(
            of("module.a.aws_vpc_security_group_ingress_rule.this[\"x\"]"),
            Class::Dangerous
        );
        assert_eq!(of("module.a.aws_cloudwatch_log_group.this"), Class::Yours);
        assert_eq!(
            class("module.a.aws_cloudwatch_log_group.this", "create"),
            Class::Dangerous
        );
    }
}
