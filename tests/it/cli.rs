//! How the command line behaves: for people, for programs, and where nobody is there to be asked.

use clap::CommandFactory as _;
use landfall::cli::Exit;
use landfall::cli::args::Cli;

use crate::common::{Input, TestEnv, copy_folder, data};

const ANSWERS: &str = "schema: landfall/answers/v1\nproduct: demo\nname: one\ntier: team\nparts:\n  main:\n    \
                       mode: here\nsettings:\n  motto: Onwards\n";

/// Every verb of the help with what it needs to begin at all.
const VERBS: [(&str, &[&str]); 31] = [
    ("recommend", &["demo"]),
    ("init", &["demo"]),
    ("render", &["--out", "out"]),
    ("plan", &[]),
    ("doctor", &[]),
    ("up", &[]),
    ("resume", &[]),
    ("rollback", &[]),
    ("stop", &[]),
    ("start", &[]),
    ("destroy", &[]),
    ("status", &[]),
    ("logs", &[]),
    ("runs", &["list"]),
    ("license", &["check", "landfall.yaml", "--product", "sample"]),
    ("product", &["list"]),
    ("release", &["list", "demo"]),
    ("schema", &["answers"]),
    ("completions", &["bash"]),
    ("man", &[]),
    // Verbs that are still to come stand here too; those that are not there yet are passed over.
    ("upgrade", &["--to", "2.0.0"]),
    ("drift", &[]),
    ("permissions", &[]),
    ("cost", &[]),
    ("diagram", &[]),
    ("backup", &[]),
    ("restore", &[]),
    ("prune", &[]),
    ("support-bundle", &[]),
    ("bundle", &["list", "nothing.tar"]),
    ("inventory", &[]),
];

fn verbs() -> Vec<String> {
    let command = Cli::command();
    let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    shown.map(|verb| verb.get_name().to_owned()).collect()
}

fn demo() -> TestEnv {
    let env = TestEnv::with_products();
    env.write("landfall.yaml", ANSWERS);
    env
}

#[test]
fn no_argument_of_a_verb_is_mistaken_for_a_global_option() {
    fn walk(command: &clap::Command, global: &[String], found: &mut Vec<String>) {
        for verb in command.get_subcommands() {
            let own = verb.get_arguments().map(|arg| arg.get_id().to_string());
            found.extend(
                own.filter(|id| global.contains(id))
                    .map(|id| format!("{} {id}", verb.get_name())),
            );
            walk(verb, global, found);
        }
    }
    let command = Cli::command();
    let global: Vec<String> = command
        .get_arguments()
        .filter(|arg| arg.is_global_set())
        .map(|arg| arg.get_id().to_string())
        .collect();
    let mut found = Vec::new();
    walk(&command, &global, &mut found);
    assert_eq!(found, [""; 0], "ids shared with global options");
}

#[test]
fn without_a_terminal_no_verb_waits() {
    for verb in verbs() {
        let Some((_, args)) = VERBS.iter().find(|(name, _)| *name == verb) else {
            // One that is new is at least started.
            let env = demo();
            env.run_with(&[&verb], Input::Silent);
            continue;
        };
        for input in [Input::Closed, Input::Silent] {
            let env = demo();
            let ran = env.run_with(&[&[verb.as_str()], *args].concat(), input);
            assert!(ran.code.is_some(), "{verb} with its input {input:?}:\n{ran}");
            assert_ne!(ran.code, Some(70), "{verb}:\n{ran}");
        }
    }
}

#[test]
fn without_a_terminal_nothing_is_approved_or_confirmed() {
    let env = TestEnv::with_products();
    let ran = env.run_with(&["init", "demo"], Input::Silent);
    ran.exits(3).says(&["settings.motto", "--set settings.motto="]);
    let env = demo();
    // `--yes` approves a plan; it does not confirm that everything goes.
    env.run(&["destroy", "--yes"]).exits(3);
}

