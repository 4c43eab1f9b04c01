//! `init` at a terminal, beside the straight way: back, away, again, and in a narrow or a plain window.

use crate::common::TestEnv;
use crate::wizard_terminal::{CTRL_C, ESC, Ended, Terminal, USUAL};

fn written(env: &TestEnv) -> String {
    fs_err::read_to_string(env.work().join("landfall.yaml")).unwrap()
}

fn nothing_written(env: &TestEnv) {
    let there: Vec<String> = env
        .work()
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_owned())
        .filter(|name| name != "license.jwt")
        .collect();
    assert_eq!(there, [""; 0]);
}

fn place() -> TestEnv {
    let env = TestEnv::new();
    env.write("license.jwt", "made up");
    env
}

/// Answers the sample's questions from the name to the mode.
fn sample(env: &TestEnv, mode: &str, size: (u16, u16)) -> Terminal {
    let mut terminal = Terminal::start(env, &["init", "sample"], size);
    terminal.asks("What shall this installation be called?");
    terminal.types("acme");
    terminal.asks("Where should Notes run?");
    terminal.types("");
    terminal.asks("Which tier");
    terminal.picks("Community");
    terminal.asks("How shall Notes run?");
    terminal.picks(mode);
    terminal
}

/// Takes what is proposed until all is asked.
fn take_the_rest(terminal: &mut Terminal, questions: &[&str]) {
    for question in questions {
        terminal.asks(question);
        terminal.types(if question.contains("license") {
            "file:license.jwt"
        } else {
            ""
        });
    }
    terminal.asks("Write these answers?");
}

const HOST: [&str; 10] = [
    "In which folder",
    "As which system user",
    "What keeps the services running?",
    "On which address",
    "On which port",
    "Who supplies this: Cache?",
    "Who supplies this: Database?",
    "Who supplies this: Identity provider?",
    "Where is the license",
    "Who supplies this: Attachments?",
];

const COMPOSE: [&str; 8] = [
    "In which folder",
    "On which address",
    "On which port",
    "Who supplies this: Cache?",
    "Who supplies this: Database?",
    "Who supplies this: Identity provider?",
    "Where is the license",
    "Who supplies this: Attachments?",
];

fn tidy(ended: &Ended) {
    assert!(!ended.cursor_hidden, "{}", ended.screen);
    assert!(ended.echo, "{}", ended.screen);
}

#[test]
fn back_leads_from_a_text_and_from_a_choice_to_the_question_before() {
    let env = place();
    let mut terminal = sample(&env, "One machine", USUAL);
    terminal.asks("In which folder");
    terminal.types("/srv/wrong");
    terminal.asks("As which system user");
    terminal.types("<");
    terminal.asks("In which folder");
    terminal.shows("(/srv/wrong)");
    terminal.types("<");
    terminal.asks("How shall Notes run?");
    terminal.picks("← back");
    terminal.asks("Which tier");
    terminal.press(ESC);
    terminal.asks("Where should Notes run?");
    // What matters has changed, so the mode is asked again; the tier is not.
    terminal.picks("On one machine with Docker");
    terminal.asks("How shall Notes run?");
    terminal.picks("Docker Compose");
    take_the_rest(&mut terminal, &COMPOSE);
    terminal.types("");
    tidy(&terminal.ends(&env));
    let text = written(&env);
    assert!(
        text.contains("mode: compose") && !text.contains("/srv/wrong"),
        "{text}"
    );
}

#[test]
fn the_first_question_has_nothing_before_it() {
    let env = place();
    let mut terminal = Terminal::start(&env, &["init", "sample"], USUAL);
    terminal.asks("What shall this installation be called?");
    terminal.types("<");
    terminal.asks("What shall this installation be called?");
    terminal.shows("✗");
    terminal.press(CTRL_C);
    assert_eq!(terminal.ends(&env).code, Some(1));
}

#[test]
fn ctrl_c_writes_nothing_and_leaves_the_terminal_in_order() {
    for at in ["product", "text", "choice", "confirm"] {
        let env = place();
        let mut terminal = match at {
            "product" => {
                let mut terminal = Terminal::start(&env, &["init"], USUAL);
                terminal.asks("Which product?");
                terminal
            }
            "text" => {
                let mut terminal = Terminal::start(&env, &["init", "sample"], USUAL);
                terminal.asks("What shall this installation be called?");
                terminal
            }
            "choice" => {
                let mut terminal = sample(&env, "Kubernetes", USUAL);
                terminal.asks("In which namespace");
                terminal.types("");
                terminal.asks("Which kind of cluster");
                terminal
            }
            _ => {
                let mut terminal = sample(&env, "Docker Compose", USUAL);
                take_the_rest(&mut terminal, &COMPOSE);
                terminal
            }
        };
        terminal.press(CTRL_C);
        let ended = terminal.ends(&env);
        assert_eq!(ended.code, Some(1), "{at}: {}", ended.screen);
        assert!(
            ended.screen.contains("cancelled; nothing was written"),
            "{at}: {}",
            ended.screen
        );
        assert_eq!(ended.stdout, "", "{at}");
        tidy(&ended);
        nothing_written(&env);
    }
}

