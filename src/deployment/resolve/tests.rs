use super::*;
use crate::product::Catalog;
use crate::product::testing::release;

const PRODUCT: &str = r#"
schema: landfall/product/v1
name: shop
title: Shop
vendor: { name: Acme }
modes:
  own:
    title: Own
    summary: On your ground
    targets: [aws, azure, kubernetes, host]
    components: [api]
    combines_with: [agents]
    on:
      kubernetes: { scaling: { api: { min: 3, max: 5 } } }
  agents:
    title: Agents
    summary: Elsewhere
    targets: [host]
    components: [agent]
    addition: true
    combines_with: [own]
questions:
  - { key: users, prompt: Which file lists users?, type: path, optional: true }
services:
  database:
    title: Database
    supplies: [bundled, yours, managed]
    sql: { engines: { postgresql: "15" }, database: shop, user: shop }
  cache:
    title: Cache
    supplies: [none, managed, yours]
    optional: true
    cache: {}
  identity:
    title: Sign-in
    supplies: [yours]
    oidc:
      audience: shop
      claims: { roles: { path: roles } }
      presets:
        ours: { title: Ours, jwks_path: /keys, claims: { roles: a.b } }
secrets:
  signing_key: { title: Signs, kind: generated }
  agent_key: { title: Made for agents, kind: generated }
components:
  api:
    title: API
    image: api
    binary: /api
    ports: { http: { number: 80 } }
    environment:
      DATABASE: "{{ services.database.url }}"
      CA: "{{ services.database.ca }}"
      CACHE: "{{ services.cache.url }}"
      JWKS: "{{ services.identity.jwks_uri }}"
      ROLES: "{{ services.identity.claims.roles }}"
      KEY: "{{ secrets.signing_key }}"
      USERS: "{{ files.users.path }}"
    needs: [database, cache, identity]
  agent:
    title: Agent
    image: agent
    binary: /agent
    environment:
      KEY: "{{ secrets.agent_key }}"
      DATABASE: "{{ services.database.host }}"
    needs: [database]
provisioning:
  users: { title: Users, component: api, path: /etc/shop/users.yaml, setting: users, example: users.yaml }
"#;

const HEAD: &str = "schema: landfall/answers/v1\nproduct: shop\nname: shop\n";
const IDENTITY: &str = "services:\n  identity: { issuer: \"https://id.acme.com/\" }\n";

struct Shop {
    _folder: tempfile::TempDir,
    entry: Entry,
}

fn shop(product: &str) -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let root = camino::Utf8Path::from_path(folder.path()).unwrap();
    fs_err::write(root.join("product.yaml"), product).unwrap();
    fs_err::write(root.join("users.yaml"), "[]\n").unwrap();
    let entry = Catalog::default()
        .open(root.as_str())
        .unwrap_or_else(|error| panic!("{error:?}"));
    Shop {
        _folder: folder,
        entry,
    }
}

impl Shop {
    fn resolve(&self, answers: &str) -> Result<Deployment, ResolveError> {
        let release = release(self.entry.product(), "1.0");
        let text = format!("{HEAD}{answers}");
        resolve(&self.entry, &release, &Answers::parse("a.yaml", &text).unwrap())
    }
}

fn resolved(answers: &str) -> Deployment {
    shop(PRODUCT)
        .resolve(answers)
        .unwrap_or_else(|error| panic!("{error:?}"))
}

fn variable<'a>(deployment: &'a Deployment, name: &str) -> &'a str {
    let api = &deployment.parts["main"].components[0];
    api.environment.get(name).map_or("", Bound::as_str)
}

fn main_on(target: &str, options: &str) -> String {
    format!("parts:\n  main: {{ mode: own, target: {target}, options: {{ {options} }} }}\n{IDENTITY}")
}

const AWS: &str = r#"account: "123456789012", domain: shop.acme.com, zone_id: Z0123456789ABC"#;

#[test]
fn a_provisioned_file_has_a_place_and_a_source() {
    let without = resolved(&main_on("host", ""));
    let api = &without.parts["main"].components[0];
    assert!(api.provisioned.is_empty() && !api.environment.contains_key("USERS"));

    let with = resolved(&format!(
        "{}settings: {{ users: mine.yaml }}\n",
        main_on("host", "")
    ));
    let handed = &with.parts["main"].components[0].provisioned["users"];
    assert_eq!(handed.path, "/opt/shop/releases/1.0/config/api/users.yaml");
    assert_eq!(handed.source, "mine.yaml");
    assert_eq!(variable(&with, "USERS"), handed.path);
}

