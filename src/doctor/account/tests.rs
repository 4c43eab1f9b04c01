use super::*;
use crate::doctor::Looked;

const DAY: i64 = 86_400;

fn one(fact: Fact) -> Finding {
    let mut found = judge_fact(("main", 0), &fact);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// Says how bad it is, and what was found.
fn told(fact: Fact) -> (Level, String) {
    let finding = one(fact);
    assert!(
        finding.level != Level::Blocker || finding.fix.is_some(),
        "{finding:?}"
    );
    (finding.level, finding.message)
}

fn no<T>() -> Result<T, String> {
    Err("AWS answered AccessDenied: not you".to_owned())
}

#[test]
fn whoever_is_not_signed_in_is_told_that_alone() {
    let mut seen = AccountSeen {
        part: "main".to_owned(),
        place: "account 000000000042 in eu-west-1".to_owned(),
        identity: Err(("it is over".to_owned(), Some("sign in again".to_owned()))),
        facts: Ok(vec![Fact::Engine("postgres 16.6".to_owned(), Ok(true))]),
    };
    let found = judge(&seen, 0);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].check, found[0].level), ("identity", Level::Blocker));
    assert_eq!(found[0].fix.as_deref(), Some("sign in again"));
    seen.identity = Ok("arn:aws:iam::000000000042:user/ann".to_owned());
    let found = judge(&seen, 0);
    assert_eq!(
        found.iter().map(|it| it.level).collect::<Vec<_>>(),
        [Level::Ok; 2]
    );
}

fn bound(needed: u64, used: Option<Looked<u64>>, there: bool, limit: Looked<Option<u64>>) -> Fact {
    Fact::Quotas(vec![BoundSeen {
        title: "VPCs".to_owned(),
        code: ("vpc".to_owned(), "L-F678F1CE".to_owned()),
        needed,
        used,
        there,
        limit,
    }])
}

#[test]
fn what_is_in_use_counts_against_a_quota() {
    assert_eq!(told(bound(1, Some(Ok(4)), false, Ok(Some(5)))).0, Level::Ok);
    let full = one(bound(1, Some(Ok(5)), false, Ok(Some(5))));
    assert_eq!(full.level, Level::Blocker);
    assert_eq!(full.message, "this part needs 1: 5 of 5 are in use");
    assert!(
        full.fix
            .unwrap()
            .ends_with("--quota-code L-F678F1CE --desired-value 6")
    );
    // What runs already needs no second place.
    assert_eq!(told(bound(1, Some(Ok(5)), true, Ok(Some(5)))).0, Level::Ok);
    assert_eq!(told(bound(6, None, true, Ok(Some(5)))).0, Level::Blocker);
}

#[test]
fn a_quota_that_is_not_told_blocks_nothing() {
    for fact in [
        bound(1, Some(Ok(0)), false, no()),
        bound(1, Some(Ok(0)), false, Ok(None)),
        bound(1, Some(no()), false, Ok(Some(5))),
    ] {
        assert_eq!(told(fact).0, Level::Warning);
    }
    assert_eq!(told(bound(6, Some(no()), false, Ok(Some(5)))).0, Level::Blocker);
}

#[test]
fn quotas_that_are_not_told_are_told_of_once() {
    let quotas = [no(), no(), Ok(Some(5))].map(|limit| match bound(1, None, false, limit) {
        Fact::Quotas(mut quotas) => quotas.remove(0),
        _ => unreachable!(),
    });
    let found = judge_fact(("main", 0), &Fact::Quotas(quotas.to_vec()));
    let levels: Vec<_> = found.iter().map(|it| (it.level, it.subject.as_str())).collect();
    assert_eq!(levels, [(Level::Ok, "VPCs"), (Level::Warning, "VPCs, VPCs")]);
}

#[test]
fn roles_are_there_or_come_with_their_first_use() {
    let roles = [("A", Ok(true)), ("B", Ok(false)), ("C", no())];
    let roles = roles.map(|(name, there)| (name.to_owned(), there)).to_vec();
    let found = judge_fact(("main", 0), &Fact::Roles(roles));
    let levels: Vec<Level> = found.iter().map(|it| it.level).collect();
    assert_eq!(levels, [Level::Ok, Level::Ok, Level::Warning]);
    assert_eq!(found[0].message, "there: A");
    assert!(
        found[1].message.starts_with("not there yet: B; AWS makes"),
        "{}",
        found[1].message
    );
}

fn certificate(found: Looked<Option<CertificateFound>>) -> Fact {
    Fact::Certificate(CertificateSeen {
        arn: "arn:aws:acm:eu-west-1:000000000042:certificate/1".to_owned(),
        region: "eu-west-1".to_owned(),
        domain: "notes.example.test".to_owned(),
        found,
    })
}

fn issued(name: &str, ends: i64) -> Looked<Option<CertificateFound>> {
    Ok(Some(CertificateFound {
        status: "ISSUED".to_owned(),
        ends: Some(ends),
        names: vec![name.to_owned()],
    }))
}

