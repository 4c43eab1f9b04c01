//! The policies that whoever applies the layers of the aws target needs.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use landfall::deployment::Deployment;
use landfall::drivers::aws::{self, LARGEST_POLICY};
use serde_json::Value;

use crate::aws::{cases, part_of};
use crate::aws_cost::installed;
use crate::fixtures::{assert_folder, files_below, root};
use crate::sources::sources;

/// Gives the policies of every golden case, by its name.
fn documents() -> BTreeMap<String, Vec<aws::Document>> {
    let of_case = |(folder, deployment): (Utf8PathBuf, Deployment)| {
        let documents = aws::permissions(&deployment, part_of(&deployment).unwrap()).unwrap();
        for document in &documents {
            assert!(document.len() <= LARGEST_POLICY, "{folder}: {}", document.len());
        }
        (folder.as_str().replace('/', "-"), documents)
    };
    cases().into_iter().map(of_case).collect()
}

/// Gives the same as JSON.
fn policies() -> BTreeMap<String, Vec<Value>> {
    let json = |document: aws::Document| serde_json::to_value(document).unwrap();
    let all = documents().into_iter();
    all.map(|(case, documents)| (case, documents.into_iter().map(json).collect()))
        .collect()
}

fn statements(policies: &[Value]) -> Vec<&Value> {
    let of = policies
        .iter()
        .map(|policy| policy["Statement"].as_array().unwrap());
    of.flatten().collect()
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

fn actions(policies: &[Value]) -> BTreeSet<&str> {
    statements(policies)
        .into_iter()
        .flat_map(|statement| texts(&statement["Action"]))
        .collect()
}

/// Reads the file as data.
fn rights() -> Value {
    let text = fs_err::read_to_string(root().join("templates/aws/permissions.yaml")).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

#[test]
fn the_policies_of_every_case_are_as_they_were_read_over() {
    let mut files = BTreeMap::new();
    for (case, documents) in documents() {
        for (policy, number) in documents.iter().zip(1..) {
            let text = serde_json::to_string_pretty(policy).unwrap() + "\n";
            files.insert(format!("{case}-{number}.json").into(), text);
        }
    }
    assert_folder(&root().join("tests/data/aws-permissions"), &files);
}

/// Lists the types of all that the modules declare, after `data.` where it is only read.
fn declared() -> BTreeSet<String> {
    let modules = root().join("terraform/modules");
    let mut declared = BTreeSet::new();
    for path in files_below(&modules)
        .iter()
        .filter(|path| path.extension() == Some("tf"))
    {
        let text = fs_err::read_to_string(modules.join(path)).unwrap();
        for (start, prefix) in [("resource \"", ""), ("data \"", "data.")] {
            let found = text
                .lines()
                .filter_map(|line| line.strip_prefix(start)?.split('"').next());
            declared.extend(found.map(|type_| format!("{prefix}{type_}")));
        }
    }
    declared
}

#[test]
fn every_type_of_the_modules_has_its_rights_and_no_other_has() {
    let rights = rights();
    let known: BTreeSet<String> = rights["types"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(known, declared());
}

#[test]
fn of_every_type_it_is_said_how_it_is_taken_over() {
    let text = fs_err::read_to_string(root().join("templates/aws/adoption.yaml")).unwrap();
    let ways: BTreeMap<String, Value> = serde_yaml::from_str(&text).unwrap();
    let made = declared().into_iter().filter(|type_| !type_.starts_with("data."));
    assert_eq!(ways.into_keys().collect::<BTreeSet<_>>(), made.collect());
}

#[test]
fn what_a_deployment_does_not_make_is_not_allowed() {
    let policies = policies();
    let (new, existing) = (
        actions(&policies["sample-aws"]),
        actions(&policies["flowguard-aws"]),
    );
    let yours = actions(&policies["sample-aws-yours"]);
    for action in [
        "ec2:CreateVpc",
        "ec2:CreateNatGateway",
        "ec2:AllocateAddress",
        "route53:ChangeResourceRecordSets",
    ] {
        assert!(new.contains(action) && !existing.contains(action), "{action}");
    }
    for action in [
        "budgets:ModifyBudget",
        "sns:Subscribe",
        "ecr:CreateRepository",
        "route53:AssociateVPCWithHostedZone",
    ] {
        assert!(!new.contains(action) && existing.contains(action), "{action}");
    }
    for service in ["rds:", "elasticache:", "wafv2:", "backup:", "cloudformation:"] {
        assert!(new.iter().any(|action| action.starts_with(service)), "{service}");
        assert!(
            !yours.iter().any(|action| action.starts_with(service)),
            "{service}"
        );
    }
    // The state lies beside the layers there.
    assert!(!yours.contains("s3:PutObject") && new.contains("s3:PutObject"));
}

#[test]
fn what_changes_something_is_bounded_by_name_or_by_tag() {
    let reads = |action: &str| {
        let verb = action.split(':').nth(1).unwrap();
        ["Describe", "Get", "List"]
            .iter()
            .any(|read| verb.starts_with(read))
    };
    // AWS knows no resources for these, or not which ones before they are there.
    let unbounded = BTreeSet::from([
        "backup-storage:MountCapsule",
        "ecs:DeregisterTaskDefinition",
        "ecs:RegisterTaskDefinition",
        "elasticloadbalancing:SetWebACL",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "route53:AssociateVPCWithHostedZone",
        "servicediscovery:UntagResource",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
    ]);
    let mut found = BTreeSet::new();
    let policies = policies();
    for statement in policies.values().flat_map(|policies| statements(policies)) {
        let is_bounded = texts(&statement["Resource"]) != ["*"] || !statement["Condition"].is_null();
        if !is_bounded {
            found.extend(
                texts(&statement["Action"])
                    .into_iter()
                    .filter(|action| !reads(action)),
            );
        }
        for action in texts(&statement["Action"]) {
            assert!(!action.contains('*'), "{action}");
        }
    }
    assert_eq!(found, unbounded);
}

#[test]
fn roles_are_passed_to_the_services_that_take_them_and_bounded_where_a_policy_does() {
    let policies = policies();
    let with = |case: &str, action: &str| -> Vec<Value> {
        let all = statements(&policies[case]);
        let has = |statement: &&&Value| texts(&statement["Action"]).contains(&action);
        all.iter()
            .filter(has)
            .map(|statement| (**statement).clone())
            .collect()
    };
    let passed = with("sample-aws", "iam:PassRole");
    assert_eq!(passed.len(), 4);
    for statement in passed {
        assert!(statement["Condition"]["StringEquals"]["iam:PassedToService"].is_string());
        assert!(
            texts(&statement["Resource"])
                .iter()
                .all(|arn| arn.contains(":role/notes-"))
        );
    }
    let bound = "arn:aws:iam::123456789012:policy/boundary";
    for action in ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"] {
        let bounded = with("sample-aws-postgres", action);
        assert_eq!(
            bounded[0]["Condition"]["StringEquals"]["iam:PermissionsBoundary"],
            bound
        );
        let unbounded = with("sample-aws", action);
        assert!(unbounded[0]["Condition"]["StringEquals"]["iam:PermissionsBoundary"].is_null());
    }
}

#[test]
fn every_call_of_aws_s_own_apis_is_allowed() {
    let rights = rights();
    let lists = ["always", "calls"].map(|key| rights[key].as_array().unwrap());
    let allowed: BTreeSet<String> = lists
        .into_iter()
        .flatten()
        .flat_map(|right| texts(&right["actions"]))
        .map(|action| action.replace(':', "").to_lowercase())
        .collect();
    let mut called = BTreeSet::new();
    for source in sources("src/aws").iter().filter(|source| !source.is_test()) {
        let code: String = source.shipped_code().flat_map(str::split_whitespace).collect();
        for service in ["ecs", "logs", "rds", "sts"] {
            let client = format!(".{service}.");
            let calls = code.split(&client).skip(1);
            let names = calls.filter_map(|rest| rest.split_once("()"));
            called.extend(names.map(|(name, _)| format!("{service}{}", name.replace('_', ""))));
        }
    }
    assert!(called.len() > 15, "{called:?}");
    let forbidden: Vec<_> = called.difference(&allowed).collect();
    assert!(
        forbidden.is_empty(),
        "templates/aws/permissions.yaml lacks {forbidden:?}"
    );
}

#[test]
fn what_is_asked_in_aws_s_own_protocols_is_allowed_somewhere() {
    let services = BTreeMap::from([
        ("ACM", "acm"),
        ("CACHE", "elasticache"),
        ("EC2", "ec2"),
        ("ECR", "ecr"),
        ("IAM", "iam"),
        ("LOAD_BALANCING", "elasticloadbalancing"),
        ("QUOTAS", "servicequotas"),
        ("ROUTE53", "route53"),
        ("TAGGING", "tag"),
    ]);
    let text = rights().to_string();
    let mut missing = BTreeSet::new();
    let mut count = 0;
    for source in sources("src/aws").iter().filter(|source| !source.is_test()) {
        let code: String = source.shipped_code().flat_map(str::split_whitespace).collect();
        for call in code.split("Api::").skip(1) {
            let Some((api, rest)) = call.split_once(",\"") else {
                continue;
            };
            let Some(service) = services.get(api) else {
                continue;
            };
            let action = format!("{service}:{}", rest.split('"').next().unwrap());
            count += 1;
            if !text.contains(&format!("\"{action}\"")) {
                missing.insert(action);
            }
        }
    }
    assert!(count > 10, "{count}");
    // Whoever simulates may see everybody's rights.
    let known = ["iam:SimulatePrincipalPolicy".to_owned()];
    assert_eq!(missing, BTreeSet::from(known));
}

#[test]
fn policies_are_printed_one_after_the_other_or_as_a_list() {
    let env = installed("sample-aws");
    let ran = env.run(&["permissions"]);
    ran.exits(0)
        .says(&["all of these policies are needed", "`permissions_boundary`"]);
    assert!(ran.stdout.starts_with("# part `main`, policy 1 of "), "{ran}");
    let ran = env.run(&["permissions", "--part", "main", "--output", "json"]);
    let documents: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(documents, policies()["sample-aws"]);
    env.run(&["permissions", "--part", "other"])
        .exits(3)
        .says(&["known: main"]);
}

#[test]
fn where_there_are_no_policies_it_says_who_is_asked_instead() {
    let ran = installed("sample-host").run(&["permissions"]);
    ran.exits(0)
        .says(&["part `main`: on a Linux machine there are no policies"]);
    assert_eq!(ran.stdout, "");
}
