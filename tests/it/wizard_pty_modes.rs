//! `init` at a terminal, for every mode of every product, and the same answers by flags.

use crate::wizard_steps::Do::{Pick, Take, Type};
use crate::wizard_steps::{
    AWS, AZURE, CLUSTER, COMPOSE, DATABASE, HOST, IDENTITY, LICENSE, NAME, NO_MORE, Step, both_ways, tier,
};

/// The facts of FlowGuard, all but those that are given taken as they are proposed.
fn flowguard(given: &[Step]) -> Vec<Step> {
    let facts = [
        "How are your applications reached?",
        "Is staging locked to internal IPs?",
        "Which cloud are you standardized on",
        "What is the deployment standard",
        "Does a contract mandate where data resides?",
        "Must data stay inside an account you control?",
        "Must test traffic originate",
        "May code, screenshots and test results leave",
        "Do you already pay for an AI endpoint?",
        "Is the lowest setup cost",
    ];
    let answer = |question: &&'static str| {
        let found = given.iter().find(|(fact, ..)| fact == question);
        found.copied().unwrap_or((question, Take, ""))
    };
    std::iter::once(NAME).chain(facts.iter().map(answer)).collect()
}

#[test]
fn flowguard_our_cloud() {
    let eu = (
        "Does a contract mandate where data resides?",
        Pick("European Union"),
        "facts.residency=eu",
    );
    let mode = [(
        "How shall FlowGuard run?",
        Pick("Our cloud in EU (West Europe)"),
        "parts.main.mode=our_cloud parts.main.region=westeurope",
    )];
    both_ways(
        "flowguard",
        &[&flowguard(&[eu]), &tier("Pro", "tier=pro"), &mode, &[NO_MORE]],
    );
}

#[test]
fn flowguard_our_cloud_without_a_mandate_asks_for_the_region() {
    let mode = [
        ("How shall FlowGuard run?", Take, "parts.main.mode=our_cloud"),
        (
            "In which region?",
            Pick("US (East US)"),
            "parts.main.region=eastus",
        ),
        NO_MORE,
    ];
    both_ways("flowguard", &[&flowguard(&[]), &tier("Free", "tier=free"), &mode]);
}

#[test]
fn flowguard_your_cloud_on_aws() {
    let aws = (
        "Which cloud are you standardized on",
        Pick("AWS"),
        "facts.cloud_in_use=aws",
    );
    let mode = [(
        "How shall FlowGuard run?",
        Take,
        "parts.main.mode=your_cloud parts.main.target=aws",
    )];
    let rest: [Step; 6] = [
        NO_MORE,
        ("Who supplies this: AI endpoint?", Take, ""),
        ("Who supplies this: Database?", Take, ""),
        ("Single sign-on", Take, ""),
        ("Who supplies this: Enterprise license?", Take, ""),
        LICENSE,
    ];
    both_ways(
        "flowguard",
        &[
            &flowguard(&[aws]),
            &tier("Business", "tier=business"),
            &mode,
            &AWS,
            &rest,
        ],
    );
}

#[test]
fn flowguard_your_cloud_on_azure() {
    let mode = [(
        "How shall FlowGuard run?",
        Pick("Your cloud on Azure"),
        "parts.main.mode=your_cloud parts.main.target=azure",
    )];
    let rest: [Step; 4] = [
        NO_MORE,
        ("Who supplies this: AI endpoint?", Take, ""),
        ("Who supplies this: Database?", Take, ""),
        ("Single sign-on", Pick("Yours"), "services.identity.supply=yours"),
    ];
    let end: [Step; 3] = [
        (
            "Who supplies this: Enterprise license?",
            Pick("None"),
            "services.license.supply=none",
        ),
        (
            "Which Owner",
            Type("jo@acme.example"),
            "settings.owner_email=jo@acme.example",
        ),
        ("SCIM", Pick("Yes"), "settings.scim=true"),
    ];
    let preset = [(
        "Which identity provider",
        Pick("Microsoft Entra ID"),
        "services.identity.preset=entra_id",
    )];
    both_ways(
        "flowguard",
        &[
            &flowguard(&[]),
            &tier("Business", "tier=business"),
            &mode,
            &AZURE,
            &rest,
            &preset,
            &IDENTITY,
            &end,
        ],
    );
}

