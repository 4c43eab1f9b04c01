//! The Terraform modules, the layers that show how they go together, and those that were rendered: read by `terraform`,
//! tested, and by checkov and tflint.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context as _, ensure};

use super::exceptions::{Exceptions, Finding};
use super::states::{self, State};
use super::{answer, extension, is_there, json, made, scan, text, tflint};
use crate::cluster;
use crate::workspace::{files_below, program, root};

/// How many folders are looked at side by side: each starts a provider, which takes half a gigabyte.
const AT_ONCE: usize = 2;
/// What the modules are written for; the least that shows whether it can be had here.
const PROBE: &str = "terraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\", version = \"~> 5.100\" }\n  }\n}\n";

/// A copy of the modules, so that nothing is left in the checkout.
struct Copied {
    folder: PathBuf,
    /// The settings of `terraform` that say where providers come from.
    settings: PathBuf,
}

/// Looks at modules and examples; returns what is wrong.
pub fn check() -> anyhow::Result<Vec<String>> {
    if !is_there("terraform") {
        println!("SKIPPED: nobody looked at the Terraform modules, because `terraform` is not here");
        return Ok(Vec::new());
    }
    let folder = std::env::temp_dir().join(format!("landfall-terraform-{}", std::process::id()));
    let wrong = check_in(&folder);
    fs::remove_dir_all(&folder)?;
    wrong
}

fn check_in(folder: &Path) -> anyhow::Result<Vec<String>> {
    let copied = Copied::new(folder)?;
    let goldens = goldens(folder)?;
    let mut wrong = super::tables::outdated(&root().join("terraform/modules"))?;
    wrong.extend(copied.said(folder, &["fmt", "-check", "-recursive", "-diff"])?);
    let exceptions = Exceptions::read("terraform/exceptions.yaml")?;
    wrong.extend(tflint::check(folder, &exceptions)?);
    let probe = folder.join("probe");
    fs::create_dir_all(&probe)?;
    fs::write(probe.join("main.tf"), PROBE)?;
    if let Some(words) = copied.said(&probe, &["init", "-input=false"])? {
        println!(
            "SKIPPED: nobody tested the Terraform modules, because the AWS provider is not here: {words}"
        );
    } else {
        wrong.extend(copied.side_by_side(&folders(folder, &goldens)?)?);
    }
    // The copy for checkov holds what is there for tests, which are no resources.
    wrong.extend(checkov(folder, &exceptions)?);
    wrong.extend(exceptions.unmet_but_by(&["checkov", "tflint"]));
    Ok(wrong)
}

/// Copies the golden folders of the target, each with the modules that it calls beside it, and what tests its layers.
fn goldens(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let golden = root().join("tests/golden");
    let mut cases = Vec::new();
    for file in files_below(&golden)
        .iter()
        .filter(|file| file.ends_with("application/main.tf"))
    {
        let case = file.ancestors().nth(2).context("a golden folder has a name")?;
        let name: Vec<_> = case
            .strip_prefix(&golden)?
            .iter()
            .map(|it| it.to_string_lossy())
            .collect();
        let to = folder.join("golden").join(name.join("-"));
        copy(&files_below(case), case, &to)?;
        for module in fs::read_dir(root().join("terraform/modules"))? {
            let module = module?.path();
            let files = files_below(&module);
            let kept: Vec<PathBuf> = files
                .into_iter()
                .filter(|file| !file.starts_with(module.join("tests")))
                .collect();
            copy(&kept, &root().join("terraform"), &to)?;
        }
        let tests = to.join("application/tests");
        for (from, at) in [
            ("tests/data/aws", &tests),
            ("terraform/tests/mocks", &tests.join("mocks")),
        ] {
            let from = root().join(from);
            copy(&files_below(&from), &from, at)?;
        }
        cases.push(to);
    }
    cases.sort();
    Ok(cases)
}

/// Copies files to the same places below another folder.
fn copy(files: &[PathBuf], from: &Path, to: &Path) -> anyhow::Result<()> {
    for file in files {
        let to = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(to.parent().unwrap_or(from))?;
        fs::copy(file, to)?;
    }
    Ok(())
}