#[test]
fn all_missing_answers_are_listed_at_once_with_flag_and_key() {
    let env = demo();
    env.write(
        "landfall.yaml",
        "schema: landfall/answers/v1\nproduct: demo\nname: one\ntier: team\nparts: { main: { mode: either } }\n",
    );
    let ran = env.run(&["plan"]);
    insta::assert_snapshot!(ran, @r"
    exit 3
    ---- stderr
    error: 3 answers are missing
      parts.main.target: Where shall it run? (one of compose, kubernetes)
          flag: --set parts.main.target=...
      settings.motto: Which motto? (text on one line)
          flag: --set settings.motto=...
      settings.replica: Which replica? (a host name or an IP address)
          flag: --set settings.replica=...
    hint: answer them in the file or with the flags, or run `landfall init` in a terminal
    ");
    let json = env.run(&["plan", "--output", "json"]).json();
    let keys: Vec<&str> = json["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|missing| missing["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["parts.main.target", "settings.motto", "settings.replica"]);
    assert_eq!(json["exit_code"], 3);
}

#[test]
fn a_wrong_command_line_exits_with_64() {
    let env = demo();
    let wrong: [&[&str]; 12] = [
        &[],
        &["nope"],
        &["--nope"],
        &["plan", "--nope"],
        &["plan", "extra"],
        &["up", "--plan"],
        &["plan", "--output", "xml"],
        &["plan", "--color", "blue"],
        &["completions", "tcsh"],
        &["status", "--lock-wait", "soon"],
        &["logs", "--lines", "-1"],
        &["runs"],
    ];
    for args in wrong {
        let ran = env.run(args);
        assert_eq!(ran.code, Some(64), "{args:?}\n{ran}");
        assert!(!ran.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn every_verb_has_help() {
    fn walk(env: &TestEnv, command: &clap::Command, path: &[&str]) {
        for verb in command.get_subcommands() {
            let path = [path, &[verb.get_name()]].concat();
            let ran = env.run(&[&path[..], &["--help"]].concat());
            ran.exits(0);
            assert!(ran.stdout.contains("Usage: landfall"), "{path:?}\n{ran}");
            assert!(ran.stderr.is_empty(), "{path:?}\n{ran}");
            assert!(
                ran.stdout.lines().all(|line| line.chars().count() <= 100),
                "{path:?}\n{ran}"
            );
            walk(env, verb, &path);
        }
    }
    walk(&TestEnv::new(), &Cli::command(), &[]);
}

#[test]
fn help_and_version_go_to_standard_output() {
    let env = TestEnv::new();
    let ran = env.run(&["--help"]);
    ran.exits(0);
    for verb in verbs() {
        assert!(ran.stdout.contains(&format!("  {verb} ")), "{verb}\n{ran}");
    }
    insta::assert_snapshot!(env.run(&["--version"]), @r"
    exit 0
    ---- stdout
    landfall 0.2.0
    ");
}

#[test]
fn completions_parse_and_the_manual_has_every_verb() {
    let env = TestEnv::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = env.run(&["completions", shell]);
        ran.exits(0);
        for verb in verbs() {
            assert!(ran.stdout.contains(&verb), "{shell} does not know {verb}");
        }
        let script = env.write(&format!("completions.{shell}"), &ran.stdout);
        // A shell that is not installed here is checked where it is.
        if ["bash", "zsh", "fish"].contains(&shell)
            && env.program("which", &[shell]).output().unwrap().status.success()
        {
            let parsed = env.program(shell, &["-n", script.as_str()]).output().unwrap();
            assert!(
                parsed.status.success(),
                "{shell}: {}",
                String::from_utf8_lossy(&parsed.stderr)
            );
        }
    }
    let manual = env.run(&["man"]).stdout.replace("\\-", "-");
    for verb in verbs() {
        assert!(manual.contains(&format!("landfall-{verb}(1)")), "{verb}");
    }
}

#[test]
fn json_is_json_when_it_goes_well_and_when_not() {
    let env = demo();
    let right: [&[&str]; 7] = [
        &["product", "list"],
        &["recommend", "demo"],
        &["plan"],
        &["render", "--out", "out"],
        &["runs", "list"],
        &["release", "list", "demo"],
        &["schema", "answers"],
    ];
    for args in right {
        let ran = env.run(&[args, &["--output", "json"]].concat());
        ran.exits(0).json();
    }
    let wrong: [&[&str]; 6] = [
        &["-f", "missing.yaml", "plan"],
        &["product", "check", "demi"],
        &["status"],
        &["runs", "show", "2020"],
        &["up", "--plan", "missing.json"],
        &["license", "check", "missing", "--product", "sample"],
    ];
    for args in wrong {
        let ran = env.run(&[args, &["--output", "json"]].concat());
        let json = ran.json();
        assert_eq!(
            Some(i64::from(ran.code.unwrap())),
            json["exit_code"].as_i64(),
            "{args:?}\n{ran}"
        );
        assert!(json["error"].is_string(), "{args:?}\n{ran}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let env = demo();
    let binary = env!("CARGO_BIN_EXE_landfall");
    for args in [
        "schema product",
        "--help",
        "man",
        "completions bash",
        "plan",
        "plan --output json",
        "plan --nope",
    ] {
        let line = format!("{binary} {args} 2>&1 | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}");
        let ran = env.finish(
            env.program("bash", &["-c", &line]),
            Input::Closed,
            &["bash", args],
        );
        assert!(matches!(ran.code, Some(0 | 64)), "{args}\n{ran}");
        let line = format!("{binary} {args} >/dev/full 2>/dev/full");
        let ran = env.finish(
            env.program("bash", &["-c", &line]),
            Input::Closed,
            &["bash", args],
        );
        assert!(ran.code.is_some_and(|code| code < 101), "{args}\n{ran}");
    }
}

#[test]
fn nothing_is_coloured_where_colour_is_not_wanted() {
    let env = demo()
        .variable("NO_COLOR", "1")
        .variable("TERM", "xterm-256color");
    for args in [
        &["--help"][..],
        &["plan"],
        &["nope"],
        &["product", "check", "demi"],
    ] {
        assert!(!env.run(args).all().contains('\x1b'), "{args:?}");
    }
    let env = demo().variable("TERM", "xterm-256color");
    assert!(
        !env.run(&["nope"]).all().contains('\x1b'),
        "a pipe is no terminal"
    );
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let env = demo();
    env.run(&["-f", ".", "plan"]).exits(3).says(&["`.`"]);
    env.run(&["-f", "missing.yaml", "plan"])
        .exits(3)
        .says(&["there is no missing.yaml here", "--file"]);
    env.run(&["-f", "landfall.yaml/x", "plan"])
        .exits(3)
        .says(&["landfall.yaml/x"]);
    env.run(&["plan", "--out", "/proc/landfall.json"])
        .exits(1)
        .says(&["/proc/landfall.json"]);
    env.run(&["render", "--out", "/proc/landfall"])
        .exits(1)
        .says(&["/proc/landfall"]);
    env.run(&["render", "--out", "landfall.yaml"])
        .exits(1)
        .says(&["landfall.yaml"]);
    env.run(&["product", "new", "shop", "--folder", "/proc/products"])
        .exits(1)
        .says(&["/proc/products/shop"]);
    env.run(&["product", "check", "/nowhere/at/all"])
        .exits(3)
        .says(&["/nowhere/at/all"]);
    env.run(&["up", "--plan", "missing.json"])
        .exits(3)
        .says(&["missing.json"]);
    env.run(&[
        "init",
        "demo",
        "-f",
        "/proc/landfall.yaml",
        "--set",
        "settings.motto=x",
        "--mode",
        "here",
        "--tier",
        "team",
    ])
    .says(&["/proc/landfall.yaml"]);
    let env = demo();
    env.write(".landfall", "a file");
    for args in [&["runs", "list"][..], &["status"], &["resume"], &["plan"]] {
        let ran = env.run(args);
        assert!(ran.code != Some(0), "{args:?}\n{ran}");
        assert!(ran.stderr.contains(".landfall"), "{args:?}\n{ran}");
    }
}

#[test]
fn what_another_user_may_not_read_or_write_is_named() {
    let env = demo();
    let root = env.program("id", &["-u"]).output().unwrap().stdout == b"0\n";
    // Only root can become somebody who may not.
    if !root
        || !env
            .program("which", &["setpriv"])
            .output()
            .unwrap()
            .status
            .success()
    {
        return;
    }
    let secret = env.write("closed.yaml", ANSWERS);
    let run = |line: &str| {
        let binary = env!("CARGO_BIN_EXE_landfall");
        let line = format!(
            "chmod 755 {root} && chmod 600 {secret} && cp {binary} {root}/landfall && chmod 755 {root}/landfall && \
             exec setpriv --reuid 65534 --regid 65534 --clear-groups {root}/landfall {line}",
            root = env.root(),
        );
        env.finish(
            env.program("bash", &["-c", &line]),
            Input::Closed,
            &["setpriv", &line],
        )
    };
    run("-f closed.yaml plan")
        .exits(3)
        .says(&["closed.yaml", "ermission denied"]);
    run("plan --out plan.json")
        .exits(1)
        .says(&["plan.json", "ermission denied"]);
    run("render --out out")
        .exits(1)
        .says(&["out", "ermission denied"]);
    let ran = run("resume");
    assert!(ran.code == Some(1) || ran.code == Some(3), "{ran}");
}

#[test]
fn an_answers_file_in_another_folder_has_its_state_beside_it() {
    let env = demo();
    env.write("sub/landfall.yaml", ANSWERS.replace('\n', "\r\n"));
    let id = "20260304-050607-a10f";
    copy_folder(&data("run"), &env.work().join("sub/.landfall/one/runs").join(id));
    let ran = env.run(&["-f", "sub/landfall.yaml", "runs", "list"]);
    assert!(ran.exits(0).stdout.contains(id), "{ran}");
    let ran = env.run(&["runs", "list"]);
    assert!(!ran.exits(0).stdout.contains(id), "{ran}");
    env.run(&["-f", "sub/landfall.yaml", "plan"]).says(&[]);
}

#[test]
fn unknown_names_come_with_the_nearest_one() {
    let env = demo();
    env.run(&["product", "check", "demi"])
        .exits(3)
        .says(&["did you mean `demo`?"]);
    env.run(&["recommend", "demi"])
        .exits(3)
        .says(&["did you mean `demo`?"]);
    env.run(&["statsu"]).exits(64).says(&["status"]);
    env.run(&["plan", "--chek"]).exits(64).says(&["--check"]);
}

#[test]
fn a_product_without_a_release_says_how_to_add_one() {
    let env = demo();
    fs_err::remove_dir_all(env.root().join("products/demo/releases")).unwrap();
    for verb in ["up", "plan"] {
        let ran = env.run(&[verb, "--yes"]);
        ran.exits(3)
            .says(&["demo has no release yet", "landfall release add demo VERSION"]);
    }
    // What is wrong with the answers comes first: that can be mended now.
    env.write("landfall.yaml", ANSWERS.replace("here", "hear"));
    env.run(&["up", "--yes"]).exits(3).says(&["did you mean `here`?"]);
}

#[test]
fn the_seed_products_say_that_a_release_comes_first() {
    let examples = camino::Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for file in examples.read_dir_utf8().into_iter().flatten().flatten() {
        let name = file.file_name();
        if !name.ends_with(".yaml") || name.starts_with("sample") {
            continue;
        }
        let env = TestEnv::new();
        copy_folder(&examples, &env.work());
        let ran = env.run(&["-f", name, "up", "--yes"]);
        let hosted = ran.code == Some(0) && ran.stderr.contains("nothing is placed here");
        if !hosted {
            assert_eq!(ran.code, Some(3), "{name}\n{ran}");
            ran.says(&["has no release yet", "landfall release add"]);
        }
        seen += 1;
    }
    assert!(seen > 5, "only {seen} examples");
}

#[test]
fn the_vendors_own_service_places_nothing() {
    let answers = "schema: landfall/answers/v1\nproduct: demo\nname: one\ntier: team\nparts: { main: { mode: vendors, \
                   region: eu } }\nsettings: { motto: x }\n";
    let env = TestEnv::with_products();
    env.write("landfall.yaml", answers);
    let ran = env.run(&["up"]);
    insta::assert_snapshot!(ran, @r"
    exit 0
    ---- stderr
    Demo runs as the vendor's own service; nothing is placed here: https://one.demo.example
    ");
    assert!(!env.work().join(".landfall").exists());
    // The vendor runs it, so there is no release to add.
    fs_err::remove_dir_all(env.root().join("products/demo/releases")).unwrap();
    env.run(&["up"]).exits(0).says(&["nothing is placed here"]);
}

#[test]
fn secrets_typed_by_mistake_are_never_shown() {
    const WRONG: &str = "hunter2-plain";
    let env = TestEnv::with_products();
    let set = |key: &str| format!("{key}={WRONG}");
    let keys = [
        "secrets.token",
        "services.database.password",
        "services.database.pasword",
        "secrets",
        "services.cache.password",
    ];
    for key in keys {
        for json in [false, true] {
            let pair = set(key);
            let mut args = vec![
                "init",
                "demo",
                "--mode",
                "here",
                "--tier",
                "team",
                "--set",
                "settings.motto=x",
            ];
            args.extend([
                "--set",
                "services.database.supply=yours",
                "--set",
                "services.cache.supply=yours",
                "--set",
                &pair,
            ]);
            if json {
                args.extend(["--output", "json"]);
            }
            let ran = env.run(&args);
            assert!(!ran.all().contains(WRONG), "{key}\n{ran}");
            assert_eq!(ran.code, Some(3), "{key}\n{ran}");
            assert!(!env.work().join("landfall.yaml").exists(), "{key}: was written");
        }
    }
    for args in [
        &[
            "recommend",
            "demo",
            "--set",
            "services.database.password=hunter2-plain",
        ][..],
        &["recommend", "demo", "--set", "hunter2-plain"],
        &["init", "demo", "--set", "hunter2-plain"],
        &[
            "init",
            "demo",
            "--state",
            "s3://jo:hunter2-plain@bucket/x",
            "--set",
            "settings.motto=x",
            "--mode",
            "here",
            "--tier",
            "team",
        ],
    ] {
        let ran = env.run(args);
        assert!(!ran.all().contains("jo:hunter2-plain"), "{args:?}\n{ran}");
        if args.iter().any(|arg| arg.contains('=') && arg.contains(WRONG)) {
            assert!(!ran.all().contains(WRONG), "{args:?}\n{ran}");
        }
    }
}

/// Where each exit code is provoked.
fn provoked(exit: Exit) -> &'static str {
    match exit {
        Exit::Done | Exit::Failed | Exit::Pending | Exit::Input | Exit::Blocked | Exit::Usage => "here",
        Exit::Locked | Exit::Interrupted | Exit::RolledBack | Exit::Stuck => "tests/e2e",
        // No input is known that provokes it; one that does is a mistake to mend.
        Exit::Bug => "nowhere",
    }
}

#[test]
fn every_exit_code_is_provoked() {
    let env = demo();
    env.write(
        "expired.jwt",
        fs_err::read(data("broken/license/08-expired.jwt")).unwrap(),
    );
    let here: [(Exit, &[&str]); 7] = [
        (Exit::Done, &["plan"]),
        (Exit::Failed, &["plan", "--out", "/proc/plan.json"]),
        (Exit::Pending, &["plan", "--check"]),
        (Exit::Pending, &["render", "--out", "out", "--check"]),
        (Exit::Input, &["-f", "missing.yaml", "plan"]),
        (
            Exit::Blocked,
            &["license", "check", "expired.jwt", "--product", "sample"],
        ),
        (Exit::Usage, &["--nope"]),
    ];
    for (exit, args) in here {
        env.run(args).exits(exit as i32);
    }
    for (exit, meaning) in Exit::TABLE {
        let named = here.iter().any(|(provoked, _)| *provoked == exit);
        assert_eq!(named, provoked(exit) == "here", "{exit:?}: {meaning}");
    }
}