#[test]
fn no_at_the_end_writes_nothing() {
    let env = place();
    let mut terminal = sample(&env, "Docker Compose", USUAL);
    take_the_rest(&mut terminal, &COMPOSE);
    terminal.picks("No, write nothing");
    let ended = terminal.ends(&env);
    assert_eq!(ended.code, Some(1));
    nothing_written(&env);
}

#[test]
fn a_closed_window_ends_it_without_a_file() {
    let env = place();
    let mut terminal = sample(&env, "One machine", USUAL);
    terminal.asks("In which folder");
    terminal.close();
    let ended = terminal.ends(&env);
    assert_ne!(ended.code, Some(0));
    nothing_written(&env);
}

#[test]
fn a_product_is_chosen_from_a_list() {
    let env = place();
    let mut terminal = Terminal::start(&env, &["init"], USUAL);
    terminal.asks("Which product?");
    terminal.picks("sample - Notes with tags");
    terminal.asks("What shall this installation be called?");
    terminal.press(CTRL_C);
    terminal.ends(&env);
}

#[test]
fn a_second_run_asks_only_what_is_open_and_a_review_asks_everything() {
    let env = place();
    let mut terminal = sample(&env, "One machine", USUAL);
    take_the_rest(&mut terminal, &HOST);
    terminal.types("");
    assert_eq!(terminal.ends(&env).code, Some(0));
    let first = written(&env);

    let mut again = Terminal::start(&env, &["init"], USUAL);
    again.asks("Write these answers?");
    again.types("");
    assert_eq!(again.ends(&env).code, Some(0));
    assert_eq!(written(&env), first);

    // What is taken out of the file is open again.
    let open: Vec<&str> = first
        .lines()
        .filter(|line| !line.contains("token: file:license.jwt"))
        .collect();
    env.write("landfall.yaml", open.join("\n") + "\n");
    let mut again = Terminal::start(&env, &["init"], USUAL);
    again.asks("Where is the license");
    again.types("file:license.jwt");
    again.asks("Write these answers?");
    again.types("");
    assert_eq!(again.ends(&env).code, Some(0));
    assert_eq!(written(&env), first);

    let mut review = Terminal::start(&env, &["init", "--review"], USUAL);
    review.asks("What shall this installation be called?");
    review.shows("(acme)");
    review.types("");
    for question in ["Where should Notes run?", "Which tier", "How shall Notes run?"] {
        review.asks(question);
        review.types("");
    }
    for question in HOST {
        review.asks(question);
        review.types(if question == "On which port" { "9443" } else { "" });
    }
    review.asks("Write these answers?");
    review.types("");
    assert_eq!(review.ends(&env).code, Some(0));
    assert_eq!(written(&env), first.replace("port: 8080", "port: 9443"));
}

#[test]
fn another_mode_forgets_what_no_longer_applies_and_says_so() {
    let env = place();
    let mut terminal = sample(&env, "One machine", USUAL);
    take_the_rest(&mut terminal, &HOST);
    terminal.types("");
    assert_eq!(terminal.ends(&env).code, Some(0));
    let mut terminal = Terminal::start(&env, &["init", "--mode", "compose"], USUAL);
    for question in &COMPOSE[..3] {
        terminal.asks(question);
        terminal.types("");
    }
    terminal.asks("Write these answers?");
    terminal.types("");
    assert_eq!(terminal.ends(&env).code, Some(0));
    let text = written(&env);
    assert!(
        !text.contains("supervisor") && !text.contains("Not asked for"),
        "{text}"
    );
    assert!(text.contains("token: file:license.jwt"), "{text}");
}

#[test]
fn a_mode_given_by_a_flag_leaves_no_facts_to_ask() {
    let env = place();
    let args = [
        "init",
        "flowguard",
        "--mode",
        "our_cloud",
        "--tier",
        "pro",
        "--name",
        "acme",
    ];
    let mut terminal = Terminal::start(&env, &args, USUAL);
    terminal.asks("In which region?");
    terminal.picks("East US");
    terminal.asks("Write these answers?");
    terminal.types("");
    assert_eq!(terminal.ends(&env).code, Some(0));
}

