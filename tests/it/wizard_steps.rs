//! What a person does at `init`, and the flags that say the same.

use landfall::deployment::{Answers, outline, resolve};
use landfall::product::Catalog;

use crate::common::TestEnv;
use crate::fixtures::release;
use crate::wizard_terminal::{Terminal, USUAL};
use Do::{Pick, Take, Type};

/// What a person does at a question.
#[derive(Clone, Copy)]
pub enum Do {
    /// Choose by words of the title.
    Pick(&'static str),
    /// Type.
    Type(&'static str),
    /// Take what is proposed.
    Take,
}

/// A question by its words, what is done, and the flag that says the same; none for what is taken.
pub type Step = (&'static str, Do, &'static str);

pub const NAME: Step = (
    "What shall this installation be called?",
    Type("acme"),
    "name=acme",
);
pub const NO_MORE: Step = ("Add another part beside it?", Take, "");

pub const CLUSTER: [Step; 3] = [
    ("In which namespace", Take, ""),
    (
        "Which kind of cluster",
        Pick("Amazon EKS"),
        "parts.main.options.flavor=eks",
    ),
    (
        "Under which host name",
        Type("acme.example.com"),
        "parts.main.options.domain=acme.example.com",
    ),
];
pub const HOST: [Step; 5] = [
    (
        "In which folder does the installation live?",
        Type("/srv/acme"),
        "parts.main.options.root=/srv/acme",
    ),
    ("As which system user", Take, ""),
    ("What keeps the services running?", Take, ""),
    ("On which address", Take, ""),
    (
        "On which port does the product answer?",
        Type("8443"),
        "parts.main.options.port=8443",
    ),
];
pub const COMPOSE: [Step; 3] = [
    ("In which folder on the host", Take, ""),
    (
        "On which address",
        Type("0.0.0.0"),
        "parts.main.options.address=0.0.0.0",
    ),
    ("On which port does the product answer?", Take, ""),
];
pub const AWS: [Step; 11] = [
    (
        "In which AWS region?",
        Type("eu-central-1"),
        "parts.main.options.region=eu-central-1",
    ),
    (
        "Which AWS account",
        Type("123456789012"),
        "parts.main.options.account=123456789012",
    ),
    (
        "Under which host name",
        Type("acme.example.com"),
        "parts.main.options.domain=acme.example.com",
    ),
    ("Where does the certificate", Take, ""),
    (
        "Which Route 53 zone",
        Type("Z0123456789ABCDEFGHIJ"),
        "parts.main.options.zone_id=Z0123456789ABCDEFGHIJ",
    ),
    (
        "How large is it to be?",
        Pick("Small"),
        "parts.main.options.size=small",
    ),
    ("outlive the loss of an availability zone?", Take, ""),
    ("In which network does it run?", Take, ""),
    ("How do tasks reach the internet?", Take, ""),
    ("Which e-mail addresses", Take, ""),
    ("What may a month cost", Take, ""),
];
pub const AZURE: [Step; 3] = [
    ("In which Azure region?", Take, ""),
    (
        "Which Azure subscription",
        Type("550e8400-e29b-41d4-a716-446655440000"),
        "parts.main.options.subscription=550e8400-e29b-41d4-a716-446655440000",
    ),
    (
        "Under which host name",
        Type("acme.example.com"),
        "parts.main.options.domain=acme.example.com",
    ),
];
pub const DATABASE: [Step; 4] = [
    (
        "On which host does the database answer?",
        Type("db.internal"),
        "services.database.host=db.internal",
    ),
    ("On which port?", Take, ""),
    (
        "database user's password?",
        Type("env:DB_PASSWORD"),
        "services.database.password=env:DB_PASSWORD",
    ),
    (
        "How is the connection encrypted?",
        Pick("certificate not checked"),
        "services.database.tls=require",
    ),
];
pub const LICENSE: Step = (
    "Where is the license",
    Type("file:license.jwt"),
    "services.license.token=file:license.jwt",
);
pub const IDENTITY: [Step; 2] = [
    (
        "What is its issuer URL?",
        Type("https://id.acme.example"),
        "services.identity.issuer=https://id.acme.example",
    ),
    ("Which audience", Take, ""),
];

/// Answers everything, and says the same by flags.
pub fn both_ways(product: &str, steps: &[&[Step]]) {
    let env = TestEnv::new();
    env.write("license.jwt", "made up");
    let steps: Vec<Step> = steps.concat();
    let mut terminal = Terminal::start(&env, &["init", product], USUAL);
    for (question, what, _) in &steps {
        terminal.asks(question);
        match what {
            Pick(title) => terminal.picks(title),
            Type(text) => terminal.types(text),
            Take => terminal.types(""),
        }
    }
    terminal.asks("Write these answers?");
    terminal.types("");
    let ended = terminal.ends(&env);
    assert_eq!(ended.code, Some(0), "{}", ended.screen);
    assert_eq!(ended.stdout, "landfall.yaml\n");
    assert!(!ended.cursor_hidden && ended.echo, "{}", ended.screen);

    let asked = fs_err::read_to_string(env.work().join("landfall.yaml")).unwrap();
    let parsed = Answers::parse("landfall.yaml", &asked).unwrap_or_else(|error| panic!("{error}\n{asked}"));
    let entry = Catalog::default().open(product).unwrap();
    let outline = outline(entry.product(), &parsed.content);
    assert!(outline.complaints.is_empty(), "{:?}\n{asked}", outline.complaints);
    let missing: Vec<&String> = outline
        .asked
        .iter()
        .filter(|asked| asked.missing())
        .map(|asked| &asked.key)
        .collect();
    assert!(missing.is_empty(), "{missing:?}\n{asked}");
    if let Err(error) = resolve(&entry, &release(entry.product()), &parsed) {
        panic!("{error:?}\n{asked}");
    }

    let mut args = vec!["-f", "flags.yaml", "init", product, "--no-input"];
    for (_, _, flag) in steps.iter().filter(|(_, _, flag)| !flag.is_empty()) {
        for pair in flag.split(' ') {
            args.extend(["--set", pair]);
        }
    }
    env.run(&args).exits(0);
    let flagged = fs_err::read_to_string(env.work().join("flags.yaml")).unwrap();
    assert_eq!(asked, flagged);
}

pub fn tier(title: &'static str, flag: &'static str) -> [Step; 1] {
    [("Which tier of", Pick(title), flag)]
}
