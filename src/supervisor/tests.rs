use std::collections::BTreeMap;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::StreamExt;
use tokio::time::{Instant, sleep};

use super::*;
use crate::tools::{CancelToken, Invocation, Journalctl, Systemctl};

/// The variable that makes [`daemon_process`] a supervisor.
const DAEMON_DIR: &str = "TEST_SUPERVISOR_DIR";

fn shell(name: &str, script: &str) -> UnitSpec {
    UnitSpec::new(name, ["/bin/sh", "-c", script].map(String::from).to_vec())
}

fn write(dir: &Utf8Path, spec: &UnitSpec) {
    fs_err::create_dir_all(dir.join("units")).unwrap();
    fs_err::write(
        dir.join(format!("units/{}.yaml", spec.name)),
        spec.to_yaml().unwrap(),
    )
    .unwrap();
}

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dir = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
    (folder, dir)
}

/// Runs a supervisor inside this process and connects to it.
async fn embedded(dir: &Utf8Path) -> Client {
    let options = Options {
        dir: dir.to_owned(),
        root: "/".into(),
        owns_process: false,
    };
    tokio::spawn(run(options));
    until(|| Client::connect(dir).ok()).await
}

async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "it did not come");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn state(client: &mut Client, name: &str) -> UnitStatus {
    client
        .status()
        .await
        .unwrap()
        .into_iter()
        .find(|unit| unit.name == name)
        .unwrap()
}