#[test]
fn a_certificate_is_issued_for_the_domain_and_lasts() {
    let level = |found| told(certificate(found)).0;
    assert_eq!(level(issued("notes.example.test", 90 * DAY)), Level::Ok);
    assert_eq!(level(issued("*.example.test", 90 * DAY)), Level::Ok);
    assert_eq!(level(issued("example.test", 90 * DAY)), Level::Blocker);
    assert_eq!(level(issued("*.test", 90 * DAY)), Level::Blocker);
    assert_eq!(level(issued("notes.example.test", 10 * DAY)), Level::Warning);
    assert_eq!(level(issued("notes.example.test", 0)), Level::Blocker);
    let pending = CertificateFound {
        status: "PENDING_VALIDATION".to_owned(),
        ..CertificateFound::default()
    };
    assert_eq!(level(Ok(Some(pending))), Level::Blocker);
    assert_eq!(level(Ok(None)), Level::Blocker);
    assert_eq!(level(no()), Level::Warning);
}

#[test]
fn a_certificate_of_another_region_is_of_no_use() {
    let Fact::Certificate(mut seen) = certificate(issued("notes.example.test", 90 * DAY)) else {
        unreachable!()
    };
    seen.region = "us-east-1".to_owned();
    let (level, message) = told(Fact::Certificate(seen));
    assert_eq!(level, Level::Blocker);
    assert!(message.starts_with("it is in eu-west-1"), "{message}");
}

#[test]
fn a_zone_is_that_of_the_domain_and_public() {
    let level = |found: Looked<Option<(&str, bool)>>| {
        let found = found.map(|found| found.map(|(name, private)| (name.to_owned(), private)));
        let (id, domain) = ("Z1".to_owned(), "notes.example.test".to_owned());
        told(Fact::Zone(ZoneSeen { id, domain, found })).0
    };
    assert_eq!(level(Ok(Some(("example.test", false)))), Level::Ok);
    assert_eq!(level(Ok(Some(("notes.example.test", false)))), Level::Ok);
    assert_eq!(level(Ok(Some(("ample.test", false)))), Level::Blocker);
    assert_eq!(level(Ok(Some(("example.test", true)))), Level::Blocker);
    assert_eq!(level(Ok(None)), Level::Blocker);
    assert_eq!(level(no()), Level::Warning);
}

#[test]
fn networks_with_the_same_addresses_are_named() {
    let level = |cidr: &str, other: &str| {
        let others = Ok(vec![(
            "vpc-1".to_owned(),
            vec!["172.31.0.0/16".to_owned(), other.to_owned()],
        )]);
        told(Fact::Range(RangeSeen {
            cidr: cidr.to_owned(),
            others,
        }))
    };
    assert_eq!(level("10.40.0.0/16", "10.41.0.0/16").0, Level::Ok);
    let (found, message) = level("10.40.0.0/16", "10.40.128.0/20");
    assert_eq!(found, Level::Warning);
    assert!(message.starts_with("vpc-1 has"), "{message}");
    assert_eq!(level("10.40.0.0/16", "10.0.0.0/8").0, Level::Warning);
    assert_eq!(level("10.40.0.0/16", "0.0.0.0/0").0, Level::Warning);
    let untold = RangeSeen {
        cidr: "10.40.0.0/16".to_owned(),
        others: no(),
    };
    assert_eq!(told(Fact::Range(untold)).0, Level::Warning);
}

#[test]
fn a_given_network_is_there_and_resolves_names() {
    let level = |there, names, endpoints| {
        let id = "vpc-1".to_owned();
        told(Fact::Network(NetworkSeen {
            id,
            endpoints,
            there,
            names,
        }))
        .0
    };
    assert_eq!(level(Ok(true), Ok((true, true)), true), Level::Ok);
    assert_eq!(level(Ok(true), Ok((true, false)), false), Level::Ok);
    assert_eq!(level(Ok(true), Ok((true, false)), true), Level::Blocker);
    assert_eq!(level(Ok(true), Ok((false, true)), false), Level::Blocker);
    assert_eq!(level(Ok(false), no(), false), Level::Blocker);
    assert_eq!(level(no(), no(), false), Level::Warning);
    assert_eq!(level(Ok(true), no(), false), Level::Warning);
}

/// Two subnets in two zones, with a way out.
fn subnets(role: SubnetUse, change: impl Fn(&mut SubnetsSeen, &mut Vec<SubnetFound>)) -> Vec<Finding> {
    let subnet = |number: u64, zone: &str| SubnetFound {
        id: format!("subnet-{number}"),
        network: "vpc-1".to_owned(),
        zone: zone.to_owned(),
        free: 10,
        outward: Ok(Some("nat-1".to_owned())),
    };
    let mut found = vec![subnet(1, "a"), subnet(2, "b"), subnet(3, "c")];
    if role == SubnetUse::Public {
        found
            .iter_mut()
            .for_each(|it| it.outward = Ok(Some("igw-1".to_owned())));
    }
    let mut seen = SubnetsSeen {
        role,
        network: "vpc-1".to_owned(),
        wanted: vec!["subnet-1".to_owned(), "subnet-2".to_owned()],
        needed: 8,
        outward: true,
        found: Ok(Vec::new()),
    };
    change(&mut seen, &mut found);
    seen.found = Ok(found);
    judge_fact(("main", 0), &Fact::Subnets(seen))
}