/// Lists modules, examples, and the layers of golden folders.
fn folders(folder: &Path, goldens: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for golden in goldens {
        let layers = ["bootstrap", "foundation", "data", "application"].map(|layer| golden.join(layer));
        found.extend(layers.into_iter().filter(|layer| layer.is_dir()));
    }
    for kind in ["modules", "examples"] {
        for entry in fs::read_dir(folder.join(kind))? {
            found.push(entry?.path());
        }
    }
    found.sort();
    Ok(found)
}

impl Copied {
    fn new(folder: &Path) -> anyhow::Result<Self> {
        let from = root().join("terraform");
        let mut files = files_below(&from);
        files.retain(|file| extension(file, &["tf", "hcl"]));
        copy(&files, &from, folder)?;
        Ok(Self {
            settings: settings(folder)?,
            folder: folder.to_owned(),
        })
    }

    /// Checks folder after folder, two at a time.
    fn side_by_side(&self, folders: &[PathBuf]) -> anyhow::Result<Vec<String>> {
        let waiting: Mutex<VecDeque<&PathBuf>> = Mutex::new(folders.iter().collect());
        let next = || waiting.lock().ok().and_then(|mut waiting| waiting.pop_front());
        let states = Mutex::new(BTreeMap::new());
        let work = || -> anyhow::Result<(Vec<String>, usize)> {
            let (mut wrong, mut tests) = (Vec::new(), 0);
            while let Some(folder) = next() {
                tests += runs(folder)?;
                wrong.extend(self.folder(folder, &states)?);
            }
            Ok((wrong, tests))
        };
        let all = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().ok())
                .collect::<Vec<_>>()
        });
        let (mut wrong, mut tests) = (Vec::new(), 0);
        for one in all {
            let (words, count) = one.context("a check ended early")??;
            wrong.extend(words);
            tests += count;
        }
        let states = states.into_inner().unwrap_or_default();
        wrong.extend(made::outdated(&states)?);
        wrong.extend(scan::check(&states)?);
        println!(
            "{} Terraform modules, examples and layers read, {tests} tests run",
            folders.len()
        );
        Ok(wrong)
    }

    /// Checks one folder: a module by its tests, which validate it too, an example by itself, an application with the
    /// layers that it stands on.
    fn folder(&self, folder: &Path, states: &Mutex<scan::Folders>) -> anyhow::Result<Option<String>> {
        if let Some(words) = self.said(folder, &["init", "-input=false", "-backend=false"])? {
            return Ok(Some(words));
        }
        let has_tests = folder.join("tests").is_dir();
        match made::case(folder).filter(|_| has_tests && folder.ends_with("application")) {
            Some(case) => self.layers(folder, case, states),
            None if has_tests => self.said(folder, &["test"]),
            None => self.said(folder, &["validate"]),
        }
    }

    /// Applies the layers of a golden folder, and keeps what they are made of.
    fn layers(
        &self,
        folder: &Path,
        case: String,
        states: &Mutex<scan::Folders>,
    ) -> anyhow::Result<Option<String>> {
        let arguments = [
            "-json",
            "-verbose",
            "-var-file=../foundation/terraform.tfvars",
            "-var-file=../data/terraform.tfvars",
        ];
        let mut terraform = self.terraform(folder, "test", &arguments);
        let answer = answer(&mut terraform)?;
        let said = String::from_utf8_lossy(&answer.stdout);
        if !answer.status.success() {
            return Ok(Some(format!("terraform test of {case}: {}", made::errors(&said))));
        }
        let made: Vec<State> = states::read(&said)?;
        if let Ok(mut states) = states.lock() {
            states.insert(case, made);
        }
        Ok(None)
    }

    fn terraform(&self, folder: &Path, verb: &str, options: &[&str]) -> Command {
        let mut terraform = program("terraform");
        terraform
            .arg(verb)
            .args(options)
            .current_dir(folder)
            .env("TF_CLI_CONFIG_FILE", &self.settings);
        if verb != "fmt" {
            terraform.arg("-no-color");
        }
        terraform
    }

    /// Runs `terraform` in a folder; returns what it said when it was not content.
    fn said(&self, folder: &Path, arguments: &[&str]) -> anyhow::Result<Option<String>> {
        let (verb, options) = arguments.split_first().context("terraform needs a verb")?;
        let answer = answer(&mut self.terraform(folder, verb, options))?;
        let words = [&answer.stdout[..], &answer.stderr[..]].concat();
        let name = folder.strip_prefix(&self.folder).unwrap_or(folder).display();
        let line = || {
            format!(
                "terraform {verb} in terraform/{name}: {}",
                String::from_utf8_lossy(&words).trim()
            )
        };
        Ok((!answer.status.success()).then(line))
    }
}

