//! What is made of clusters as they are found.

mod room;

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Finding, Level};
use super::*;

fn amounts<const N: usize>(pairs: [(&str, &str); N]) -> Amounts {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    pairs.into_iter().map(owned).collect()
}

fn container(requests: Amounts, limits: Amounts) -> ContainerNeed {
    ContainerNeed {
        name: "main".to_owned(),
        first: false,
        requests,
        limits,
    }
}

/// A part that asks for a little of everything, in a cluster where all is well.
fn well() -> ClusterSeen {
    let api = PodNeed {
        workload: "Deployment notes-api".to_owned(),
        replicas: 2,
        most: 4,
        surge: 1,
        there: false,
        containers: vec![container(
            amounts([("cpu", "100m"), ("memory", "128Mi")]),
            amounts([("memory", "128Mi")]),
        )],
    };
    let volume = VolumeNeed {
        name: "notes-api-data".to_owned(),
        size: "10Gi".to_owned(),
        modes: vec!["ReadWriteOnce".to_owned()],
        ..VolumeNeed::default()
    };
    let needs = ClusterNeeds {
        oldest: Some(semver::Version::new(1, 30, 0)),
        pods: vec![api],
        volumes: vec![volume],
        ingress: Some("nginx".to_owned()),
        autoscaling: true,
        ..ClusterNeeds::default()
    };
    let class = |name: &str, provider: &str| ClassSeen {
        name: name.to_owned(),
        default: true,
        provider: provider.to_owned(),
    };
    let found = ClusterFound {
        user: Some("system:serviceaccount:ops:robot".to_owned()),
        namespace: Some(Ok(Some(NamespaceSeen {
            ending: false,
            enforced: Some("restricted".to_owned()),
        }))),
        rights: Some(Ok(RightsSeen {
            needed: BTreeSet::new(),
            missing: BTreeSet::new(),
        })),
        storage: Some(Ok(vec![class("standard", "ebs.csi.aws.com")])),
        ingresses: Some(Ok(vec![class("nginx", "k8s.io/ingress-nginx")])),
        quotas: Some(Ok(Vec::new())),
        limits: Some(Ok(Vec::new())),
        nodes: Some(Ok(vec![amounts([("cpu", "4"), ("memory", "8Gi")])])),
        dns: Some(Ok(Some(2))),
        metrics: Some(Ok(())),
        admission: Some(Ok(AdmissionSeen {
            shown: 12,
            refused: Vec::new(),
        })),
        images: vec![ImageSeen {
            reference: "registry.test/api@sha256:00".to_owned(),
            answer: ImageAnswer::There,
        }],
        ..ClusterFound::default()
    };
    ClusterSeen {
        part: "main".to_owned(),
        namespace: "notes".to_owned(),
        context: Some("prod".to_owned()),
        versions: Ok(VersionsSeen {
            client: semver::Version::new(1, 34, 1),
            server: semver::Version::new(1, 34, 0),
        }),
        needs: Ok(needs),
        found,
    }
}

fn change(seen: &mut ClusterSeen) -> &mut ClusterNeeds {
    seen.needs.as_mut().unwrap()
}

/// Finds the one finding that is not ok.
fn trouble(seen: &ClusterSeen) -> Finding {
    let mut bad = judge(seen);
    bad.retain(|finding| finding.level != Level::Ok);
    assert_eq!(bad.len(), 1, "{bad:?}");
    bad.remove(0)
}

fn quota(hard: Amounts, used: Amounts) -> QuotaSeen {
    QuotaSeen {
        name: "team".to_owned(),
        hard,
        used,
    }
}

#[test]
fn where_all_is_well_nothing_is_in_the_way() {
    let findings = judge(&well());
    assert!(
        findings.iter().all(|finding| finding.level == Level::Ok),
        "{findings:?}"
    );
    assert_eq!(findings[0].subject, "context prod");
}

