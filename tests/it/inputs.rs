//! Broken inputs: each is refused with its place, in words, without a panic and without showing a secret.
//!
//! `tests/data/broken/<kind>/index.yaml` lists what each input must be answered with. A test looks at all inputs of
//! its kind and reports all that fail at once.

use camino::{Utf8Path, Utf8PathBuf};
use landfall::journal::{FORMAT, Record, RecordKind, RunAbout, RunId};
use landfall::oci::{Digest, ImageSource, Platform, UnpackOptions};
use landfall::plan::{Action, Draft, Plan, Purpose, Step, StepId, Undo};
use serde::Deserialize;

use crate::common::{Ran, TestEnv, copy_folder, data};

/// What stands where a secret was typed by mistake; none of it may ever be shown.
const SECRETS: [&str; 2] = ["hunter2-plain", "20482048"];

const RUN: &str = "20260304-050607-a10f";

/// One broken input and what must be said about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The file or folder.
    file: String,
    /// The line and column of the first complaint.
    #[serde(default)]
    at: Option<String>,
    /// What is said.
    says: Vec<String>,
    /// The exit code.
    #[serde(default = "three")]
    exit: i32,
    /// What is taken away from the good input, for a folder.
    #[serde(default)]
    without: Vec<String>,
}

fn three() -> i32 {
    3
}

fn folder(kind: &str) -> Utf8PathBuf {
    data(&format!("broken/{kind}"))
}

fn cases(kind: &str) -> Vec<Case> {
    let text = fs_err::read_to_string(folder(kind).join("index.yaml")).unwrap();
    let cases: Vec<Case> = serde_yaml::from_str(&text).unwrap();
    let mut listed: Vec<&str> = cases.iter().map(|case| case.file.as_str()).collect();
    listed.push("index.yaml");
    listed.sort_unstable();
    let mut there: Vec<String> = folder(kind)
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_owned())
        .collect();
    there.sort();
    assert_eq!(there, listed, "files and index of {kind} differ");
    cases
}

/// Looks at every input of a kind; `named` is what messages call the file.
fn each(kind: &str, named: &str, run: impl Fn(&Case, &[&str]) -> Ran) {
    let mut failures = Vec::new();
    for case in cases(kind) {
        let text = run(&case, &[]);
        let mut wrong = judge(&case, &text, named);
        let json = run(&case, &["--output", "json"]);
        match serde_json::from_str::<serde_json::Value>(&json.stdout) {
            Ok(value) if json.code != Some(0) && value.get("exit_code").is_some() => {
                if value["exit_code"] != case.exit || json.code != Some(case.exit) {
                    wrong.push(format!(
                        "JSON says {} and exits {:?}",
                        value["exit_code"], json.code
                    ));
                }
            }
            // A verdict on a license is data, not an error.
            Ok(value) if value.get("verdict").is_some() => {}
            other => wrong.push(format!("no JSON of an error: {other:?}")),
        }
        for secret in SECRETS {
            if text.all().contains(secret) || json.all().contains(secret) {
                wrong.push(format!("`{secret}` is shown"));
            }
        }
        if !wrong.is_empty() {
            failures.push(format!("{kind}/{}: {}\n{text}", case.file, wrong.join("; ")));
        }
    }
    assert!(
        failures.is_empty(),
        "{} fail:\n\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn judge(case: &Case, ran: &Ran, named: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if ran.code != Some(case.exit) {
        wrong.push(format!("exits {:?} instead of {}", ran.code, case.exit));
    }
    if let Some(at) = &case.at
        && !ran.stderr.contains(&format!("{named}:{at}: "))
    {
        wrong.push(format!("is not placed at {named}:{at}"));
    }
    let all = ran.all();
    for words in case.says.iter().filter(|words| !all.contains(words.as_str())) {
        wrong.push(format!("does not say `{words}`"));
    }
    wrong
}

fn with(args: &[&str], more: &[&str], env: &TestEnv) -> Ran {
    env.run(&[args, more].concat())
}

#[test]
fn broken_definitions_are_refused_at_their_place() {
    let env = TestEnv::with_products();
    let product = env.root().join("products/mini/product.yaml");
    each("definition", "[ROOT]/products/mini/product.yaml", |case, more| {
        fs_err::copy(folder("definition").join(&case.file), &product).unwrap();
        with(&["product", "check", "mini"], more, &env)
    });
}

#[test]
fn broken_answers_are_refused_at_their_place() {
    let env = TestEnv::with_products();
    each("answers", "landfall.yaml", |case, more| {
        env.write(
            "landfall.yaml",
            fs_err::read(folder("answers").join(&case.file)).unwrap(),
        );
        with(&["plan"], more, &env)
    });
}

#[test]
fn broken_releases_are_refused_at_their_place() {
    let env = TestEnv::with_products();
    env.write("landfall.yaml", GOOD_ANSWERS);
    let release = env.root().join("products/demo/releases/1.0.0.yaml");
    each(
        "release",
        "[ROOT]/products/demo/releases/1.0.0.yaml",
        |case, more| {
            fs_err::copy(folder("release").join(&case.file), &release).unwrap();
            with(&["plan"], more, &env)
        },
    );
}

#[test]
fn broken_plans_are_refused() {
    let env = TestEnv::with_products();
    env.write("landfall.yaml", GOOD_ANSWERS);
    each("plan", "plan.json", |case, more| {
        env.write(
            "plan.json",
            fs_err::read(folder("plan").join(&case.file)).unwrap(),
        );
        with(&["up", "--plan", "plan.json"], more, &env)
    });
}

