use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const PRIVATE: &[u8] = include_bytes!("testdata/vendor.private.pem");
const PUBLIC: &[u8] = include_bytes!("testdata/vendor.public.pem");
const OTHER_PRIVATE: &[u8] = include_bytes!("testdata/other.private.pem");

fn now() -> Timestamp {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn policy() -> Policy {
    serde_yaml::from_str(
        "{tiers: [team, business, enterprise], notices: [30d, 7d, 1d], check: [startup, daily], revocations: true,
          renewal: {method: reload, endpoint: {component: api, port: http, path: /license}}}",
    )
    .unwrap()
}

fn license() -> License {
    License {
        issuer: Some("vendor.example".into()),
        customer: Some("acme".into()),
        id: Some("lic-1".into()),
        product: Some("demo".into()),
        tier: Some("business".into()),
        seats: Some(50),
        features: vec!["sso".into(), "audit".into()],
        issued: Some(now() - days(10)),
        not_before: Some(now() - days(10)),
        expires: Some(now() + days(365)),
        other: serde_json::Map::from_iter([("contract".to_owned(), json!("c-7"))]),
    }
}

fn given() -> Given<'static> {
    Given {
        key_pem: Some(PUBLIC),
        now: now(),
        revoked: &[],
        product: Some("demo"),
        tier: Some("team"),
    }
}

fn report(license: &License, given: &Given<'_>) -> Report {
    check(&issue(license, &policy(), PRIVATE).unwrap(), &policy(), given).unwrap()
}

fn verdict(license: &License) -> Verdict {
    report(license, &given()).verdict
}

#[test]
fn what_was_issued_is_read_back() {
    let report = report(&license(), &given());
    assert_eq!(
        (report.verdict, report.signature, report.days_left),
        (Verdict::Valid, Signature::Good, Some(365))
    );
    assert_eq!(report.findings, []);
    let mut read = report.license.unwrap();
    assert_eq!(read.other.remove("sub"), Some(json!("acme")));
    assert_eq!(read, license());
}

#[test]
fn the_policy_is_read_strictly_and_has_defaults() {
    let plain: Policy = serde_yaml::from_str("{}").unwrap();
    assert!(
        plain.required
            && plain.algorithm == Algorithm::Rs256
            && plain.renewal.method == RenewalMethod::Restart
    );
    assert!(serde_yaml::from_str::<Policy>("{algoritm: RS256}").is_err());
    assert!(serde_yaml::from_str::<Policy>("{algorithm: HS256}").is_err());
    assert!(serde_yaml::from_str::<Policy>("{notices: [30]}").is_err());
    let text = serde_yaml::to_string(&policy()).unwrap();
    assert_eq!(serde_yaml::from_str::<Policy>(&text).unwrap(), policy());
    assert!(schemars::schema_for!(Policy).get("properties").is_some());
}

#[test]
fn the_end_comes_with_notice() {
    let at = |end: SignedDuration| {
        verdict(&License {
            expires: Some(now() + end),
            ..license()
        })
    };
    let soon = |days, notice: &str| Verdict::ExpiresSoon {
        days,
        notice: notice.parse().unwrap(),
    };
    assert_eq!(at(days(31)), Verdict::Valid);
    assert_eq!(at(days(30)), soon(30, "30d"));
    assert_eq!(at(days(7) + SignedDuration::from_secs(1)), soon(7, "30d"));
    assert_eq!(at(days(7)), soon(7, "7d"));
    assert_eq!(at(SignedDuration::from_secs(1)), soon(0, "1d"));
    assert_eq!(at(SignedDuration::ZERO), Verdict::Expired);
    let over = report(
        &License {
            expires: Some(now() - SignedDuration::from_secs(1)),
            ..license()
        },
        &given(),
    );
    assert_eq!((over.verdict, over.days_left), (Verdict::Expired, Some(-1)));
}

#[test]
fn a_license_without_end_is_valid_and_told() {
    let report = report(
        &License {
            expires: None,
            ..license()
        },
        &given(),
    );
    assert_eq!((report.verdict, report.days_left), (Verdict::Valid, None));
    assert_eq!(report.findings, [Finding::NoExpiry]);
}