#[test]
fn flowguard_kubernetes() {
    let cluster = (
        "What is the deployment standard",
        Pick("Kubernetes"),
        "facts.deployment_standard=kubernetes",
    );
    let mode = [("How shall FlowGuard run?", Take, "parts.main.mode=kubernetes")];
    let cache: [Step; 6] = [
        NO_MORE,
        ("Who supplies this: AI endpoint?", Take, ""),
        (
            "On which host does the cache answer?",
            Type("redis.internal"),
            "services.cache.host=redis.internal",
        ),
        ("On which port?", Take, ""),
        (
            "Is the connection to the cache encrypted?",
            Pick("No"),
            "services.cache.tls=false",
        ),
        ("Where is the cache's password?", Take, ""),
    ];
    let engine = [(
        "Which database engine?",
        Pick("SQL Server"),
        "services.database.engine=sqlserver",
    )];
    let preset = [(
        "Which identity provider",
        Pick("Okta"),
        "services.identity.preset=okta",
    )];
    let rest: [Step; 6] = [
        LICENSE,
        (
            "How are objects stored?",
            Pick("A folder"),
            "services.objects.driver=filesystem",
        ),
        ("In which folder are objects stored?", Take, ""),
        (
            "Which Owner",
            Type("jo@acme.example"),
            "settings.owner_email=jo@acme.example",
        ),
        ("SCIM", Take, ""),
        (
            "Should runtime browsers",
            Pick("Yes"),
            "settings.runtime_browsers=true",
        ),
    ];
    both_ways(
        "flowguard",
        &[
            &flowguard(&[cluster]),
            &tier("Enterprise", "tier=enterprise"),
            &mode,
            &CLUSTER,
            &cache,
            &engine,
            &DATABASE,
            &preset,
            &IDENTITY,
            &rest,
        ],
    );
}

#[test]
fn flowguard_behind_your_firewall() {
    let stays = (
        "May code, screenshots and test results leave",
        Pick("No"),
        "facts.data_leaves_network=false",
    );
    let mode = [("How shall FlowGuard run?", Take, "parts.main.mode=firewall")];
    let rest: [Step; 6] = [
        NO_MORE,
        (
            "Which kind of AI endpoint",
            Pick("Self-hosted Claude"),
            "services.ai.provider=openai_compatible",
        ),
        (
            "At which URL does the AI endpoint",
            Type("https://ai.internal/v1"),
            "services.ai.endpoint=https://ai.internal/v1",
        ),
        ("Which model", Type("claude"), "services.ai.model=claude"),
        (
            "Where is its API key?",
            Type("file:ai.key"),
            "services.ai.api_key=file:ai.key",
        ),
        ("At which URL does the agent reach", Take, ""),
    ];
    both_ways(
        "flowguard",
        &[
            &flowguard(&[stays]),
            &tier("Enterprise", "tier=enterprise"),
            &mode,
            &HOST,
            &rest,
        ],
    );
}

#[test]
fn flowguard_our_cloud_with_an_agent_beside_it() {
    let mode: [Step; 3] = [
        ("How shall FlowGuard run?", Take, "parts.main.mode=our_cloud"),
        (
            "In which region?",
            Pick("West Europe"),
            "parts.main.region=westeurope",
        ),
        (
            "Add another part beside it?",
            Pick("Agent in your network on Docker Compose"),
            "parts.agent.mode=agent parts.agent.target=compose",
        ),
    ];
    let agent: [Step; 7] = [
        ("In which folder on the host", Take, ""),
        ("On which address", Take, ""),
        ("On which port does the product answer?", Take, ""),
        NO_MORE,
        ("Who supplies this: AI endpoint?", Take, ""),
        (
            "At which URL does the agent reach",
            Type("https://flowguard.example"),
            "settings.server_url=https://flowguard.example",
        ),
        (
            "Token by which an agent signs in",
            Type("env:AGENT_TOKEN"),
            "secrets.agent_token=env:AGENT_TOKEN",
        ),
    ];
    both_ways(
        "flowguard",
        &[
            &flowguard(&[]),
            &tier("Enterprise", "tier=enterprise"),
            &mode,
            &agent,
        ],
    );
}

fn flovyn(mode: Step) -> [Step; 4] {
    let facts = ("For whom do you run Flovyn?", Take, "");
    [NAME, facts, ("What should it run on?", Take, ""), mode]
}

const FLOVYN_DATABASE: [Step; 1] = [(
    "Who supplies this: PostgreSQL?",
    Pick("Yours"),
    "services.database.supply=yours",
)];
const FLOVYN_IDENTITY: [Step; 1] = [("Which identity provider", Take, "")];
const FLOVYN_ORGANIZATION: [Step; 3] = [
    (
        "What is the organization called?",
        Type("Acme"),
        "settings.org_name=Acme",
    ),
    ("What is its slug", Type("acme"), "settings.org_slug=acme"),
    (
        "Which id should it have",
        Type("550e8400-e29b-41d4-a716-446655440000"),
        "settings.org_id=550e8400-e29b-41d4-a716-446655440000",
    ),
];
const FLOVYN_SECRETS: [Step; 2] = [
    ("Personal API key", Take, ""),
    (
        "Worker token",
        Type("env:WORKER_TOKEN"),
        "secrets.worker_token=env:WORKER_TOKEN",
    ),
];
const FLOVYN_CREATE: [Step; 1] = [(
    "Should an organization be created",
    Pick("Yes"),
    "settings.auto_create=true",
)];

