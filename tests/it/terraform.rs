//! With the real program and the resources that it brings along itself, which need no provider.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use landfall::tools::{
    CancelToken, ChangeCount, PlanMode, TERRAFORM_OLDEST, Terraform, TerraformEvent, ToolError, find_program,
};

const ROOT: &str = r#"
    variable "fails" { default = false }
    resource "terraform_data" "first" { input = "one" }
    resource "terraform_data" "second" {
      input = terraform_data.first.id
      provisioner "local-exec" { command = "sleep 1; exit ${var.fails ? 3 : 0}" }
    }
    output "first" { value = terraform_data.first.output }
"#;

/// A root module of its own; none where there is no terraform, which is said aloud.
#[expect(clippy::print_stderr, reason = "what is skipped says so")]
fn root() -> Option<(tempfile::TempDir, Terraform)> {
    let path: Vec<Utf8PathBuf> = path().split(':').map(Utf8PathBuf::from).collect();
    let Ok(program) = find_program("terraform", &path) else {
        eprintln!("SKIPPED: there is no `terraform` on the search path");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    fs_err::write(at.join("main.tf"), ROOT).unwrap();
    let environment = BTreeMap::from([("PATH".to_owned(), self::path())]);
    Some((folder, Terraform::new(program, environment, at)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no `cli` that reads the environment"
)]
fn path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

fn set_failing(folder: &tempfile::TempDir, fails: bool) {
    let text = format!("fails = {fails}\n");
    fs_err::write(folder.path().join("terraform.tfvars"), text).unwrap();
}

#[tokio::test]
async fn what_was_planned_is_applied_and_told_resource_by_resource() {
    let Some((folder, terraform)) = root() else {
        return;
    };
    let cancel = CancelToken::new();
    assert!(terraform.version(&cancel).await.unwrap() >= TERRAFORM_OLDEST);
    terraform.init(&BTreeMap::new(), &cancel).await.unwrap();
    assert_eq!(terraform.resources(&cancel).await.unwrap(), Vec::<String>::new());
    let (file, mut planned) = (Utf8Path::new("saved"), Vec::new());
    let note = |event| planned.push(event);
    assert!(
        terraform
            .plan(PlanMode::Apply, file, note, &cancel)
            .await
            .unwrap()
    );
    let count = ChangeCount {
        add: 2,
        ..ChangeCount::default()
    };
    assert!(planned.contains(&TerraformEvent::Summary(count)), "{planned:?}");
    let shown = terraform.show(file, &cancel).await.unwrap();
    assert_eq!(shown["resource_changes"].as_array().unwrap().len(), 2);
    let mut finished = Vec::new();
    let note = |event| {
        if let TerraformEvent::Finished { change, id, .. } = event {
            finished.push((change.address, id.is_some()));
        }
    };
    terraform
        .apply(file, &record(&folder), note, &cancel)
        .await
        .unwrap();
    let made = |name: &str| (format!("terraform_data.{name}"), true);
    assert_eq!(finished, [made("first"), made("second")]);
    assert_eq!(terraform.outputs(&cancel).await.unwrap()["first"], "one");
    let again = terraform
        .plan(PlanMode::Apply, file, |_| {}, &cancel)
        .await
        .unwrap();
    assert!(!again, "nothing is left to do");
}

#[tokio::test]
async fn a_failure_names_the_resource_and_keeps_what_was_made() {
    let Some((folder, terraform)) = root() else {
        return;
    };
    let cancel = CancelToken::new();
    terraform.init(&BTreeMap::new(), &cancel).await.unwrap();
    set_failing(&folder, true);
    let file = Utf8Path::new("saved");
    terraform
        .plan(PlanMode::Apply, file, |_| {}, &cancel)
        .await
        .unwrap();
    let error = terraform
        .apply(file, &record(&folder), |_| {}, &cancel)
        .await
        .unwrap_err();
    let ToolError::Failed { said, .. } = error else {
        panic!("{error}")
    };
    assert!(
        said.0[0].starts_with("terraform_data.second: local-exec"),
        "{said:?}"
    );
    assert!(said.0[0].contains("exit status 3"), "{said:?}");
    let left = terraform.resources(&cancel).await.unwrap();
    assert!(left.contains(&"terraform_data.first".to_owned()), "{left:?}");
    let stale = terraform
        .apply(file, &record(&folder), |_| {}, &cancel)
        .await
        .unwrap_err();
    let ToolError::Failed { said, .. } = stale else {
        panic!("{stale}")
    };
    assert!(said.0[0].contains("stale"), "{said:?}");
}

#[tokio::test]
async fn one_that_is_stopped_writes_its_state_down_first() {
    let Some((folder, terraform)) = root() else {
        return;
    };
    let cancel = CancelToken::new();
    terraform.init(&BTreeMap::new(), &cancel).await.unwrap();
    let file = Utf8Path::new("saved");
    terraform
        .plan(PlanMode::Apply, file, |_| {}, &cancel)
        .await
        .unwrap();
    let stop = cancel.clone();
    let at_second = move |event| {
        if matches!(&event, TerraformEvent::Started(change) if change.address.ends_with("second")) {
            stop.force();
        }
    };
    let error = terraform
        .apply(file, &record(&folder), at_second, &cancel)
        .await
        .unwrap_err();
    assert!(matches!(error, ToolError::Interrupted { .. }), "{error}");
    let cancel = CancelToken::new();
    let left = terraform.resources(&cancel).await.unwrap();
    assert!(left.contains(&"terraform_data.first".to_owned()), "{left:?}");
    assert!(
        terraform
            .plan(PlanMode::Apply, file, |_| {}, &cancel)
            .await
            .unwrap()
    );
    terraform
        .apply(file, &record(&folder), |_| {}, &cancel)
        .await
        .unwrap();
    assert_eq!(terraform.resources(&cancel).await.unwrap().len(), 2);
}

/// Where it tells what it does.
fn record(folder: &tempfile::TempDir) -> Utf8PathBuf {
    Utf8PathBuf::from_path_buf(folder.path().join("record")).unwrap()
}