#[test]
fn wrong_answers_are_asked_again_with_the_reason() {
    let env = place();
    let mut terminal = sample(&env, "Kubernetes", USUAL);
    for (question, wrong, reason, right) in [
        ("In which namespace", "Not A Slug", "✗ expected", ""),
        ("Which kind of cluster", "", "", ""),
        (
            "Under which host name",
            "",
            "✘ an answer is needed",
            "acme.example.com",
        ),
        ("Who supplies this: Cache?", "", "", ""),
        ("Who supplies this: Database?", "", "", ""),
        (
            "On which host does the database answer?",
            "https://db",
            "✗ expected",
            "db.internal",
        ),
        ("On which port?", "70000", "✗ expected", ""),
        (
            "database user's password?",
            "hunter2",
            "✗ expected",
            "env:DB_PASSWORD",
        ),
        ("How is the connection encrypted?", "", "", ""),
        ("Who supplies this: Identity provider?", "yours", "", ""),
    ] {
        terminal.asks(question);
        if !reason.is_empty() {
            terminal.types(wrong);
            terminal.asks(question);
            terminal.shows(reason);
        }
        if wrong == "yours" {
            terminal.picks("Yours");
        } else {
            terminal.types(right);
        }
    }
    terminal.asks("What is its issuer URL?");
    terminal.types("id.acme.example");
    terminal.asks("✗ expected");
    terminal.types("https://id.acme.example");
    terminal.asks("Which audience");
    terminal.types("");
    terminal.asks("Where is the license");
    terminal.types("file:nowhere.jwt");
    terminal.asks("✗ the license `nowhere.jwt` cannot be read");
    terminal.types("file:license.jwt");
    terminal.asks("Who supplies this: Attachments?");
    terminal.types("");
    terminal.asks("Write these answers?");
    terminal.types("");
    let ended = terminal.ends(&env);
    assert_eq!(ended.code, Some(0), "{}", ended.screen);
    assert!(!written(&env).contains("hunter2"));
}

#[test]
fn closed_modes_and_regions_are_refused_with_the_reason() {
    let env = place();
    let args = ["init", "flowguard", "--name", "acme", "--tier", "business"];
    let mut terminal = Terminal::start(&env, &args, USUAL);
    for _ in 0..10 {
        terminal.asks("?");
        terminal.types("");
    }
    terminal.asks("How shall FlowGuard run?");
    terminal.picks("Self-hosted Kubernetes (not open)");
    terminal.asks("How shall FlowGuard run?");
    terminal.shows("✗ FlowGuard offers `kubernetes` (Self-hosted Kubernetes) on Enterprise only; the tier here is Business");
    terminal.picks("Our cloud");
    terminal.asks("In which region?");
    terminal.picks("UK (UK South)");
    terminal.asks("In which region?");
    terminal
        .shows("✗ FlowGuard offers the region UK (UK South) on Enterprise only; the tier here is Business");
    terminal.picks("EU (West Europe)");
    terminal.asks("Add another part beside it?");
    terminal.types("");
    terminal.asks("Write these answers?");
    terminal.types("");
    assert_eq!(terminal.ends(&env).code, Some(0));
}

#[test]
fn a_narrow_window_shows_every_question_once() {
    let env = place();
    let mut terminal = sample(&env, "One machine", (24, 40));
    take_the_rest(&mut terminal, &HOST);
    terminal.types("");
    let ended = terminal.ends(&env);
    assert_eq!(ended.code, Some(0), "{}", ended.screen);
    tidy(&ended);

    let args = [
        "init",
        "flowguard",
        "-f",
        "other.yaml",
        "--name",
        "acme",
        "--tier",
        "enterprise",
    ];
    let mut terminal = Terminal::start(&env, &args, (60, 40));
    for _ in 0..10 {
        terminal.asks("?");
        terminal.types("");
    }
    terminal.asks("How shall FlowGuard run?");
    // Moving up and down leaves nothing behind.
    let before = terminal.items();
    terminal.press("\u{1b}[B\u{1b}[B\u{1b}[A\u{1b}[A\r");
    terminal.asks("In which region?");
    terminal.press(ESC);
    terminal.asks("How shall FlowGuard run?");
    let after = terminal.items();
    let titles = |items: &[(bool, String)]| items.iter().map(|(_, title)| title.clone()).collect::<Vec<_>>();
    assert_eq!(titles(&before).len(), 6, "{terminal}");
    assert_eq!(titles(&before), titles(&after), "{terminal}");
    terminal.press(CTRL_C);
    terminal.ends(&env);
}

#[test]
fn a_window_without_colours_has_none() {
    for (variable, args) in [(Some("NO_COLOR"), &[][..]), (None, &["--color", "never"])] {
        let mut env = place();
        if let Some(variable) = variable {
            env = env.variable(variable, "1");
        }
        let mut all = vec!["init", "sample"];
        all.extend(args);
        let mut terminal = Terminal::start(&env, &all, USUAL);
        terminal.asks("What shall this installation be called?");
        terminal.types("acme");
        terminal.asks("Where should Notes run?");
        terminal.types("");
        terminal.asks("Which tier");
        terminal.press(CTRL_C);
        let ended = terminal.ends(&env);
        // `ESC [ … m` sets colours; moving the cursor and clearing lines end otherwise.
        let coloured = ended.stream.split('\u{1b}').skip(1).any(|rest| {
            let end = rest.find(|letter: char| letter.is_ascii_alphabetic());
            end.is_some_and(|end| rest.as_bytes()[end] == b'm')
        });
        assert!(!coloured, "{:?}", ended.stream);
    }
}