#[test]
fn a_clock_that_was_set_back_is_noticed() {
    let issued = now() + days(2);
    let report = report(
        &License {
            issued: Some(issued),
            not_before: None,
            ..license()
        },
        &given(),
    );
    assert_eq!(report.verdict, Verdict::NotYetValid);
    assert_eq!(report.findings, [Finding::IssuedInFuture(issued)]);
    let skewed = now() + SignedDuration::from_mins(4);
    assert_eq!(
        verdict(&License {
            issued: Some(skewed),
            not_before: Some(skewed),
            ..license()
        }),
        Verdict::Valid
    );
    assert_eq!(
        verdict(&License {
            not_before: Some(issued),
            ..license()
        }),
        Verdict::NotYetValid
    );
}

#[test]
fn product_tier_and_revocation_are_judged() {
    let with = |product, tier| Given {
        product: Some(product),
        tier: Some(tier),
        ..given()
    };
    assert_eq!(
        report(&license(), &with("Demo", "Business")).verdict,
        Verdict::Valid
    );
    assert_eq!(
        report(&license(), &with("demo", "enterprise")).verdict,
        Verdict::TierTooLow
    );
    assert_eq!(
        report(&license(), &with("demo", "unheard-of")).verdict,
        Verdict::TierTooLow
    );
    assert_eq!(
        report(&license(), &with("other", "enterprise")).verdict,
        Verdict::WrongProduct
    );
    let revoked = ["lic-1".to_owned()];
    let report = report(
        &license(),
        &Given {
            revoked: &revoked,
            ..with("other", "enterprise")
        },
    );
    assert_eq!(report.verdict, Verdict::Revoked);
    assert_eq!(report.findings.len(), 3, "all that is wrong is told");
    let bare = License {
        product: None,
        tier: None,
        id: None,
        ..license()
    };
    let found = check(&issue(&bare, &policy(), PRIVATE).unwrap(), &policy(), &given()).unwrap();
    assert_eq!(found.verdict, Verdict::TierTooLow);
    assert_eq!(
        found.findings,
        [Finding::NoId, Finding::NoProduct, Finding::NoTier]
    );
}

#[test]
fn without_a_key_the_signature_is_told_as_not_checked() {
    let report = report(
        &license(),
        &Given {
            key_pem: None,
            ..given()
        },
    );
    assert_eq!(
        (report.verdict, report.signature),
        (Verdict::Valid, Signature::NotChecked)
    );
    assert_eq!(report.findings, [Finding::SignatureNotChecked]);
}

/// Makes a token by hand: `header.claims.signature`.
fn token(header: &Value, signature: &str) -> String {
    let claims = Value::Object(license().claims(&policy().claims));
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(&claims))
}

#[test]
fn forged_signatures_are_refused() {
    let good = issue(&license(), &policy(), PRIVATE).unwrap();
    let signature = good.rsplit('.').next().unwrap();
    let payload = URL_SAFE_NO_PAD.encode(json!({"tier": "enterprise", "exp": 9_999_999_999_u64}).to_string());
    let tampered = format!("{}.{payload}.{signature}", good.split('.').next().unwrap());
    // The classic confusion: the public key, which everybody has, used as an HMAC secret.
    let confused = jsonwebtoken::encode(
        &Header::new(jsonwebtoken::Algorithm::HS256),
        &license().claims(&policy().claims),
        &EncodingKey::from_secret(PUBLIC),
    )
    .unwrap();
    let foreign = issue(&license(), &policy(), OTHER_PRIVATE).unwrap();
    let cases = [
        tampered,
        confused,
        foreign,
        good[..good.len() - 4].to_owned(),
        token(&json!({"alg": "none"}), ""),
        token(&json!({"alg": "None"}), ""),
        token(&json!({"typ": "JWT"}), signature),
        token(&json!({"alg": "RS256"}), ""),
        token(&json!({"alg": "RS256", "crit": ["b64"], "b64": false}), signature),
    ];
    for case in cases {
        let report = check(&case, &policy(), &given()).unwrap();
        assert_eq!(
            (report.verdict, report.signature),
            (Verdict::BadSignature, Signature::Bad),
            "{case}"
        );
    }
    // Even without a key, a token that says it is unsigned is not taken.
    let unsigned = token(&json!({"alg": "none"}), "");
    let keyless = Given {
        key_pem: None,
        ..given()
    };
    assert_eq!(
        check(&unsigned, &policy(), &keyless).unwrap().verdict,
        Verdict::BadSignature
    );
}