#[test]
fn a_cluster_that_does_not_answer_is_all_that_is_said() {
    let mut seen = well();
    seen.versions = Err("connection refused".to_owned());
    let findings = judge(&seen);
    assert_eq!((findings.len(), findings[0].level), (1, Level::Blocker));
}

#[test]
fn an_old_cluster_blocks_and_a_distant_kubectl_warns() {
    let mut seen = well();
    seen.versions = Ok(VersionsSeen {
        client: semver::Version::new(1, 29, 1),
        server: semver::Version::new(1, 29, 9),
    });
    assert_eq!(trouble(&seen).level, Level::Blocker);
    seen.versions = Ok(VersionsSeen {
        client: semver::Version::new(1, 36, 0),
        server: semver::Version::new(1, 34, 0),
    });
    assert_eq!(trouble(&seen).level, Level::Warning);
}

#[test]
fn missing_rights_are_one_finding_with_a_role_to_apply() {
    let mut seen = well();
    let right = |group: &str, resource: &str, verb: &str| Right {
        group: group.to_owned(),
        resource: resource.to_owned(),
        verb: verb.to_owned(),
        everywhere: false,
    };
    let missing = [
        right("apps", "deployments", "create"),
        right("apps", "deployments", "patch"),
        right("apps", "statefulsets", "create"),
        right("apps", "statefulsets", "patch"),
        right("", "pods/log", "get"),
    ];
    let needed = [missing.to_vec(), vec![right("", "pods", "get")]].concat();
    let needed: BTreeSet<Right> = needed.into_iter().collect();
    seen.found.rights = Some(Ok(RightsSeen {
        needed,
        missing: missing.into(),
    }));
    let finding = trouble(&seen);
    assert_eq!(
        finding.message,
        "may not, in the namespace notes: get pods/log; create/patch deployments, statefulsets"
    );
    insta::assert_snapshot!(finding.fix.unwrap(), @r#"
    let somebody who may apply this:
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: { name: landfall, namespace: notes }
    rules:
      - { apiGroups: [""], resources: ["pods", "pods/log"], verbs: ["get"] }
      - { apiGroups: ["apps"], resources: ["deployments", "statefulsets"], verbs: ["create", "patch"] }
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: { name: landfall, namespace: notes }
    roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: landfall }
    subjects: [{ kind: ServiceAccount, name: robot, namespace: ops }]
    "#);
}

#[test]
fn a_storage_class_must_be_there_by_name_or_as_the_default() {
    let mut seen = well();
    change(&mut seen).volumes[0].class = "fast".to_owned();
    let finding = trouble(&seen);
    assert_eq!(
        (finding.level, finding.subject.as_str()),
        (Level::Blocker, "fast")
    );
    assert_eq!(
        finding.fix.as_deref(),
        Some("--set parts.main.options.storage_class=standard")
    );
    change(&mut seen).volumes[0].class = String::new();
    seen.found.storage = Some(Ok(Vec::new()));
    assert_eq!(trouble(&seen).subject, "default storage class");
    change(&mut seen).volumes[0].there = true;
    assert!(
        crate::doctor::is_clear(&judge(&seen)),
        "a volume that is there needs no class"
    );
}

#[test]
fn a_disk_that_one_node_mounts_is_no_shared_volume() {
    let mut seen = well();
    change(&mut seen).volumes[0].modes = vec!["ReadWriteMany".to_owned()];
    assert_eq!(trouble(&seen).level, Level::Warning);
}

#[test]
fn an_ingress_class_that_is_named_must_be_there() {
    let mut seen = well();
    change(&mut seen).ingress = Some("traefik".to_owned());
    assert_eq!(trouble(&seen).level, Level::Blocker);
    seen.found.ingresses = Some(Ok(Vec::new()));
    change(&mut seen).ingress = Some(String::new());
    assert_eq!(trouble(&seen).level, Level::Warning);
}