/// Counts the tests of a module.
fn runs(folder: &Path) -> anyhow::Result<usize> {
    let mut count = 0;
    for file in files_below(&folder.join("tests")) {
        count += fs::read_to_string(file)?
            .lines()
            .filter(|line| line.starts_with("run \""))
            .count();
    }
    Ok(count)
}

/// Gives the developer's own settings, or ones that take providers from a folder of this machine when there is one.
fn settings(folder: &Path) -> anyhow::Result<PathBuf> {
    let own = std::env::var_os("TF_CLI_CONFIG_FILE").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".terraformrc"));
    if let Some(own) = own.into_iter().chain(home).find(|file| file.is_file()) {
        return Ok(own);
    }
    let made = folder.join("terraform.rc");
    let text = match mirror() {
        Some(mirror) => {
            format!("provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n")
        }
        None => String::new(),
    };
    fs::write(&made, text)?;
    Ok(made)
}

/// Finds a folder of providers, where machines without a registry keep one.
fn mirror() -> Option<PathBuf> {
    let optional = fs::read_dir("/opt")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let usual = [
        "/usr/share/terraform/plugins",
        "/usr/local/share/terraform/plugins",
    ]
    .map(PathBuf::from);
    optional
        .chain(usual)
        .find(|folder| folder.join("registry.terraform.io/hashicorp/aws").is_dir())
}

/// Asks checkov about modules and examples at once; what it finds in a module it finds through an example too.
fn checkov(folder: &Path, exceptions: &Exceptions) -> anyhow::Result<Vec<String>> {
    let program_path = match cluster::checkov() {
        Ok(path) => path,
        Err(error) => {
            println!("SKIPPED: checkov did not look at the Terraform modules: {error:#}");
            return Ok(Vec::new());
        }
    };
    let answer = answer(
        program(program_path)
            .args(["--framework", "terraform", "--compact", "--skip-download"])
            .args(["--output", "json", "--directory", "."])
            .current_dir(folder)
            .env("LOG_LEVEL", "ERROR"),
    )?;
    let said = json(&answer, "checkov")?;
    let resources = said["summary"]["resource_count"].as_u64().unwrap_or_default();
    ensure!(
        resources > 100,
        "checkov passed over the modules: it saw {resources} resources"
    );
    ensure!(
        said["summary"]["parsing_errors"] == 0,
        "checkov could not read everything"
    );
    let (mut wrong, mut left) = (Vec::new(), 0);
    for check in said["results"]["failed_checks"]
        .as_array()
        .map_or(&[][..], Vec::as_slice)
    {
        let finding = finding(check);
        if exceptions.covers(&finding) {
            left += 1;
        } else {
            wrong.push(finding.line());
        }
    }
    println!("checkov looked at {resources} resources of Terraform; {left} findings are left on purpose");
    wrong.extend(exceptions.unmet_by("checkov"));
    Ok(wrong)
}

/// Reads what checkov found at `<module>:<address>`.
fn finding(check: &serde_json::Value) -> Finding {
    let file = Path::new(text(&check["file_path"]).trim_start_matches('/'));
    let module = file
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default()
        .to_string_lossy();
    Finding {
        tool: "checkov",
        check: text(&check["check_id"]).to_owned(),
        place: format!("{module}:{}", text(&check["resource"])),
        words: text(&check["check_name"]).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_named_by_module_and_address() {
        let check = serde_json::json!({
            "check_id": "CKV_AWS_18",
            "check_name": "words",
            "file_path": "/modules/log_bucket/main.tf",
            "resource": "module.logs.aws_s3_bucket.this",
        });
        assert_eq!(
            finding(&check).line(),
            "checkov CKV_AWS_18 at log_bucket:module.logs.aws_s3_bucket.this: words"
        );
    }
}
