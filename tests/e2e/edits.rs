//! What customers change by hand in placed files is kept, merged or asked about; never overwritten in silence.

use camino::Utf8PathBuf;
use serde_json::Value;

use super::common::{Ground, free_port, repository, sample, steps_of, under};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

fn environment(ground: &Ground, component: &str) -> Utf8PathBuf {
    ground.root().join(format!("releases/1.0.0/env/{component}.env"))
}

fn read(path: &Utf8PathBuf) -> String {
    fs_err::read_to_string(path).unwrap()
}

/// Writes another endpoint for traces into a component's environment, by hand.
fn edit_endpoint(ground: &Ground, component: &str, endpoint: &str) -> String {
    let file = environment(ground, component);
    let lines: Vec<String> = read(&file)
        .lines()
        .map(|line| match line.starts_with(ENDPOINT) {
            true => format!("{ENDPOINT}=\"{endpoint}\""),
            false => line.to_owned(),
        })
        .collect();
    let text = lines.join("\n") + "\n";
    assert!(text.contains(endpoint), "{text}");
    fs_err::write(&file, &text).unwrap();
    text
}

#[test]
fn an_edit_is_kept_by_every_later_up_and_merged_with_what_changes() {
    let mut ground = Ground::new();
    ground.up();
    let files = ["web", "worker"].map(|component| environment(&ground, component));
    for file in &files {
        fs_err::write(file, read(file) + "MINE=\"by hand\"\n").unwrap();
    }
    ground.expect(0, &["plan", "--check"]);
    ground
        .up()
        .says("env/web.env: kept, edited by you")
        .says("nothing to do");

    let port = free_port();
    ground.change(|answers| answers["settings"]["worker_port"] = port.into());
    let shown = ground.expect(0, &["plan"]).stdout;
    assert!(shown.contains("env/worker.env: merge of your edits"), "{shown}");
    ground.up().says("env/web.env: kept, edited by you");
    ground.assert_well();
    let merged = read(&files[1]);
    assert!(
        merged.contains(&format!(":{port}")) && merged.contains("MINE="),
        "{merged}"
    );
    assert!(read(&files[0]).contains("MINE="));
    ground
        .up()
        .says("env/worker.env: kept, edited by you")
        .says("nothing to do");
    assert_eq!(read(&files[1]), merged);
}

#[test]
fn both_changed_the_same_line_and_nothing_is_done_until_somebody_decides() {
    let mut ground = Ground::with(|answers| {
        answers["settings"]["otlp_endpoint"] = "http://127.0.0.1:9/old".into();
    });
    ground.up();
    let mine =
        ["api", "worker"].map(|component| edit_endpoint(&ground, component, "http://127.0.0.1:9/mine"));
    ground.change(|answers| answers["settings"]["otlp_endpoint"] = "http://127.0.0.1:9/new".into());
    let said = ground.expect(3, &["up", "--yes"]);
    said.says("yours | ")
        .says("/mine")
        .says("/new")
        .says("--keep env/api.env")
        .says("--overwrite");
    assert_eq!(read(&environment(&ground, "api")), mine[0]);
    ground
        .expect(3, &["up", "--yes", "--keep", "env/apo.env"])
        .says("env/apo.env");
    ground
        .expect(3, &["up", "--yes", "--keep", "env/api.env"])
        .says("env/worker.env");

    let plan = ground.path("decided.plan");
    let decided = ["--keep", "env/api.env", "--overwrite", "env/worker.env"];
    let mut save = vec!["plan", "--out", plan.as_str()];
    save.extend(decided);
    ground.expect(0, &save);
    ground.expect(0, &["up", "--plan", plan.as_str()]);
    ground.assert_well();
    assert_eq!(read(&environment(&ground, "api")), mine[0], "kept");
    assert!(
        read(&environment(&ground, "worker")).contains("/new"),
        "overwritten"
    );
    assert!(
        read(&environment(&ground, "web")).contains("/new"),
        "not edited, so written"
    );
    ground
        .up()
        .says("env/api.env: kept, edited by you")
        .says("nothing to do");

    let steps = |arguments: &[&str]| {
        let plan: Value = ground.expect(0, arguments).json();
        plan["steps"].to_string()
    };
    let steps = steps(&["plan", "--output", "json", "--overwrite", "all"]);
    assert!(
        steps.contains("api/stop"),
        "what runs may have read the edit: {steps}"
    );
    ground.expect(0, &["up", "--yes", "--overwrite", "all"]);
    assert!(read(&environment(&ground, "api")).contains("/new"));
    assert!(steps_of(&ground).is_empty());
    ground.assert_well();
}