#[test]
fn a_gateway_needs_a_listener_that_takes_the_route() {
    let mut seen = well();
    change(&mut seen).ingress = None;
    change(&mut seen).gateway = Some(GatewayNeed {
        namespace: "ingress".to_owned(),
        name: "public".to_owned(),
        host: "notes.acme.test".to_owned(),
    });
    seen.found.gateway = Some(Ok(None));
    assert_eq!(trouble(&seen).message, "there is no such Gateway");
    let gateway = |host: &str, from: &str| {
        let listener = ListenerSeen {
            name: "web".to_owned(),
            host: host.to_owned(),
            from: from.to_owned(),
        };
        Some(Ok(Some(GatewaySeen {
            programmed: true,
            listeners: vec![listener],
        })))
    };
    seen.found.gateway = gateway("*.other.test", "All");
    assert!(
        trouble(&seen)
            .message
            .starts_with("no listener takes the host name")
    );
    seen.found.gateway = gateway("*.acme.test", "Same");
    assert!(trouble(&seen).message.starts_with("its listeners take no routes"));
    seen.found.gateway = gateway("*.acme.test", "All");
    assert!(judge(&seen).iter().all(|finding| finding.level == Level::Ok));
}

#[test]
fn secrets_that_are_named_must_be_there() {
    let mut seen = well();
    change(&mut seen).pull_secret = Some("pull".to_owned());
    change(&mut seen).tls_secret = Some("tls".to_owned());
    seen.found.secrets = BTreeMap::from([("pull".to_owned(), Ok(true)), ("tls".to_owned(), Ok(false))]);
    assert_eq!(trouble(&seen).check, "tls");
    change(&mut seen).cluster_issuer = Some("acme".to_owned());
    seen.found.issuer = Some(Ok(None));
    assert_eq!(
        trouble(&seen).check,
        "issuer",
        "what an issuer makes need not be there yet"
    );
}

#[test]
fn an_image_that_may_not_be_pulled_blocks_and_a_registry_out_of_reach_warns() {
    let mut seen = well();
    for (answer, level) in [
        (ImageAnswer::Missing, Level::Blocker),
        (ImageAnswer::Refused, Level::Blocker),
        (ImageAnswer::Silent("no route".to_owned()), Level::Warning),
    ] {
        seen.found.images[0].answer = answer;
        let finding = trouble(&seen);
        assert_eq!(
            (finding.subject.as_str(), finding.level),
            ("registry.test/api@sha256:00", level)
        );
    }
    change(&mut seen).nodes_sign_in = true;
    seen.found.images[0].answer = ImageAnswer::Refused;
    assert_eq!(trouble(&seen).level, Level::Warning);
}

#[test]
fn what_admission_refuses_blocks() {
    let mut seen = well();
    let refused = vec!["pods \"notes-api\" is forbidden: violates PodSecurity".to_owned()];
    seen.found.admission = Some(Ok(AdmissionSeen { shown: 12, refused }));
    assert_eq!(
        (trouble(&seen).check, trouble(&seen).level),
        ("admission", Level::Blocker)
    );
}

#[test]
fn a_cluster_without_dns_blocks_and_one_without_metrics_warns() {
    let mut seen = well();
    seen.found.dns = Some(Ok(Some(0)));
    assert_eq!(
        (trouble(&seen).check, trouble(&seen).level),
        ("dns", Level::Blocker)
    );
    seen.found.dns = Some(Ok(Some(1)));
    seen.found.metrics = Some(Err("not found".to_owned()));
    assert_eq!(
        (trouble(&seen).check, trouble(&seen).level),
        ("metrics", Level::Warning)
    );
}

#[test]
fn what_may_not_be_looked_at_is_no_blocker() {
    let mut seen = well();
    seen.found.storage = Some(Err("storageclasses is forbidden".to_owned()));
    assert_eq!(trouble(&seen).level, Level::Warning);
}
