use std::time::{Duration, Instant};

use super::*;
use crate::secret::Secret;

fn shell(script: &str) -> Invocation {
    Invocation::new("/bin/sh", "testing").args(["-c", script])
}

#[tokio::test]
async fn output_is_collected_and_secrets_are_replaced_in_it() {
    let call = shell("echo out; echo \"token $TOKEN\" >&2; cat").secret_env("TOKEN", Secret::new("hunter2"));
    let output = call.stdin("read me").run(&CancelToken::new()).await.unwrap();
    assert_eq!(output.stdout, "out\nread me\n");
    assert_eq!(output.stderr, "token [secret]\n");
}

#[tokio::test]
async fn what_is_recorded_is_told_too_and_lies_behind_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = camino::Utf8PathBuf::from_path_buf(folder.path().join("record")).unwrap();
    fs_err::write(&file, "before\n").unwrap();
    let call = shell("echo one; sleep 0.2; printf 'two\nthree'; echo wrong >&2").record(&file);
    let output = call.run(&CancelToken::new()).await.unwrap();
    assert_eq!(output.stdout, "one\ntwo\nthree\n");
    assert_eq!(output.stderr, "wrong\n");
    assert_eq!(fs_err::read_to_string(&file).unwrap(), "before\none\ntwo\nthree");
}

#[tokio::test]
async fn a_program_that_is_recorded_goes_on_when_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let file = camino::Utf8PathBuf::from_path_buf(folder.path().join("record")).unwrap();
    let call = shell("echo begun; sleep 0.3; echo done").record(&file);
    let running = super::running::Running::start(&call, super::running::Wires::default()).unwrap();
    // As when we are killed: nothing of ours is run any more.
    std::mem::forget(running);
    let begin = Instant::now();
    while !fs_err::read_to_string(&file).is_ok_and(|text| text == "begun\ndone\n") {
        assert!(begin.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_environment_starts_empty() {
    let call = Invocation::new("/usr/bin/env", "testing").env("ONLY", "this");
    assert_eq!(call.run(&CancelToken::new()).await.unwrap().stdout, "ONLY=this\n");
}

#[tokio::test]
async fn a_failure_tells_status_and_last_lines() {
    let error = shell("echo reason >&2; exit 3")
        .run(&CancelToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "testing: `sh` ended with status 3");
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "reason");
    assert_eq!(
        shell("exit 3")
            .accept(3)
            .run(&CancelToken::new())
            .await
            .unwrap()
            .code,
        3
    );
}

#[tokio::test]
async fn a_missing_program_is_told_apart_from_a_missing_directory() {
    let missing = Invocation::new("/no/such", "testing")
        .run(&CancelToken::new())
        .await
        .unwrap_err();
    assert!(matches!(missing, ToolError::Missing { .. }));
    let elsewhere = shell("true")
        .directory("/no/such")
        .run(&CancelToken::new())
        .await
        .unwrap_err();
    assert!(matches!(elsewhere, ToolError::Spawn { .. }));
}

#[tokio::test]
async fn a_first_cancel_lets_it_finish() {
    let cancel = CancelToken::new();
    let call = shell("echo ready; sleep 0.2; echo done");
    let mut lines = Vec::new();
    let ran = call.stream(&cancel, |_, line| {
        if line == "ready" {
            cancel.cancel();
        }
        lines.push(line.to_owned());
    });
    assert_eq!(ran.await.unwrap(), 0);
    assert_eq!(lines, ["ready", "done"]);
}

#[tokio::test]
async fn a_forced_cancel_kills_the_whole_group_after_the_grace() {
    let cancel = CancelToken::new();
    let call = shell("trap '' TERM; sh -c 'trap \"\" TERM; echo up; while :; do sleep 0.1; done'");
    let begin = Instant::now();
    let call = call.grace(Duration::from_millis(200));
    let error = call.stream(&cancel, |_, _| cancel.force()).await.unwrap_err();
    assert!(matches!(error, ToolError::Interrupted { .. }));
    // Had the grandchild survived, it would hold the pipe until the drain ends.
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "took {:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn a_timeout_stops_it() {
    let call = shell("sleep 60").timeout(Duration::from_millis(100));
    let error = call.run(&CancelToken::new()).await.unwrap_err();
    assert!(matches!(error, ToolError::TimedOut { .. }));
}

#[tokio::test]
async fn something_left_behind_does_not_hold_us() {
    let begin = Instant::now();
    let output = shell("sleep 5 & echo parent")
        .run(&CancelToken::new())
        .await
        .unwrap();
    assert_eq!(output.stdout, "parent\n");
    assert!(begin.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn open_files_are_limited_for_the_child_only() {
    let before = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let output = shell("ulimit -n")
        .open_files(777)
        .run(&CancelToken::new())
        .await
        .unwrap();
    assert_eq!(output.stdout, "777\n");
    assert_eq!(
        rustix::process::getrlimit(rustix::process::Resource::Nofile),
        before
    );
}

#[tokio::test]
async fn root_can_run_as_another_account() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let nobody = find_account("nobody", "/".into()).unwrap();
    let call = Invocation::new("/usr/bin/id", "testing")
        .args(["-u"])
        .run_as(&nobody);
    assert_eq!(
        call.run(&CancelToken::new()).await.unwrap().stdout.trim(),
        nobody.uid.to_string()
    );
    let call = Invocation::new("/usr/bin/id", "testing")
        .args(["-G"])
        .run_as(&nobody);
    assert_eq!(
        call.run(&CancelToken::new()).await.unwrap().stdout.trim(),
        nobody.gid.to_string()
    );
}

#[tokio::test]
async fn systemctl_is_called_with_the_unit_after_the_dashes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = camino::Utf8Path::from_path(folder.path()).unwrap();
    let fake = folder.join("systemctl");
    let log = folder.join("log");
    // Written by another process: a descriptor open for writing here could leak into a child that another test is just
    // starting, and the kernel refuses to run a file that is being written.
    let write = shell(&format!("cat > {fake} && chmod 755 {fake}"));
    let script = format!("#!/bin/sh\necho \"$@\" >> {log}\necho MainPID=7\n");
    write.stdin(script).run(&CancelToken::new()).await.unwrap();
    let systemctl = Systemctl::new(fake, std::collections::BTreeMap::new());
    let cancel = CancelToken::new();
    systemctl
        .start(&["a.service", "b.service"], &cancel)
        .await
        .unwrap();
    assert_eq!(
        systemctl.show("a.service", &cancel).await.unwrap().main_pid,
        Some(7)
    );
    let calls = fs_err::read_to_string(log).unwrap();
    assert!(
        calls.starts_with("--no-pager --no-ask-password start -- a.service b.service\n"),
        "{calls}"
    );
}