#[test]
fn broken_journals_are_refused_by_every_verb_that_reads_them() {
    for verb in [&["runs", "show", RUN][..], &["resume"]] {
        each("journal", "", |case, more| {
            let env = TestEnv::with_products();
            env.write("landfall.yaml", GOOD_ANSWERS);
            let run = env.work().join(".landfall/one/runs").join(RUN);
            copy_folder(&data("run"), &run);
            copy_folder(&folder("journal").join(&case.file), &run);
            for name in &case.without {
                fs_err::remove_file(run.join(name)).unwrap();
            }
            with(verb, more, &env)
        });
    }
}

#[test]
fn broken_licenses_are_judged() {
    let env = TestEnv::new();
    each("license", "license.jwt", |case, more| {
        env.write(
            "license.jwt",
            fs_err::read(folder("license").join(&case.file)).unwrap(),
        );
        let args = [
            "license",
            "check",
            "license.jwt",
            "--product",
            "sample",
            "--tier",
            "enterprise",
        ];
        with(&args, more, &env)
    });
}

#[test]
fn broken_layouts_are_refused() {
    let mut failures = Vec::new();
    for case in cases("layout") {
        let said = match use_layout(&folder("layout").join(&case.file)) {
            Ok(()) => "nothing is wrong".to_owned(),
            Err(error) => error,
        };
        for words in case.says.iter().filter(|words| !said.contains(words.as_str())) {
            failures.push(format!("{}: does not say `{words}`: {said}", case.file));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Reads everything of a layout that bringing it up would read.
fn use_layout(folder: &Utf8Path) -> Result<(), String> {
    let told = |error: &dyn std::error::Error| {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        text
    };
    let place = tempfile::tempdir().unwrap();
    let place = Utf8Path::from_path(place.path()).unwrap();
    let amd64: Platform = "linux/amd64".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let found = runtime.block_on(async {
        let source = ImageSource::layout(folder)?;
        let image = source.find("demo:1.0.0", &amd64).await?;
        let blobs = source.local(&image).await?;
        landfall::oci::unpack(&image, &blobs, &place.join("tree"), UnpackOptions::default())
    });
    assert!(!place.join("outside").exists(), "{folder} wrote outside its tree");
    found.map(|_| ()).map_err(|error| told(&error))
}

#[test]
fn what_the_broken_inputs_are_made_from_is_sound() {
    let env = TestEnv::with_products();
    for name in ["mini", "demo"] {
        env.run(&["product", "check", name]).exits(0);
    }
    env.write("landfall.yaml", GOOD_ANSWERS);
    env.run(&["plan"]).exits(0);
    copy_folder(&data("run"), &env.work().join(".landfall/one/runs").join(RUN));
    env.run(&["runs", "show", RUN]).exits(0);
    use_layout(&data("layout/good")).unwrap();
    let plan: Plan = serde_json::from_slice(&fs_err::read(data("run/plan.json")).unwrap()).unwrap();
    plan.check().unwrap();
}

const GOOD_ANSWERS: &str = "schema: landfall/answers/v1\nproduct: demo\nname: one\ntier: team\nparts:\n  main:\n    \
                            mode: here\nsettings:\n  motto: Onwards\n";

/// Makes `tests/data/run`: a small run that was interrupted. To be run by hand when the format changes.
#[test]
#[ignore = "writes into the source tree"]
fn write_the_good_run() {
    let step = |subject: &str, needs: &[&str]| Step {
        id: StepId::new(subject, "prepare"),
        title: format!("prepare {subject}"),
        part: "main".to_owned(),
        stage: None,
        opens: false,
        action: Action::Nothing,
        undo: Undo::Nothing("it changes nothing".to_owned()),
        needs: needs.iter().map(|need| StepId::new(need, "prepare")).collect(),
    };
    let plan = Plan::new(Draft {
        purpose: Purpose::Up,
        installation: "one".to_owned(),
        release: "Demo 1.0.0".to_owned(),
        deployment: Digest::of("deployment"),
        artifacts: Digest::of("artifacts"),
        observed: serde_json::json!({}),
        steps: vec![step("a", &[]), step("b", &["a"]), step("c", &[])],
    })
    .unwrap();
    let at = "2026-03-04T05:06:07Z".parse().unwrap();
    let about = RunAbout {
        format: FORMAT,
        id: RUN.parse::<RunId>().unwrap(),
        landfall: "0.1.0".to_owned(),
        who: "jo@here".to_owned(),
        host: "here".to_owned(),
        argv: vec!["landfall".to_owned(), "up".to_owned()],
        parent: None,
        purpose: Purpose::Up,
        plan: plan.hash,
        started: at,
    };
    let a = StepId::new("a", "prepare");
    let kinds = [
        RecordKind::RunStarted,
        RecordKind::StepStarted {
            step: a.clone(),
            attempt: 1,
        },
        RecordKind::StepSucceeded {
            step: a,
            output: Default::default(),
        },
        RecordKind::StepStarted {
            step: StepId::new("b", "prepare"),
            attempt: 1,
        },
    ];
    let root = data("run");
    fs_err::create_dir_all(root.join("journal")).unwrap();
    let pretty = |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap() + "\n";
    fs_err::write(
        root.join("plan.json"),
        pretty(&serde_json::to_value(&plan).unwrap()),
    )
    .unwrap();
    fs_err::write(
        root.join("run.json"),
        pretty(&serde_json::to_value(&about).unwrap()),
    )
    .unwrap();
    fs_err::write(root.join("deployment.yaml"), "name: one\n").unwrap();
    for (sequence, kind) in (1..).zip(kinds) {
        let record = Record {
            format: FORMAT,
            sequence,
            at,
            kind,
        };
        let file = root.join(format!("journal/{sequence:06}.json"));
        fs_err::write(file, serde_json::to_string(&record).unwrap()).unwrap();
    }
}
