//! What programs read.

use serde_json::Value;

use super::common::{At, Ground, ask};

#[test]
fn status_runs_and_plans_are_json_for_programs_and_logs_show_what_components_wrote() {
    let ground = Ground::new();
    let up = ground.expect(0, &["up", "--yes", "--output", "json"]).json();
    assert_eq!(up["outcome"], "succeeded", "{up:#}");
    assert_eq!(up["steps"].as_array().unwrap().len(), 24);
    let again = ground.expect(0, &["up", "--yes", "--output", "json"]).json();
    assert_eq!(again["status"], "nothing-to-do");

    let status = ground.status();
    assert_eq!(status["healthy"], true);
    assert_eq!(status["installed"], "Notes 1.0.0");
    let components = status["components"].as_array().unwrap();
    let names: Vec<&str> = components
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["database", "api", "web", "worker", "proxy"]);

    let runs = ground.runs();
    assert_eq!(runs.len(), 1);
    let id = runs[0]["about"]["id"].as_str().unwrap();
    let shown = ground.expect(0, &["runs", "show", id, "--output", "json"]).json();
    assert_eq!(shown["about"]["id"], id);
    let records = shown["records"].as_array().unwrap();
    assert!(records.len() > 40, "{}", records.len());
    let shown = ground.expect(0, &["runs", "show", id]);
    assert!(shown.stdout.contains("migrate"), "{}", shown.stdout);

    ask("GET", &ground.url("/api/notes"), None);
    let logs = ground.expect(0, &["logs"]);
    for component in ["database", "api", "web", "worker", "proxy"] {
        let prefix = format!("{component:<10} | ");
        assert!(
            logs.stdout.lines().any(|line| line.starts_with(&prefix)),
            "{component}: {}",
            logs.stdout
        );
    }
    let logs = ground.expect(0, &["logs", "api", "-n", "1"]);
    assert_eq!(logs.stdout.lines().count(), 1);
    let logs = ground.expect(0, &["logs", "api", "--output", "json"]);
    for line in logs.stdout.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    ground.expect(3, &["logs", "apo"]).says("did you mean `api`");
}

#[test]
fn status_names_an_unfinished_run_and_what_goes_on_with_it() {
    let ground = Ground::new();
    ground.expect(3, &["status"]).says("nothing is installed");
    ground.kill_at(&["up", "--yes"], &At::start("database/start"), false);
    let status = ground.status();
    assert!(status["unfinished"].is_string(), "{status:#}");
    assert!(status["operator"].is_null(), "{status:#}");
    let told = ground.expect(0, &["status"]);
    assert!(told.stdout.contains("landfall resume"), "{}", told.stdout);
    ground.expect(0, &["rollback"]);
}