#[test]
fn flovyn_on_every_target() {
    let targets: [(&str, &str, &[Step]); 3] = [
        ("Docker Compose", "compose", &COMPOSE),
        ("a Linux machine", "host", &HOST),
        ("Kubernetes", "kubernetes", &CLUSTER),
    ];
    for (mode, title) in [("self_hosted", "Self-Hosted"), ("saas", "SaaS")] {
        for (on, target, options) in targets {
            let chosen = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
            let pick = chosen(format!("{title} on {on}"));
            let flag = chosen(format!("parts.main.mode={mode} parts.main.target={target}"));
            let own: &[Step] = if mode == "saas" {
                &FLOVYN_CREATE
            } else {
                &FLOVYN_ORGANIZATION
            };
            both_ways(
                "flovyn",
                &[
                    &flovyn(("How shall Flovyn run?", Pick(pick), flag)),
                    options,
                    &FLOVYN_DATABASE,
                    &DATABASE,
                    &FLOVYN_IDENTITY,
                    &IDENTITY,
                    own,
                    &FLOVYN_SECRETS,
                ],
            );
        }
    }
}

fn quantumbpm(purpose: Step, mode: Step) -> [Step; 5] {
    let operations = ("Who should operate QuantumBPM?", Take, "");
    [NAME, operations, ("Must people sign in", Take, ""), purpose, mode]
}

const TEMPORAL: [Step; 3] = [
    (
        "Temporal's front end",
        Type("temporal.internal"),
        "services.temporal.host=temporal.internal",
    ),
    ("On which port?", Take, ""),
    (
        "Is the connection to Temporal encrypted?",
        Pick("Yes"),
        "services.temporal.tls=true",
    ),
];
const KEYCLOAK: [Step; 1] = [(
    "Which identity provider",
    Pick("Keycloak"),
    "services.identity.preset=keycloak",
)];
const PROVISIONING: [Step; 1] = [("Which file lists the users", Take, "")];

#[test]
fn quantumbpm_managed() {
    let steps = quantumbpm(
        ("What is the deployment for?", Take, ""),
        ("How shall QuantumBPM run?", Take, "parts.main.mode=saas"),
    );
    both_ways("quantumbpm", &[&steps]);
}

#[test]
fn quantumbpm_enterprise_with_compose() {
    let steps = quantumbpm(
        (
            "What is the deployment for?",
            Pick("Evaluation"),
            "facts.purpose=evaluation",
        ),
        (
            "How shall QuantumBPM run?",
            Take,
            "parts.main.mode=enterprise parts.main.target=compose",
        ),
    );
    let database = [("Who supplies this: Application database?", Take, "")];
    let temporal = [LICENSE, ("Who supplies this: Temporal server?", Take, "")];
    both_ways(
        "quantumbpm",
        &[
            &steps,
            &COMPOSE,
            &database,
            &KEYCLOAK,
            &IDENTITY,
            &temporal,
            &PROVISIONING,
        ],
    );
}

#[test]
fn quantumbpm_enterprise_on_kubernetes_and_a_host() {
    let targets: [(&str, &str, &[Step]); 2] = [
        (
            "Enterprise on Kubernetes",
            "parts.main.mode=enterprise parts.main.target=kubernetes",
            &CLUSTER,
        ),
        (
            "Enterprise on a Linux machine",
            "parts.main.mode=enterprise parts.main.target=host",
            &HOST,
        ),
    ];
    for (title, flags, options) in targets {
        let steps = quantumbpm(
            ("What is the deployment for?", Take, ""),
            ("How shall QuantumBPM run?", Pick(title), flags),
        );
        let database = [("Who supplies this: Application database?", Take, "")];
        both_ways(
            "quantumbpm",
            &[
                &steps,
                options,
                &database,
                &DATABASE,
                &KEYCLOAK,
                &IDENTITY,
                &[LICENSE],
                &TEMPORAL,
                &PROVISIONING,
            ],
        );
    }
}

#[test]
fn sample_in_every_mode() {
    let cache: Step = ("Who supplies this: Cache?", Take, "");
    let database: Step = ("Who supplies this: Database?", Take, "");
    let identity: Step = ("Who supplies this: Identity provider?", Take, "");
    let objects: Step = ("Who supplies this: Attachments?", Take, "");
    let modes: [(&str, &str, &[Step], &[Step]); 5] = [
        ("One machine", "parts.main.mode=host", &HOST, &[]),
        ("Docker Compose", "parts.main.mode=compose", &COMPOSE, &[]),
        ("Kubernetes", "parts.main.mode=kubernetes", &CLUSTER, &DATABASE),
        ("AWS", "parts.main.mode=aws", &AWS, &[]),
        ("Azure", "parts.main.mode=azure", &AZURE, &DATABASE),
    ];
    for (title, flag, options, own) in modes {
        let facts = [NAME, ("Where should Notes run?", Take, "")];
        let mode = [("How shall Notes run?", Pick(title), flag)];
        // On Azure the customer's database is the only one.
        let database: &[Step] = if title == "Azure" { &[] } else { &[database] };
        both_ways(
            "sample",
            &[
                &facts,
                &tier("Community", "tier=community"),
                &mode,
                options,
                &[cache],
                database,
                own,
                &[identity, LICENSE, objects],
            ],
        );
    }
}
