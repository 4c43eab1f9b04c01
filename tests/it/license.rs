//! Issuing licenses with the real binary, and the plans that put new ones in force.

use landfall::deployment::Deployment;
use landfall::drivers::{DriverError, plan_rotation};
use landfall::plan::{Action, ClusterAction, Plan, Purpose, Undo};
use landfall::product::Target;
use serde_json::{Value, json};

use crate::common::TestEnv;
use crate::fixtures::{Example, root};

#[test]
fn a_license_that_the_product_would_refuse_is_not_signed() {
    let env = TestEnv::new();
    let key = root().join("sample/keys/license-test.key.pem");
    let issue = |more: &[&str]| {
        let args = [
            "license",
            "issue",
            "--product",
            "sample",
            "--key",
            key.as_str(),
            "--customer",
            "acme",
        ];
        env.run(&[&args, more].concat())
    };
    let ran = issue(&[]);
    ran.exits(64).says(&[
        "error: Notes takes no license without `tier`, `seats`",
        "hint: give --tier TIER --seats N",
    ]);
    assert_eq!(ran.stdout, "");
    let ran = issue(&["--tier", "community", "--seats", "5"]);
    assert_eq!(ran.exits(0).stdout.matches('.').count(), 2);
}

#[test]
fn what_is_not_installed_has_no_license_to_rotate_or_to_show() {
    let env = TestEnv::new();
    let answers = fs_err::read_to_string(root().join("examples/sample-host.yaml")).unwrap();
    env.write("landfall.yaml", answers);
    env.run(&["license", "rotate", "--yes"]).exits(3).says(&[
        "error: nothing is installed here",
        "hint: bring the product up with `landfall up`",
    ]);
    let ran = env.run(&["license", "show"]);
    ran.exits(3)
        .says(&["hint: or name a file: landfall license show FILE --product PRODUCT"]);
    // Without a flag, the product is that of the answers.
    env.write("license.jwt", "no license");
    let ran = env.run(&["license", "check", "license.jwt", "--output", "json"]);
    assert_eq!(ran.exits(4).json()["verdict"], "malformed");
}

/// Plans a rotation over a host or cluster on which everything differs and the units are as told.
fn rotation(deployment: &Deployment, runs: bool) -> Result<Plan, DriverError> {
    let differs = |names: Vec<&String>| -> Value {
        let all = names.iter().map(|name| ((*name).clone(), json!("different")));
        Value::Object(all.collect())
    };
    let mut observed = json!({});
    for part in deployment.parts.values() {
        let units = part.components.iter().map(|component| {
            let unit = match part.target {
                Some(Target::Host) => json!({ "installed": true, "running": runs, "stamp": null }),
                _ => json!({ "installed": true, "wanted": runs, "ready": false }),
            };
            (component.name.clone(), unit)
        });
        let units = Value::Object(units.collect());
        let secrets = differs(deployment.secrets.keys().collect());
        observed[&part.name] = match part.target {
            Some(Target::Host) => json!({
                "installed": "0.9.0", "prepared": false, "tool": null, "images": {}, "secrets": secrets,
                "files": {}, "handed": {}, "databases": {}, "current": null, "supervisor": false,
                "units": units,
            }),
            _ => json!({
                "installed": "0.9.0", "tools": {}, "namespace": false, "secrets": secrets, "files": {},
                "services": { "deployed": false }, "release": { "deployed": false }, "workloads": units,
            }),
        };
    }
    let artifacts = landfall::drivers::render(deployment).unwrap();
    plan_rotation(deployment, &artifacts, observed)
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

#[test]
fn a_rotation_touches_nothing_but_the_license() {
    for example in ["sample-host", "sample-kubernetes"] {
        let deployment = Example::named(example).deployment();
        let plan = rotation(&deployment, true).unwrap();
        assert_eq!(plan.purpose, Purpose::RotateLicense);
        assert_eq!(ids(&plan), ["license/hold", "secrets/write", "license/reload"]);
        let [hold, write, reload] = &plan.steps[..] else {
            panic!("{:?}", ids(&plan))
        };
        assert!(write.needs.contains(&hold.id) && reload.needs.contains(&write.id));
        // Backwards, the old license is in the store before it is handed over again.
        assert!(matches!(hold.undo, Undo::Revert(_)) && matches!(reload.undo, Undo::Nothing(_)));
        let secrets = match &write.action {
            Action::WriteSecrets { secrets, .. } => secrets,
            Action::Cluster(ClusterAction::WriteSecrets {
                secrets,
                others_stay: true,
                ..
            }) => secrets,
            other => panic!("{other:?}"),
        };
        assert_eq!(secrets.keys().collect::<Vec<_>>(), ["license_token"]);
        let Action::ReloadLicense { reload } = &reload.action else {
            panic!("{:?}", reload.action)
        };
        let (component, path) = (reload.component.as_str(), reload.path.as_str());
        assert_eq!((component, path), ("api", "/api/v1/license/reload"));
    }
}

#[test]
fn a_product_that_takes_no_license_while_it_runs_is_restarted_for_it() {
    let restarts = |example: &str| {
        let deployment = Example::named(example).deployment();
        let plan = rotation(&deployment, true).unwrap();
        ids(&plan).join(" ")
    };
    insta::assert_snapshot!(restarts("quantumbpm-enterprise-host"), @"backend/stop secrets/write backend/start backend/health");
    insta::assert_snapshot!(restarts("quantumbpm-enterprise-kubernetes"), @"components/hold secrets/write components/restart release/wait");
    insta::assert_snapshot!(restarts("flowguard-kubernetes"), @"license/hold secrets/write license/reload");
}

#[test]
fn what_does_not_run_is_handed_no_license() {
    for example in ["sample-host", "sample-kubernetes"] {
        let refused = rotation(&Example::named(example).deployment(), false).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`api` does not run, so that it cannot be handed a license"
        );
    }
}
