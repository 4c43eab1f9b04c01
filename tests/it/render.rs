//! Every example on a host is rendered, and compared with `tests/golden/<product>/<target>[-<mode>]/`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use landfall::deployment::{Deployment, Part};
use landfall::drivers::host;
use landfall::product::Target;
use landfall::render::Artifacts;

use crate::fixtures::{Example, assert_folder, files_below, root};

/// The worst exposure, in tenths, that a unit may have by `systemd-analyze security`.
const EXPOSURE: u32 = 30;

fn host_part(deployment: &Deployment) -> Option<&Part> {
    deployment
        .parts
        .values()
        .find(|part| part.target == Some(Target::Host))
}

/// Renders the host's part of every example that has one, by the golden folder it belongs to.
fn rendered() -> BTreeMap<Utf8PathBuf, Artifacts> {
    let mut all = BTreeMap::new();
    for example in Example::all() {
        let deployment = example.deployment();
        let Some(part) = host_part(&deployment) else {
            continue;
        };
        let folder = match part.mode.as_str() {
            "host" => "host".to_owned(),
            mode => format!("host-{mode}"),
        };
        let artifacts = host::render(&deployment, part).unwrap_or_else(|e| panic!("{}: {e}", example.name));
        all.insert(Utf8PathBuf::from(&deployment.product).join(folder), artifacts);
    }
    // The examples are for machines with systemd; this is for one without.
    let mut deployment = Example::named("sample-host").deployment();
    for part in deployment.parts.values_mut() {
        part.options.insert("supervisor".to_owned(), "landfall".into());
    }
    let artifacts = host::render(&deployment, host_part(&deployment).unwrap()).unwrap();
    all.insert(Utf8PathBuf::from("sample/host-supervisor"), artifacts);
    all.insert(Utf8PathBuf::from("sample/host-backup"), scheduled());
    all
}

/// Renders the timer that makes backups, which no example asks for.
fn scheduled() -> Artifacts {
    let mut deployment = Example::named("sample-host").deployment();
    for part in deployment.parts.values_mut() {
        let recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        part.options.insert("backup_to".to_owned(), "/srv/backups".into());
        part.options
            .insert("backup_recipients".to_owned(), vec![recipient].into());
        part.options.insert("backup_keep".to_owned(), 7.into());
        part.options.insert("backup_schedule".to_owned(), "daily".into());
    }
    host::render(&deployment, host_part(&deployment).unwrap())
        .unwrap()
        .below("schedule")
}

#[test]
fn every_example_renders_as_its_golden_folder_says() {
    let golden = root().join("tests/golden");
    let rendered = rendered();
    for (folder, artifacts) in &rendered {
        let files = artifacts
            .iter()
            .map(|(path, file)| (path.clone(), file.text.clone()));
        assert_folder(&golden.join(folder), &files.collect());
    }
    let is_host = |path: &Utf8PathBuf| {
        path.components()
            .nth(1)
            .is_some_and(|it| it.as_str().starts_with("host"))
    };
    let folder_of = |path: Utf8PathBuf| path.components().take(2).collect::<Utf8PathBuf>();
    let there: BTreeSet<Utf8PathBuf> = files_below(&golden)
        .into_iter()
        .filter(is_host)
        .map(folder_of)
        .collect();
    let orphans: Vec<_> = there
        .iter()
        .filter(|folder| !rendered.contains_key(*folder))
        .collect();
    assert!(orphans.is_empty(), "no example renders {orphans:?}");
}

#[test]
fn rendering_twice_gives_the_same_bytes() {
    assert_eq!(rendered(), rendered());
}

/// Reads a TOML file as a map from dotted key to value, so that a difference is named.
fn keys(text: &str) -> BTreeMap<String, toml::Value> {
    fn walk(path: &str, value: toml::Value, into: &mut BTreeMap<String, toml::Value>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let path = if path.is_empty() {
                        key
                    } else {
                        format!("{path}.{key}")
                    };
                    walk(&path, value, into);
                }
            }
            other => _ = into.insert(path.to_owned(), other),
        }
    }
    let mut found = BTreeMap::new();
    walk("", toml::Value::Table(toml::from_str(text).unwrap()), &mut found);
    found
}

/// The page's configuration, word for word in `tests/data`, must be what comes out; only the password is a reference.
fn assert_page(mode: &str) {
    let deployment = Example::named(&format!("flovyn-{mode}-host")).deployment();
    let artifacts = host::render(&deployment, host_part(&deployment).unwrap()).unwrap();
    let config = &artifacts
        .get(Utf8Path::new("config/server/config.toml"))
        .unwrap()
        .text;
    let page = fs_err::read_to_string(root().join(format!("tests/data/flovyn-{mode}.toml"))).unwrap();
    let page = page.replace("flovyn:password@", "flovyn:${secret-url:database_password}@");
    assert_eq!(keys(config), keys(&page));
    assert!(deployment.secrets.contains_key("database_password"));
}

#[test]
fn the_self_hosted_configuration_is_the_pages() {
    assert_page("self_hosted");
}

#[test]
fn the_saas_configuration_is_the_pages() {
    assert_page("saas");
}

#[test]
fn the_page_s_unit_renders() {
    let deployment = Example::named("flovyn-self_hosted-host").deployment();
    let artifacts = host::render(&deployment, host_part(&deployment).unwrap()).unwrap();
    let text = |path: &str| artifacts.get(Utf8Path::new(path)).unwrap().text.as_str();
    let unit = text("units/flovyn-server.service");
    for line in [
        "User=flovyn",
        "Restart=always",
        "WantedBy=multi-user.target",
        "ExecStart=/opt/flovyn/current/images/server/usr/local/bin/flovyn-server",
    ] {
        assert!(unit.lines().any(|there| there == line), "{line}\n{unit}");
    }
    let environment = text("env/server.env");
    assert!(
        environment.contains("\nCONFIG_FILE=/opt/flovyn/releases/1.0.0/config/server/config.toml\n"),
        "{environment}"
    );
    let url = "\nDATABASE_URL=\"postgres://flovyn:${secret-url:database_password}@localhost:5432/flovyn\"\n";
    assert!(environment.contains(url), "{environment}");
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the tool checks what we render, it is not run by us"
)]
#[expect(
    clippy::print_stderr,
    reason = "a test that cannot run must not look as if it had"
)]
fn units_are_well_confined() {
    let golden = root().join("tests/golden");
    let units: Vec<Utf8PathBuf> = files_below(&golden)
        .into_iter()
        .filter(|path| path.extension() == Some("service"))
        .collect();
    assert!(!units.is_empty());
    for unit in units {
        let answer = Command::new("systemd-analyze")
            .args(["security", "--no-pager", "--offline=true"])
            .arg(format!("--threshold={EXPOSURE}"))
            .arg(golden.join(&unit))
            .output();
        let Ok(answer) = answer else {
            eprintln!("SKIPPED: systemd-analyze is not here, so nobody looked at how units are confined");
            return;
        };
        let words = String::from_utf8_lossy(&answer.stdout).into_owned();
        let overall = words.lines().last().unwrap_or_default();
        eprintln!("{unit}: {overall}");
        let more = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert!(answer.status.success(), "{unit}: {overall}\n{more}");
    }
}