fn worst(findings: &[Finding]) -> Level {
    findings.iter().map(|it| it.level).max().unwrap()
}

#[test]
fn subnets_are_in_their_network_and_in_zones_of_their_own() {
    for role in [SubnetUse::Public, SubnetUse::Private, SubnetUse::Isolated] {
        assert_eq!(worst(&subnets(role, |_, _| {})), Level::Ok, "{role:?}");
        let other = subnets(role, |_, found| found[1].network = "vpc-2".to_owned());
        assert_eq!(other[0].message, "subnet-2 is not in the network vpc-1");
        let same = subnets(role, |_, found| found[1].zone = "a".to_owned());
        assert_eq!(same[0].message, "2 subnets are in 1 zones");
        assert_eq!(worst(&same), Level::Blocker);
    }
}

#[test]
fn addresses_are_free_in_each_for_a_balancer_and_in_all_for_the_rest() {
    let few = |role, free| worst(&subnets(role, |_, found| found[1].free = free));
    assert_eq!(few(SubnetUse::Public, 7), Level::Blocker);
    assert_eq!(few(SubnetUse::Private, 0), Level::Ok);
    let many = subnets(SubnetUse::Private, |seen, _| seen.needed = 21);
    assert_eq!(worst(&many), Level::Blocker);
}

#[test]
fn what_goes_out_gets_there() {
    let to = |role, gateway: Option<&str>| {
        worst(&subnets(role, |_, found| {
            found[0].outward = Ok(gateway.map(str::to_owned));
        }))
    };
    assert_eq!(to(SubnetUse::Public, Some("nat-1")), Level::Blocker);
    assert_eq!(to(SubnetUse::Public, None), Level::Blocker);
    assert_eq!(to(SubnetUse::Private, Some("tgw-1")), Level::Ok);
    assert_eq!(to(SubnetUse::Private, Some("igw-1")), Level::Warning);
    assert_eq!(to(SubnetUse::Private, None), Level::Warning);
    assert_eq!(to(SubnetUse::Isolated, None), Level::Ok);
    let inward = subnets(SubnetUse::Private, |seen, found| {
        seen.outward = false;
        found[0].outward = Ok(None);
    });
    assert_eq!(worst(&inward), Level::Ok);
    let untold = subnets(SubnetUse::Private, |_, found| found[0].outward = no());
    assert_eq!(worst(&untold), Level::Warning);
}

#[test]
fn zones_that_the_region_has_not_are_named() {
    let wanted = || vec!["eu-west-1a".to_owned(), "eu-west-1z".to_owned()];
    assert_eq!(told(Fact::Zones(wanted(), Ok(wanted()))).0, Level::Ok);
    let (level, message) = told(Fact::Zones(wanted(), Ok(vec!["eu-west-1a".to_owned()])));
    assert_eq!(
        (level, message.as_str()),
        (Level::Blocker, "there is no eu-west-1z for this account")
    );
    assert_eq!(told(Fact::Zones(wanted(), no())).0, Level::Warning);
}

#[test]
fn an_image_that_is_not_there_blocks_and_one_that_may_not_be_asked_does_not() {
    let level = |answer| {
        let reference = "registry.test/notes/api@sha256:0".to_owned();
        told(Fact::Image(ImageSeen { reference, answer })).0
    };
    assert_eq!(level(ImageAnswer::There), Level::Ok);
    assert_eq!(level(ImageAnswer::Missing), Level::Blocker);
    assert_eq!(level(ImageAnswer::Refused), Level::Warning);
    assert_eq!(level(ImageAnswer::Silent("no answer".to_owned())), Level::Warning);
}

#[test]
fn a_bucket_is_ours_or_its_name_is_free() {
    let level = |holder, made| {
        let name = "notes-state-000000000042".to_owned();
        told(Fact::Bucket(BucketSeen { name, made, holder })).0
    };
    assert_eq!(level(Ok(Holder::Ours), true), Level::Ok);
    assert_eq!(level(Ok(Holder::Nobody), true), Level::Ok);
    assert_eq!(level(Ok(Holder::Nobody), false), Level::Blocker);
    assert_eq!(level(Ok(Holder::Closed), true), Level::Blocker);
    assert_eq!(level(Ok(Holder::Closed), false), Level::Blocker);
    assert_eq!(level(no(), true), Level::Warning);
}

#[test]
fn engines_and_secrets_are_there_or_not() {
    let cases = [
        (Ok(true), Level::Ok),
        (Ok(false), Level::Blocker),
        (no(), Level::Warning),
    ];
    for (there, level) in cases {
        let engine = Fact::Engine("postgres 16.6".to_owned(), there.clone());
        assert_eq!(told(engine).0, level);
        let secret = Fact::Secret(
            "registry_credentials",
            "arn:aws:secretsmanager:x".to_owned(),
            there,
        );
        assert_eq!(told(secret).0, level);
    }
}