#[test]
fn what_the_cloud_makes_is_awaited_not_dropped() {
    let answers = format!(
        "{}  database: {{ supply: managed }}\n  cache: {{ supply: managed }}\n",
        main_on("aws", AWS)
    );
    let deployment = resolved(&answers);
    assert_eq!(
        variable(&deployment, "DATABASE"),
        "postgres://shop:${secret-url:database_password}@${output:database.host}:${output:database.port}/shop?sslmode=verify-full"
    );
    assert_eq!(variable(&deployment, "CA"), "${output:database.ca}");
    assert_eq!(
        variable(&deployment, "CACHE"),
        "rediss://:${secret-url:cache_password}@${output:cache.host}:${output:cache.port}"
    );
    assert_eq!(deployment.services["database"].part.as_deref(), Some("main"));
    assert_eq!(
        deployment.secrets["database_password"],
        SecretOrigin::Generated(40)
    );
}

#[test]
fn the_only_preset_is_the_default_and_says_where_keys_are() {
    let deployment = resolved(&main_on("host", ""));
    assert_eq!(variable(&deployment, "JWKS"), "https://id.acme.com/keys");
    assert_eq!(variable(&deployment, "ROLES"), "a.b");
}

#[test]
fn a_target_says_how_many_instances_run() {
    let scaling = |deployment: &Deployment| deployment.parts["main"].components[0].scaling.clone();
    assert_eq!(scaling(&resolved(&main_on("host", ""))).min, 1);
    assert_eq!(
        scaling(&resolved(&main_on("kubernetes", "domain: shop.acme.com"))).min,
        3
    );
}

#[test]
fn secrets_of_components_that_do_not_run_are_not_made() {
    let deployment = resolved(&main_on("host", ""));
    assert!(deployment.secrets.contains_key("signing_key"));
    assert!(!deployment.secrets.contains_key("agent_key"));
}

#[test]
fn another_target_cannot_reach_what_one_part_runs() {
    let mixed = |database: &str| {
        let parts = "  main: { mode: own, target: kubernetes, options: { domain: shop.acme.com } }\n  there: { mode: agents }\n";
        format!("parts:\n{parts}{IDENTITY}  database: {{ {database} }}\n")
    };
    let Err(ResolveError::Answers { problems }) = shop(PRODUCT).resolve(&mixed("supply: bundled")) else {
        panic!("it must not resolve")
    };
    let problem = &problems.0[0];
    assert_eq!(problem.path, "services.database.supply");
    assert_eq!(
        problem.message,
        "it runs in part `main` (kubernetes), where part `there` (host) cannot reach it"
    );
    let yours = mixed("supply: yours, host: db.acme.com, password: env:P");
    let deployment = shop(PRODUCT).resolve(&yours).unwrap();
    assert_eq!(deployment.services["database"].part, None);
    assert_eq!(
        deployment.parts["there"].components[0].environment["DATABASE"].as_str(),
        "db.acme.com"
    );
}

#[test]
fn a_component_of_another_part_is_named_when_it_is_not_reached() {
    let product = PRODUCT.replace(
        "DATABASE: \"{{ services.database.host }}\"",
        "API: \"{{ components.api.http.url }}\"",
    );
    let answers =
        "parts:\n  main: { mode: own, target: host }\n  there: { mode: agents }\n".to_owned() + IDENTITY;
    let Err(ResolveError::Evaluate { key, message }) = shop(&product).resolve(&answers) else {
        panic!("it must not resolve")
    };
    assert_eq!(key, "components.agent.environment.API");
    assert_eq!(message, "`api` runs in part `main`, and is not reached from here");
}

#[test]
fn a_file_with_a_secrets_value_is_private() {
    let file = |text: &str| super::super::ResolvedFile {
        path: "/etc/a".into(),
        content: Bound::new(text),
    };
    assert!(file("password = \"${secret:a}\"").is_private());
    assert!(!file("password_file = \"${secret-file:a}\"").is_private());
}

#[test]
fn defaults_that_were_never_answered_and_change_are_listed() {
    use crate::deployment::changed_defaults;
    let with = |default: &str| {
        let ask = format!("{{ key: limit, prompt: How many?, type: integer, default: {default} }}");
        shop(&PRODUCT.replace("questions:\n", &format!("questions:\n  - {ask}\n")))
    };
    let (old, new) = (with("5"), with("10"));
    let text = main_on("host", "");
    let installed = old.resolve(&text).unwrap();
    let mut answers = Answers::parse("a.yaml", &format!("{HEAD}{text}"))
        .unwrap()
        .content;
    assert_eq!(changed_defaults(&installed, old.entry.product(), &answers), []);
    let changed = changed_defaults(&installed, new.entry.product(), &answers);
    let told: Vec<_> = changed
        .iter()
        .map(|one| (one.key.as_str(), &one.old, &one.new))
        .collect();
    assert_eq!(told, [("settings.limit", &json!(5), &json!(10))]);
    answers.settings.insert("limit".to_owned(), 7.into());
    assert_eq!(changed_defaults(&installed, new.entry.product(), &answers), []);
}