fn alive(pid: u32) -> bool {
    let stat = fs_err::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[tokio::test]
async fn a_unit_starts_writes_and_stops_with_its_whole_group() {
    let (_folder, dir) = folder();
    fs_err::write(dir.join("secrets"), "TOKEN=abc\n").unwrap();
    let child = dir.join("child");
    let mut web = shell(
        "web",
        &format!("sleep 1000 & echo $! > {child}; echo \"$TOKEN $MODE\"; wait"),
    );
    web.environment = BTreeMap::from([("MODE".to_owned(), "test".to_owned())]);
    web.environment_files = vec![dir.join("secrets")];
    write(&dir, &web);
    let mut client = embedded(&dir).await;
    let started = client.start("web").await.unwrap();
    assert_eq!(started.state, UnitState::Running);
    assert_eq!(
        fs_err::read_to_string(dir.join("logs/web.log")).unwrap(),
        "abc test\n"
    );
    let child: u32 = fs_err::read_to_string(child).unwrap().trim().parse().unwrap();
    assert!(alive(child));
    let stopped = client.stop("web").await.unwrap();
    assert_eq!(
        (stopped.state, stopped.last_exit.as_deref()),
        (UnitState::Stopped, Some("signal 15"))
    );
    until(|| (!alive(child) && !alive(started.pid.unwrap())).then_some(())).await;
    client.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_ends_is_started_again_with_growing_pauses() {
    let (_folder, dir) = folder();
    let mut flaky = shell("flaky", "exit 3");
    flaky.restart = Restart {
        initial_ms: 50,
        max_s: 1,
        reset_after_s: 60,
    };
    write(&dir, &flaky);
    let mut client = embedded(&dir).await;
    let error = client.start("flaky").await.unwrap_err();
    assert!(error.to_string().contains("did not come up"), "{error}");
    assert!(error.to_string().contains("status 3"), "{error}");
    sleep(Duration::from_millis(1200)).await;
    let restarts = state(&mut client, "flaky").await.restarts;
    // 50 + 100 + 200 + 400 ms have passed, the fifth pause has not.
    assert!((3..=5).contains(&restarts), "{restarts}");
    client.stop("flaky").await.unwrap();
    client.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_one_shot_is_waited_for_and_not_started_again() {
    let (_folder, dir) = folder();
    let good = UnitSpec {
        one_shot: true,
        ..shell("good", "sleep 0.5; echo done")
    };
    let bad = UnitSpec {
        one_shot: true,
        ..shell("bad", "exit 1")
    };
    write(&dir, &good);
    write(&dir, &bad);
    let mut client = embedded(&dir).await;
    let ended = client.start("good").await.unwrap();
    assert_eq!(
        (ended.state, ended.last_exit.as_deref()),
        (UnitState::Stopped, Some("status 0"))
    );
    assert!(client.start("bad").await.is_err());
    assert_eq!(state(&mut client, "bad").await.state, UnitState::Failed);
    client.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_second_supervisor_is_refused() {
    let (_folder, dir) = folder();
    let client = embedded(&dir).await;
    let options = Options {
        dir: dir.clone(),
        root: "/".into(),
        owns_process: false,
    };
    assert!(matches!(run(options).await, Err(SupervisorError::Held(_))));
    client.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_was_up_comes_up_again_in_order_and_goes_down_in_reverse() {
    let (_folder, dir) = folder();
    let trail = dir.join("trail");
    let script = |name: &str| {
        format!(
            "trap 'echo -{name} >> {trail}; exit' TERM; echo +{name} >> {trail}; while :; do sleep 0.05; done"
        )
    };
    write(&dir, &shell("b-database", &script("database")));
    write(
        &dir,
        &UnitSpec {
            after: vec!["b-database".to_owned()],
            ..shell("a-api", &script("api"))
        },
    );
    write(&dir, &shell("c-off", &script("off")));
    let mut client = embedded(&dir).await;
    for name in ["b-database", "a-api", "c-off"] {
        client.start(name).await.unwrap();
    }
    client.stop("c-off").await.unwrap();
    client.shutdown().await.unwrap();
    fs_err::remove_file(&trail).unwrap();
    let mut client = embedded(&dir).await;
    until(|| {
        fs_err::read_to_string(&trail)
            .ok()
            .filter(|text| text.contains("+api"))
    })
    .await;
    assert_eq!(state(&mut client, "c-off").await.state, UnitState::Stopped);
    sleep(Duration::from_millis(400)).await;
    client.shutdown().await.unwrap();
    assert_eq!(
        fs_err::read_to_string(trail).unwrap(),
        "+database\n+api\n-api\n-database\n"
    );
}

#[tokio::test]
async fn files_are_read_again_and_bad_ones_do_not_hurt_good_ones() {
    let (_folder, dir) = folder();
    write(&dir, &shell("web", "sleep 1000"));
    fs_err::write(dir.join("units/broken.yaml"), "nonsense: true\n").unwrap();
    let mut client = embedded(&dir).await;
    assert_eq!(state(&mut client, "broken").await.state, UnitState::Failed);
    let first = client.start("web").await.unwrap();
    write(&dir, &shell("web", "echo new; sleep 1000"));
    write(&dir, &shell("more", "sleep 1000"));
    client.reload().await.unwrap();
    assert_eq!(state(&mut client, "web").await.pid, first.pid);
    client.restart("web").await.unwrap();
    assert_eq!(fs_err::read_to_string(dir.join("logs/web.log")).unwrap(), "new\n");
    client.start("more").await.unwrap();
    fs_err::remove_file(dir.join("units/web.yaml")).unwrap();
    client.reload().await.unwrap();
    assert!(matches!(
        client.start("web").await,
        Err(SupervisorError::UnknownUnit(_))
    ));
    client.shutdown().await.unwrap();
}

#[tokio::test]
async fn root_runs_units_as_their_user() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (_folder, dir) = folder();
    write(
        &dir,
        &UnitSpec {
            user: Some("nobody".to_owned()),
            one_shot: true,
            ..shell("who", "id -un; id -G")
        },
    );
    let mut client = embedded(&dir).await;
    // Without PATH the shell falls back to its own default.
    client.start("who").await.unwrap();
    until(|| {
        fs_err::read_to_string(dir.join("logs/who.log"))
            .ok()
            .filter(|text| text.starts_with("nobody\n"))
    })
    .await;
    client.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_deep_folder_is_no_obstacle() {
    let (_folder, dir) = folder();
    let dir = dir.join("d".repeat(60)).join("e".repeat(60));
    let mut client = embedded(&dir).await;
    assert_eq!(client.ping().await.unwrap().0, std::process::id());
    client.shutdown().await.unwrap();
}

/// Not a test: what [`a_killed_supervisor_leaves_nothing_unnoticed`] starts as a process of its own.
#[tokio::test]
#[ignore = "becomes a supervisor"]
#[expect(
    clippy::disallowed_methods,
    reason = "the test's own way to tell its child what to be"
)]
async fn daemon_process() {
    if let Ok(dir) = std::env::var(DAEMON_DIR) {
        run(Options::daemon(dir)).await.unwrap();
    }
}

fn supervised(dir: &Utf8Path) -> Supervised {
    let program = Utf8PathBuf::from_path_buf(std::env::current_exe().unwrap()).unwrap();
    let arguments = [
        "--exact",
        "supervisor::tests::daemon_process",
        "--ignored",
        "--nocapture",
    ];
    let environment = BTreeMap::from([(DAEMON_DIR.to_owned(), dir.to_string())]);
    Supervised::new(
        dir.to_owned(),
        program,
        arguments.map(String::from).to_vec(),
        environment,
    )
}

#[tokio::test]
async fn a_killed_supervisor_leaves_nothing_unnoticed() {
    let (_folder, dir) = folder();
    let units = supervised(&dir);
    for spec in [
        shell("web", "echo up; sleep 1000"),
        shell("job", "setsid sleep 1000 & wait"),
    ] {
        assert!(units.install(&file(&spec)).await.unwrap());
    }
    let web = units.start("web").await.unwrap().pid.unwrap();
    let job = units.start("job").await.unwrap().pid.unwrap();
    let (supervisor, _) = Client::connect(&dir).unwrap().ping().await.unwrap();
    assert_ne!(supervisor, std::process::id());
    kill(supervisor, "KILL").await;
    until(|| (!alive(supervisor)).then_some(())).await;
    assert!(alive(web) && alive(job));
    // The next supervisor ends both and starts them anew, because they should be up.
    let mut client = units_client(&units, &dir).await;
    until(|| (!alive(web) && !alive(job)).then_some(())).await;
    let begin = Instant::now();
    while state(&mut client, "web").await.state != UnitState::Running {
        assert!(begin.elapsed() < Duration::from_secs(10));
        sleep(Duration::from_millis(50)).await;
    }
    let again = state(&mut client, "web").await.pid.unwrap();
    assert_ne!(again, web);
    let mut lines = units.logs("web", 10, false).await.unwrap();
    assert_eq!(lines.next().await.unwrap().unwrap(), "up");
    let (supervisor, _) = client.ping().await.unwrap();
    kill(supervisor, "TERM").await;
    until(|| (!alive(again) && !alive(supervisor)).then_some(())).await;
    assert_eq!(units.status("web").await.unwrap().state, UnitState::Stopped);
}

async fn units_client(units: &Supervised, dir: &Utf8Path) -> Client {
    // Anything that needs a supervisor starts one.
    units.start("web").await.unwrap();
    Client::connect(dir).unwrap()
}

async fn kill(pid: u32, signal: &str) {
    let call = Invocation::new("/bin/kill", "testing").args([format!("-{signal}"), pid.to_string()]);
    call.run(&CancelToken::new()).await.unwrap();
}

/// Makes a program that records its calls and answers from a file.
async fn fake_program(dir: &Utf8Path, name: &str) -> Utf8PathBuf {
    let path = dir.join(name);
    let script = format!("#!/bin/sh\necho \"$@\" >> {dir}/calls\ncat {dir}/{name}.answer\n");
    // Written by another process; see the same in `tools`.
    let call = Invocation::new("/bin/sh", "testing").args(["-c", &format!("cat > {path}; chmod 755 {path}")]);
    call.stdin(script).run(&CancelToken::new()).await.unwrap();
    path
}

#[tokio::test]
async fn systemd_is_asked_through_its_own_programs() {
    let (_folder, dir) = folder();
    let nothing = BTreeMap::new;
    let systemctl = Systemctl::new(fake_program(&dir, "systemctl").await, nothing());
    let journalctl = Journalctl::new(fake_program(&dir, "journalctl").await, nothing());
    fs_err::write(
        dir.join("systemctl.answer"),
        "LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=9\nResult=success\nExecMainStatus=0\n",
    )
    .unwrap();
    fs_err::write(dir.join("journalctl.answer"), "one\ntwo\n").unwrap();
    let units = Systemd::new(dir.clone(), systemctl, journalctl, CancelToken::new());
    let file = UnitFile {
        name: "web".to_owned(),
        contents: "[Service]\nExecStart=/bin/true\n".to_owned(),
    };
    assert!(units.install(&file).await.unwrap());
    assert!(!units.install(&file).await.unwrap());
    let status = units.start("web").await.unwrap();
    assert_eq!((status.state, status.pid), (UnitState::Running, Some(9)));
    assert_eq!(
        status.last_exit, None,
        "it runs, and nothing is known to have ended"
    );
    let lines: Vec<_> = units
        .logs("web", 5, false)
        .await
        .unwrap()
        .map(Result::unwrap)
        .collect()
        .await;
    assert_eq!(lines, ["one", "two"]);
    units.remove("web").await.unwrap();
    assert!(!dir.join("web.service").exists());
    assert!(units.start("../web").await.is_err());
    let calls = fs_err::read_to_string(dir.join("calls")).unwrap();
    assert!(calls.contains("enable -- web.service\n"), "{calls}");
    assert!(calls.contains("disable -- web.service\n"), "{calls}");
}

/// Writes a unit's file for our own supervisor.
fn file(spec: &UnitSpec) -> UnitFile {
    UnitFile {
        name: spec.name.clone(),
        contents: spec.to_yaml().unwrap(),
    }
}