fn signed(claims: &Value) -> String {
    let key = EncodingKey::from_rsa_pem(PRIVATE).unwrap();
    jsonwebtoken::encode(&Header::new(jsonwebtoken::Algorithm::RS256), claims, &key).unwrap()
}

#[test]
fn claims_are_found_under_the_names_and_shapes_of_each_product() {
    let policy: Policy = serde_yaml::from_str(
        "{claims: {tier: plan.name, seats: plan.seats, features: 'https://vendor.example/features'}}",
    )
    .unwrap();
    let claims = json!({
        "sub": "acme", "exp": 1_800_000_000.5, "plan": {"name": "gold", "seats": "25"},
        "https://vendor.example/features": {"sso": true, "audit": false}, "aud": ["x"],
    });
    let read = check(
        &signed(&claims),
        &policy,
        &Given {
            product: None,
            tier: None,
            ..given()
        },
    )
    .unwrap();
    let license = read.license.unwrap();
    assert_eq!((license.tier.as_deref(), license.seats), (Some("gold"), Some(25)));
    assert_eq!(
        (license.features, license.customer.as_deref()),
        (vec!["sso".to_owned()], Some("acme"))
    );
    assert!(license.other.contains_key("aud"));
}

#[test]
fn an_end_that_cannot_be_read_is_not_no_end() {
    for exp in [json!("tomorrow"), json!([1]), json!(1e300), json!(true)] {
        let report = check(&signed(&json!({"exp": exp})), &policy(), &given()).unwrap();
        assert_eq!(report.verdict, Verdict::Malformed, "{exp}");
        assert!(report.findings.contains(&Finding::UnclearClaim("exp".into())));
    }
    let seats = check(
        &signed(&json!({"seats": "many", "tier": "team"})),
        &policy(),
        &given(),
    )
    .unwrap();
    assert_eq!(seats.verdict, Verdict::Valid);
    assert_eq!(seats.license.unwrap().other["seats"], "many");
}

#[test]
fn a_bad_key_is_an_error_and_not_a_verdict() {
    let good = issue(&license(), &policy(), PRIVATE).unwrap();
    let with = |key| {
        check(
            &good,
            &policy(),
            &Given {
                key_pem: Some(key),
                ..given()
            },
        )
    };
    assert!(matches!(with(b"no key"), Err(LicenseError::ReadPublicKey { .. })));
    assert!(matches!(
        issue(&license(), &policy(), b"no key"),
        Err(LicenseError::ReadPrivateKey { .. })
    ));
}

#[test]
fn noise_is_malformed() {
    for text in ["", ".", "..", "a.b.c", "a.b.c.d", "e30.e30", "e30.W10.x", "é.é.é"] {
        let report = check(text, &policy(), &given()).unwrap();
        assert_eq!(
            (report.verdict, report.license),
            (Verdict::Malformed, None),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn random_text_never_panics(text in ".*", header in ".*", claims in ".*") {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let looks = format!("{}.{}.x", part(&header), part(&claims));
        for token in [text, looks] {
            prop_assert_eq!(check(&token, &policy(), &given()).unwrap().verdict.is_usable(), false);
        }
    }
}

#[test]
fn what_the_product_insists_on_must_be_there() {
    let policy: Policy =
        serde_yaml::from_str("{requires: [seats, features], claims: {seats: plan.users}}").unwrap();
    let given = Given {
        tier: None,
        ..given()
    };
    let judge =
        |license: &License| check(&issue(license, &policy, PRIVATE).unwrap(), &policy, &given).unwrap();
    assert_eq!(judge(&license()).verdict, Verdict::Valid);
    let bare = License {
        seats: None,
        features: vec![],
        tier: None,
        ..license()
    };
    let report = judge(&bare);
    assert_eq!(report.verdict, Verdict::Incomplete);
    let lacks = |name: &str| Finding::NoClaim(name.to_owned());
    assert_eq!(report.findings, [lacks("plan.users"), lacks("features")]);
}
