//! The charts with every values file that is kept: `ci/` of each, and the golden folders of the kubernetes target.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Deserialize as _;
use serde_json::Value;

use super::exceptions::{Exceptions, Finding};
use super::{answer, json, text};
use crate::cluster::{self, Tools};
use crate::workspace::{files_below, program, root};

/// The oldest, what the test cluster is, and the newest that there are schemas of.
const VERSIONS: [&str; 3] = ["1.31.0", "1.34.0", "1.37.0"];
/// What kube-score calls a warning; what is worse has a lower grade.
const WARNING: u64 = 5;
/// Workloads, which checkov looks at in any case.
const WORKLOADS: [&str; 6] = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"];

/// A chart with one values file, or manifests that are applied as they stand.
struct Case {
    /// `<chart>/<case>`.
    name: String,
    /// The file with everything that it makes.
    rendered: PathBuf,
}

/// Lints and renders case after case.
struct Renderer<'a> {
    tools: &'a Tools,
    folder: &'a Path,
    cases: Vec<Case>,
    wrong: Vec<String>,
}

/// Looks at every case; returns what is wrong.
pub fn check() -> anyhow::Result<Vec<String>> {
    let tools = match cluster::tools() {
        Ok(tools) => tools,
        Err(error) => {
            println!("SKIPPED: nobody looked at the charts, because the tools are not here: {error:#}");
            return Ok(Vec::new());
        }
    };
    let folder = std::env::temp_dir().join(format!("landfall-charts-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let wrong = check_in(&tools, &folder);
    fs::remove_dir_all(&folder)?;
    wrong
}

fn check_in(tools: &Tools, folder: &Path) -> anyhow::Result<Vec<String>> {
    let (cases, mut wrong) = render(tools, folder)?;
    let mut findings = Vec::new();
    for version in VERSIONS {
        findings.extend(kubeconform(tools, folder, version)?);
    }
    for case in &cases {
        findings.extend(kube_score(tools, case)?);
    }
    findings.extend(checkov(tools, folder, &cases)?);
    findings.sort();
    findings.dedup();
    let exceptions = Exceptions::read("helm/exceptions.yaml")?;
    let (left, open): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| exceptions.covers(finding));
    println!(
        "{} charts with values checked for Kubernetes {}; {} findings are left on purpose",
        cases.len(),
        VERSIONS.join(", "),
        left.len()
    );
    wrong.extend(open.iter().map(|finding| finding.line()));
    wrong.extend(exceptions.unmet());
    Ok(wrong)
}

/// Lints and renders every chart with every values file.
fn render(tools: &Tools, folder: &Path) -> anyhow::Result<(Vec<Case>, Vec<String>)> {
    let mut renderer = Renderer {
        tools,
        folder,
        cases: Vec::new(),
        wrong: Vec::new(),
    };
    for chart in ["product", "services"] {
        for values in files_below(&root().join("helm/charts").join(chart).join("ci")) {
            let name = values.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{chart}/{}", name.trim_end_matches("-values.yaml"));
            renderer.template(chart, &name, ("shop", "shop"), &values)?;
        }
    }
    for golden in goldens() {
        let case = golden
            .strip_prefix(root().join("tests/golden"))?
            .display()
            .to_string();
        let namespace = field(&golden.join("namespace.yaml"), &["metadata", "name"])?;
        let release = field(&golden.join("values.yaml"), &["fullnameOverride"])?;
        let of_services = format!("{release}-services");
        for (chart, file, release) in [
            ("product", "values.yaml", &release),
            ("services", "services.values.yaml", &of_services),
        ] {
            let values = golden.join(file);
            if values.is_file() {
                let name = format!("{chart}/{case}");
                renderer.template(chart, &name, (release, &namespace), &values)?;
            }
        }
        let text: Vec<String> = files_below(&golden.join("jobs"))
            .into_iter()
            .chain([golden.join("namespace.yaml")])
            .map(fs::read_to_string)
            .collect::<Result<_, _>>()?;
        // Applied with the namespace named on the command line.
        let text = text.join("\n---\n").replace(
            "\nmetadata:\n  name: ",
            &format!("\nmetadata:\n  namespace: {namespace}\n  name: "),
        );
        renderer.write(&format!("plain/{case}"), &text)?;
    }
    Ok((renderer.cases, renderer.wrong))
}

/// Lists the golden folders of the target.
fn goldens() -> Vec<PathBuf> {
    let files = files_below(&root().join("tests/golden"));
    let folders = files.iter().filter_map(|file| file.parent());
    folders
        .filter(|folder| folder.join("namespace.yaml").is_file() && folder.join("values.yaml").is_file())
        .map(Path::to_owned)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn field(file: &Path, path: &[&str]) -> anyhow::Result<String> {
    let value: Value = serde_yaml::from_str(&fs::read_to_string(file)?)?;
    let found = path.iter().fold(&value, |value, key| &value[key]);
    let text = found.as_str();
    Ok(text
        .with_context(|| format!("{} has no {}", file.display(), path.join(".")))?
        .to_owned())
}

impl Renderer<'_> {
    /// Lints and renders one case, or notes why helm refuses it.
    fn template(
        &mut self,
        chart: &str,
        name: &str,
        (release, namespace): (&str, &str),
        values: &Path,
    ) -> anyhow::Result<()> {
        let chart = root().join("helm/charts").join(chart);
        let helm = || program(self.tools.path.join("helm"));
        let migration: &[&str] = match fs::read_to_string(values)?.contains("\nmigration:") {
            true => &["--set=migration.render=true", "--set-string=migration.runId=1"],
            false => &[],
        };
        let lint = answer(
            helm()
                .args(["lint", "--strict", "--quiet"])
                .arg(&chart)
                .arg("--values")
                .arg(values)
                .args(migration),
        )?;
        let rendered = answer(
            helm()
                .args(["template", release])
                .arg(&chart)
                .args([
                    "--namespace",
                    namespace,
                    "--api-versions=monitoring.coreos.com/v1",
                ])
                .arg("--values")
                .arg(values)
                .args(migration),
        )?;
        for (verb, answer) in [("lint", &lint), ("template", &rendered)] {
            if !answer.status.success() {
                let words = [&answer.stdout[..], &answer.stderr[..]].concat();
                let words = String::from_utf8_lossy(&words).trim().to_owned();
                self.wrong.push(format!("helm {verb} {name}: {words}"));
                return Ok(());
            }
        }
        self.write(name, &String::from_utf8(rendered.stdout)?)
    }

    fn write(&mut self, name: &str, text: &str) -> anyhow::Result<()> {
        // Checkov passes over a file that has two braces in it, because it might be a template.
        let text = text.replace("{{", "((").replace("}}", "))");
        let rendered = self.folder.join(format!("{}.yaml", name.replace('/', "~")));
        fs::write(&rendered, text)?;
        self.cases.push(Case {
            name: name.to_owned(),
            rendered,
        });
        Ok(())
    }
}

/// Gives the name of the case that a tool calls by its file.
fn case_of(file: &str) -> String {
    let name = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    name.replace('~', "/")
}

fn kubeconform(tools: &Tools, folder: &Path, version: &str) -> anyhow::Result<Vec<Finding>> {
    let schemas = tools.schemas.display();
    let customs =
        format!("{schemas}/crds/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json");
    let answer = answer(
        program(tools.path.join("kubeconform"))
            .args(["-strict", "-output", "json", "-kubernetes-version", version])
            .args(["-schema-location", &schemas.to_string()])
            .args(["-schema-location", &customs])
            .arg(folder),
    )?;
    let said = json(&answer, "kubeconform")?;
    let resources = said["resources"].as_array().map_or(&[][..], Vec::as_slice);
    let finding = |it: &Value| Finding {
        tool: "kubeconform",
        check: match text(&it["status"]) {
            "statusError" => text(&it["kind"]).to_owned(),
            status => status.to_owned(),
        },
        place: place(text(&it["filename"]), text(&it["kind"]), text(&it["name"])),
        words: format!("{version}: {}", text(&it["msg"])),
    };
    Ok(resources.iter().map(finding).collect())
}

fn kube_score(tools: &Tools, case: &Case) -> anyhow::Result<Vec<Finding>> {
    let answer = answer(
        program(tools.path.join("kube-score"))
            .args(["score", "--output-format", "json"])
            .arg(&case.rendered),
    )?;
    let said = json(&answer, "kube-score")?;
    let mut findings = Vec::new();
    for object in said.as_array().map_or(&[][..], Vec::as_slice) {
        let checks = object["checks"].as_array().map_or(&[][..], Vec::as_slice);
        for check in checks {
            let is_bad = check["grade"].as_u64().is_some_and(|grade| grade <= WARNING);
            if !is_bad || check["skipped"] == true {
                continue;
            }
            let comment = &check["comments"][0];
            findings.push(Finding {
                tool: "kube-score",
                check: text(&check["check"]["id"]).to_owned(),
                place: format!(
                    "{}:{}/{}",
                    case.name,
                    text(&object["type_meta"]["kind"]),
                    text(&object["object_meta"]["name"])
                ),
                words: format!("{} {}", text(&comment["path"]), text(&comment["summary"])),
            });
        }
    }
    Ok(findings)
}

/// Asks checkov once for all cases: it takes long to start.
fn checkov(tools: &Tools, folder: &Path, cases: &[Case]) -> anyhow::Result<Vec<Finding>> {
    let answer = answer(
        program(tools.path.join("checkov"))
            .args(["--framework", "kubernetes", "--compact", "--skip-download"])
            .args(["--output", "json", "--directory"])
            .arg(folder)
            .env("LOG_LEVEL", "ERROR"),
    )?;
    let said = json(&answer, "checkov")?;
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for (list, failed) in [("passed_checks", false), ("failed_checks", true)] {
        let checks = said["results"][list].as_array();
        for check in checks.map_or(&[][..], Vec::as_slice) {
            let mut names = text(&check["resource"]).splitn(3, '.');
            let (kind, _, name) = (names.next(), names.next(), names.next());
            let place = place(
                text(&check["file_path"]),
                kind.unwrap_or_default(),
                name.unwrap_or_default(),
            );
            seen.insert(place.clone());
            if failed {
                findings.push(Finding {
                    tool: "checkov",
                    check: text(&check["check_id"]).to_owned(),
                    place,
                    words: text(&check["check_name"]).to_owned(),
                });
            }
        }
    }
    for case in cases {
        for (kind, name) in objects(case)? {
            let place = format!("{}:{kind}/{name}", case.name);
            let passed_over = WORKLOADS.contains(&kind.as_str()) && !seen.contains(&place);
            ensure!(!passed_over, "checkov passed over {place}");
        }
    }
    Ok(findings)
}

/// Lists the objects of a case by kind and name.
fn objects(case: &Case) -> anyhow::Result<Vec<(String, String)>> {
    let file = fs::read_to_string(&case.rendered)?;
    let mut objects = Vec::new();
    for document in serde_yaml::Deserializer::from_str(&file) {
        let object = Value::deserialize(document)?;
        if !object.is_null() {
            let kind = text(&object["kind"]).to_owned();
            objects.push((kind, text(&object["metadata"]["name"]).to_owned()));
        }
    }
    Ok(objects)
}

fn place(file: &str, kind: &str, name: &str) -> String {
    format!("{}:{kind}/{name}", case_of(file))
}
