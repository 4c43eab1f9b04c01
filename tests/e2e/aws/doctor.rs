//! What the doctor finds in an account, and what IAM says of who is signed in.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::emulator::emulator;
use super::installation::Installation;

/// Gives what the doctor found of one check: the levels and the messages.
fn found<'a>(findings: &'a Value, check: &str) -> Vec<(&'a str, &'a str)> {
    let all = findings.as_array().unwrap().iter();
    let own = all.filter(|finding| finding["check"] == check);
    own.map(|it| (it["level"].as_str().unwrap(), it["message"].as_str().unwrap()))
        .collect()
}

#[test]
fn an_account_is_looked_at_before_anything_is_made() {
    let Some(mut one) = Installation::new(&["1.0.0"]) else {
        return;
    };
    let doctor = ["doctor", "--output", "json"];
    let findings = one.expect(0, &doctor).json();
    let levels = |check: &str| -> Vec<&str> { found(&findings, check).into_iter().map(|it| it.0).collect() };
    for check in [
        "identity",
        "certificate",
        "engine",
        "state",
        "network",
        "zones",
        "role",
    ] {
        assert_eq!(levels(check), ["ok"], "{check}: {findings:#}");
    }
    assert_eq!(levels("image"), ["ok"; 4], "{findings:#}");
    // The emulator has no quotas: that is told, and blocks nothing.
    assert_eq!(levels("quota"), ["warning"], "{findings:#}");

    let options = &mut one.answers["parts"]["main"]["options"];
    let arn = options["certificate_arn"].as_str().unwrap().to_owned();
    options["certificate_arn"] = json!(format!("{}ffff", &arn[..arn.len() - 4]));
    options["database_version"] = json!("99.1");
    options["cidr"] = json!("172.31.0.0/16");
    options["zones"] = json!([
        format!("{}a", options["region"].as_str().unwrap()),
        "elsewhere-1a"
    ]);
    one.write_answers();
    let findings = one.expect(4, &doctor).json();
    assert_eq!(
        found(&findings, "certificate"),
        [("blocker", "there is no such certificate")]
    );
    assert_eq!(found(&findings, "engine")[0].0, "blocker");
    assert_eq!(
        found(&findings, "zones"),
        [("blocker", "there is no elsewhere-1a for this account")]
    );
    assert_eq!(found(&findings, "network")[0].0, "warning");
}

#[test]
fn another_account_is_not_looked_at() {
    let Some(mut one) = Installation::new(&["1.0.0"]) else {
        return;
    };
    // The record of runs lies where that account has no bucket.
    one.answers["state"] = ".landfall".into();
    one.write_answers();
    one.access_key = "000000000007".to_owned();
    let findings = one.expect(4, &["doctor", "--output", "json"]).json();
    let identity = found(&findings, "identity");
    assert_eq!(identity[0].0, "blocker");
    assert!(identity[0].1.contains("000000000007"), "{identity:?}");
    assert!(found(&findings, "certificate").is_empty());
}

/// Makes a call of IAM in the installation's account.
fn iam(one: &Installation, action: &str, parameters: &[(&str, &str)]) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", action)
        .append_pair("Version", "2010-05-08")
        .extend_pairs(parameters);
    emulator().unwrap().call(&one.account, "iam", None, form.finish())
}

#[test]
fn rights_are_simulated_for_whoever_is_signed_in() {
    let Some(mut one) = Installation::new(&["1.0.0"]) else {
        return;
    };
    let check = ["permissions", "--check", "--output", "json"];
    let root = one.expect(1, &["permissions", "--check"]);
    assert!(
        root.stderr.contains("IAM simulates users and roles alone"),
        "{root}"
    );

    let name = one.name.clone();
    let role = [("RoleName", name.as_str())];
    let arn = format!("arn:aws:iam::{}:role/{}", one.account, one.name);
    let nobody = r#"{"Version":"2012-10-17","Statement":[]}"#;
    iam(
        &one,
        "CreateRole",
        &[role[0], ("AssumeRolePolicyDocument", nobody)],
    );
    let assumed = format!("Action=AssumeRole&Version=2011-06-15&RoleArn={arn}&RoleSessionName=ann");
    let assumed = emulator().unwrap().call(&one.account, "sts", None, assumed);
    let key = assumed.split("<AccessKeyId>").nth(1).unwrap().split('<').next();
    one.access_key = key.unwrap().to_owned();
    let denied = one.expect(3, &check).json();
    assert_eq!(denied[0]["principal"], arn);
    let all = denied[0]["denied"].as_array().unwrap().len();
    assert!(all > 100, "{all}");

    let documents = one.expect(0, &["permissions", "--output", "json"]).json();
    for (document, number) in documents.as_array().unwrap().iter().zip(1..) {
        let (name, text) = (format!("landfall-{number}"), document.to_string());
        let policy = [role[0], ("PolicyName", &*name), ("PolicyDocument", &*text)];
        iam(&one, "PutRolePolicy", &policy);
    }
    // The emulator looks at no condition, so what is allowed under one alone stays denied there.
    let conditional = documents.as_array().unwrap().iter();
    let conditional: BTreeSet<&str> = conditional
        .flat_map(|document| document["Statement"].as_array().unwrap())
        .filter(|statement| !statement["Condition"].is_null())
        .flat_map(|statement| statement["Action"].as_array().unwrap())
        .map(|action| action.as_str().unwrap())
        .collect();
    let denied = one.expect(3, &check).json();
    let denied = denied[0]["denied"].as_array().unwrap();
    assert!(denied.len() < all / 2, "{} of {all}", denied.len());
    for it in denied {
        assert!(conditional.contains(it["action"].as_str().unwrap()), "{it}");
    }
    let forbid = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "ec2:CreateVpc", "Resource": "*" }
    ] });
    let forbid = forbid.to_string();
    iam(
        &one,
        "PutRolePolicy",
        &[role[0], ("PolicyName", "forbid"), ("PolicyDocument", &*forbid)],
    );
    let said = one.expect(3, &["permissions", "--check"]);
    assert!(
        said.stdout.contains("ec2:CreateVpc on ") && said.stdout.contains("denied by a policy"),
        "{said}"
    );
}