#[test]
fn an_edited_unit_and_a_file_that_is_gone() {
    let ground = Ground::new();
    ground.up();
    let unit = ground
        .root()
        .join(format!("supervisor/units/{}-web.yaml", ground.name));
    fs_err::write(&unit, read(&unit) + "environment: { MINE: \"yes\" }\n").unwrap();
    fs_err::remove_file(environment(&ground, "worker")).unwrap();
    ground.up().says(&format!("units/{}-web.yaml: kept", ground.name));
    assert!(read(&unit).contains("MINE"));
    assert!(
        environment(&ground, "worker").exists(),
        "what is gone is placed again"
    );
    ground.expect(0, &["up", "--yes", "--overwrite", unit.as_str()]);
    assert!(!read(&unit).contains("MINE"));
    ground.assert_well();
}

#[test]
fn edits_go_along_to_another_release_and_back() {
    let ground = Ground::new();
    ground.add_release("1.1.0", &sample().join("1.1.0"));
    ground.up();
    let (web, worker) = (environment(&ground, "web"), environment(&ground, "worker"));
    fs_err::write(&web, read(&web) + "MINE=\"by hand\"\n").unwrap();
    // What may hold a secret is not merged, and not recorded: somebody has to decide.
    fs_err::write(&worker, read(&worker) + "SMTP_PASSWORD=\"hunter2\"\n").unwrap();
    ground
        .expect(3, &["upgrade", "--to", "1.1.0", "--yes"])
        .says("env/worker.env")
        .says("[hidden]");
    let shown = ground
        .expect(0, &["plan", "--to", "1.1.0", "--keep", "env/worker.env"])
        .stdout;
    assert!(shown.contains("env/web.env: merge of your edits"), "{shown}");
    ground.expect(
        0,
        &["upgrade", "--to", "1.1.0", "--yes", "--keep", "env/worker.env"],
    );
    let new = |component: &str| ground.root().join(format!("releases/1.1.0/env/{component}.env"));
    let merged = read(&new("web"));
    assert!(merged.contains("MINE=") && merged.contains("1.1.0"), "{merged}");
    assert!(read(&new("worker")).contains("hunter2"), "carried as it is");
    for path in under(&ground.path(".landfall")) {
        let text = fs_err::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(!text.unwrap_or_default().contains("hunter2"), "{path}");
    }
    ground
        .up()
        .says("env/web.env: kept, edited by you")
        .says("nothing to do");
    fs_err::write(new("web"), merged + "MORE=\"later\"\n").unwrap();
    ground.expect(0, &["rollback", "--yes", "--keep", "env/worker.env"]);
    let back = read(&web);
    assert!(
        back.contains("MINE=") && back.contains("MORE=") && back.contains("1.0.0"),
        "{back}"
    );
    ground.assert_well();
}

#[test]
fn a_changed_default_is_decided_before_an_upgrade() {
    let mut ground = Ground::new();
    let products = ground.path("products");
    let copy = |default: &str| {
        let from = repository("products/sample");
        for path in under(&from).into_iter().filter(|path| path.is_file()) {
            let to = products.join("sample").join(path.strip_prefix(&from).unwrap());
            fs_err::create_dir_all(to.parent().unwrap()).unwrap();
            fs_err::copy(&path, &to).unwrap();
        }
        let file = products.join("sample/product.yaml");
        let asked = "    type: url\n    optional: true\n";
        let text = read(&file);
        assert!(text.contains(asked), "{text}");
        fs_err::write(
            file,
            text.replace(asked, &format!("    type: url\n    default: {default}\n")),
        )
        .unwrap();
    };
    copy("http://127.0.0.1:9/old");
    ground
        .environment
        .push(("LANDFALL_PRODUCTS".to_owned(), products.to_string()));
    ground.add_release("1.1.0", &sample().join("1.1.0"));
    ground.up();
    copy("http://127.0.0.1:9/new");
    let upgrade = ["upgrade", "--to", "1.1.0", "--yes"];
    let said = ground.expect(3, &upgrade);
    said.says("default of settings.otlp_endpoint changes: http://127.0.0.1:9/old → http://127.0.0.1:9/new");
    said.says("--accept-defaults").says("--keep-defaults");
    let shown = ground.expect(0, &["plan", "--to", "1.1.0"]);
    shown.says("default of settings.otlp_endpoint changes");
    ground.expect(0, &[&upgrade[..], &["--keep-defaults"]].concat());
    let answers = read(&ground.path("landfall.yaml"));
    assert!(
        answers.contains("otlp_endpoint: \"http://127.0.0.1:9/old\""),
        "{answers}"
    );
    assert!(read(&ground.root().join("releases/1.1.0/env/web.env")).contains("/old"));
    ground.up().says("nothing to do");
}
