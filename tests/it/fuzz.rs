//! Nothing that is read makes a parser panic or hang, and every complaint has a place inside the file.
//!
//! `LANDFALL_FUZZ_CASES` says how many inputs each test tries; the default keeps all of them within some seconds.
#![expect(clippy::disallowed_methods, reason = "tests read their own environment")]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use landfall::deployment::{Answers, Bound, Deployment, Piece, resolve};
use landfall::document::{Document, Positions, Problems};
use landfall::expression::{Expressions, Scope, parses, references, strangers};
use landfall::journal::{Record, RunAbout, RunState};
use landfall::license::{Given, Policy};
use landfall::oci::{Digest, Layout, Platform};
use landfall::plan::Plan;
use landfall::product::{
    Catalog, Entry, PRODUCT_SCHEMA, Product, Question, QuestionType, RELEASE_SCHEMA, Release, Version, check,
};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use crate::common::data;

/// No input of this size may take longer.
const LONGEST: Duration = Duration::from_secs(2);

/// Pieces of text that parsers stumble over.
const NASTY: [&str; 44] = [
    "",
    " ",
    "\n",
    "\t",
    "\r\n",
    "\0",
    "\u{feff}",
    "\u{2028}",
    "\u{85}",
    "\u{e9}\u{1F600}",
    ":",
    ": ",
    "-",
    "- ",
    "?",
    "? ",
    "&a",
    "*a",
    "!!binary x",
    "!t",
    "|",
    ">-",
    "%YAML 1.3",
    "---",
    "...",
    "{",
    "}",
    "[",
    "]",
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "\"",
    "'",
    "\\u0000",
    "~",
    "null",
    "1e999",
    "-0x1F",
    "99999999999999999999999",
    "${secret:",
    "<<: *a",
];

fn config() -> Config {
    let cases = std::env::var("LANDFALL_FUZZ_CASES").ok();
    Config {
        cases: cases.and_then(|cases| cases.parse().ok()).unwrap_or(48),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    }
}

/// Tries a function on many inputs: it may neither panic nor take long.
fn many<S: Strategy>(strategy: S, look: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let timed = |value: S::Value| {
        let began = Instant::now();
        look(value)?;
        prop_assert!(began.elapsed() < LONGEST, "took {:?}", began.elapsed());
        Ok(())
    };
    if let Err(error) = TestRunner::new(config()).run(&strategy, timed) {
        panic!("{error}");
    }
}

/// Texts that look like YAML from afar.
fn weird() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        proptest::sample::select(&NASTY[..]).prop_map(|text| text.as_bytes().to_vec()),
        "[a-z]{1,6}: ?".prop_map(String::into_bytes),
        "\n {0,6}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 1..4),
        any::<char>().prop_map(|letter| letter.to_string().into_bytes()),
    ];
    proptest::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

/// One change of a text.
#[derive(Debug, Clone)]
struct Change {
    how: u8,
    at: Index,
    other: Index,
    text: String,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let text = prop_oneof![
        4 => proptest::sample::select(&NASTY[..]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => any::<i64>().prop_map(|number| number.to_string()),
    ];
    let change = (0..9_u8, any::<Index>(), any::<Index>(), text);
    let change = change.prop_map(|(how, at, other, text)| Change { how, at, other, text });
    proptest::collection::vec(change, 1..4)
}

/// Cuts a text into words and what stands between them.
fn tokens(text: &str) -> Vec<&str> {
    text.split_inclusive([' ', '\n', ':', ',', '"', '{', '}', '[', ']'])
        .collect()
}

fn mutated(text: &str, changes: &[Change]) -> String {
    let mut text = text.to_owned();
    for change in changes {
        let by_line = change.how < 5;
        let mut parts: Vec<&str> = if by_line {
            text.split_inclusive('\n').collect()
        } else {
            tokens(&text)
        };
        if parts.is_empty() {
            break;
        }
        let (at, other) = (change.at.index(parts.len()), change.other.index(parts.len()));
        match change.how {
            0 | 5 => _ = parts.remove(at),
            1 | 6 => parts.insert(at, parts[other]),
            2 => parts.swap(at, other),
            3 => parts.truncate(at),
            4 | 7 => parts[at] = &change.text,
            _ => parts.insert(at, &change.text),
        }
        text = parts.concat();
    }
    text
}

/// Every complaint stands inside the text, or right behind its end.
fn placed(problems: &Problems, text: &str) -> Result<(), TestCaseError> {
    let lines = text
        .matches(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
        .count()
        + 1;
    prop_assert!(!problems.0.is_empty());
    for problem in &problems.0 {
        prop_assert!(
            (1..=lines + 1).contains(&problem.line),
            "{problem} of {lines} lines"
        );
        let widest = text.chars().count() + 2;
        prop_assert!((1..=widest).contains(&problem.column), "{problem}");
        prop_assert!(!problem.to_string().is_empty());
    }
    Ok(())
}

fn entries() -> &'static [(Entry, String)] {
    static ENTRIES: LazyLock<Vec<(Entry, String)>> = LazyLock::new(|| {
        let catalog = Catalog {
            folders: vec![data("products")],
            data: None,
        };
        let names = catalog.names();
        let open = |name: &String| {
            let entry = catalog.open(name).unwrap();
            let text = entry.files.read("product.yaml").unwrap();
            (entry, text)
        };
        names.iter().map(open).collect()
    });
    &ENTRIES
}

#[test]
fn documents_of_random_bytes() {
    many(weird(), |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        for read in [
            Document::<Product>::read("f", &bytes, PRODUCT_SCHEMA).err(),
            Answers::read("f", &bytes).err(),
            Document::<Release>::read("f", &bytes, RELEASE_SCHEMA).err(),
            Document::<serde_json::Value>::parse("f", &text).err(),
        ] {
            read.map_or(Ok(()), |problems| placed(&problems, &text))?;
        }
        if let Ok(positions) = Positions::index(&text) {
            positions.find("a.b[3].c");
        }
        Ok(())
    });
}

#[test]
fn definitions_with_something_changed() {
    many((any::<Index>(), changes()), |(which, changes)| {
        let (entry, text) = &entries()[which.index(entries().len())];
        let text = mutated(text, &changes);
        match Document::<Product>::read("product.yaml", text.as_bytes(), PRODUCT_SCHEMA) {
            Err(problems) => placed(&problems, &text),
            Ok(document) => {
                let found = check(&document, &entry.files);
                Problems::check(found).map_or_else(|problems| placed(&problems, &text), Ok)
            }
        }
    });
}

/// Answers to change, each for one of the products.
fn answers() -> &'static [(&'static Entry, String)] {
    static ANSWERS: LazyLock<Vec<(&'static Entry, String)>> = LazyLock::new(|| {
        let mut all = Vec::new();
        for folder in ["tests/data/broken/answers", "examples"] {
            let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            for file in folder.read_dir_utf8().into_iter().flatten().flatten() {
                let Ok(text) = fs_err::read_to_string(file.path()) else {
                    continue;
                };
                let of = |(entry, _): &&(Entry, String)| {
                    text.contains(&format!("product: {}\n", entry.product().name))
                };
                if let Some((entry, _)) = entries().iter().find(of) {
                    all.push((entry, text));
                }
            }
        }
        assert!(all.len() > 20);
        all
    });
    &ANSWERS
}

#[test]
fn answers_with_something_changed() {
    many((any::<Index>(), changes()), |(which, changes)| {
        let (entry, text) = &answers()[which.index(answers().len())];
        let text = mutated(text, &changes);
        match Answers::read("landfall.yaml", text.as_bytes()) {
            Err(problems) => placed(&problems, &text),
            Ok(document) => {
                let release = Release::placeholder(&entry.product().name);
                match resolve(entry, &release, &document) {
                    Err(landfall::deployment::ResolveError::Answers { problems }) => placed(&problems, &text),
                    _ => Ok(()),
                }
            }
        }
    });
}

#[test]
fn releases_with_something_changed() {
    let good = fs_err::read_to_string(data("products/demo/releases/1.0.0.yaml")).unwrap();
    many(changes(), |changes| {
        let text = mutated(&good, &changes);
        Document::<Release>::read("1.0.0.yaml", text.as_bytes(), RELEASE_SCHEMA)
            .map_or_else(|problems| placed(&problems, &text), |_| Ok(()))
    });
}

#[test]
fn plans_and_records_with_something_changed() {
    let read = |name: &str| fs_err::read_to_string(data("run").join(name)).unwrap();
    let good = read("plan.json");
    let sound: Plan = serde_json::from_str(&good).unwrap();
    let about = read("run.json");
    let records: Vec<String> = (1..=4).map(|n| read(&format!("journal/{n:06}.json"))).collect();
    many((changes(), any::<Index>()), |(changes, which)| {
        let text = mutated(&good, &changes);
        if let Ok(plan) = serde_json::from_str::<Plan>(&text) {
            prop_assert!(plan.check().is_err() || plan == sound);
        }
        let _ = serde_json::from_str::<RunAbout>(&mutated(&about, &changes));
        let mut state = RunState::new(&sound);
        for (index, record) in records.iter().enumerate() {
            let text = if index == which.index(records.len()) {
                mutated(record, &changes)
            } else {
                record.clone()
            };
            if let Ok(record) = serde_json::from_str::<Record>(&text) {
                let before = state.clone();
                if state.apply(&record).is_err() {
                    prop_assert_eq!(&before, &state, "a refused record changed something");
                }
            }
        }
        let _ = Deployment::from_yaml(text.as_bytes());
        Ok(())
    });
}

#[test]
fn layouts_with_something_changed() {
    let amd64: Platform = "linux/amd64".parse().unwrap();
    let good = data("layout/good");
    let index = fs_err::read_to_string(good.join("index.json")).unwrap();
    let digest = index.split("sha256:").nth(1).unwrap().split('"').next().unwrap();
    let manifest = fs_err::read_to_string(good.join("blobs/sha256").join(digest)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    crate::common::copy_folder(&good, root);
    many((changes(), any::<bool>()), |(changes, of_index)| {
        let text = if of_index {
            mutated(&index, &changes)
        } else {
            // The manifest is changed and named by its new digest and size, as by a careless tool.
            let text = mutated(&manifest, &changes);
            let digest = Digest::of(&text);
            fs_err::write(root.join("blobs/sha256").join(digest.hex()), &text).unwrap();
            format!(
                "{{\"schemaVersion\":2,\"manifests\":[{{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\
                 \"digest\":\"{digest}\",\"size\":{},\"annotations\":{{\"org.opencontainers.image.ref.name\":\
                 \"demo:1.0.0\"}}}}]}}",
                text.len()
            )
        };
        fs_err::write(root.join("index.json"), text).unwrap();
        if let Ok(layout) = Layout::open(root) {
            let _ = layout.entries();
            let _ = layout.find("demo:1.0.0", &amd64);
            let _ = layout.resolve("demo");
        }
        Ok(())
    });
}

#[test]
fn license_tokens_with_something_changed() {
    let good = fs_err::read_to_string(data("license.jwt")).unwrap();
    let key = entries()
        .iter()
        .find(|(entry, _)| entry.product().name == "sample")
        .unwrap();
    let key = key.0.files.read("keys/license-test.pub.pem").unwrap();
    let policy = Policy::default();
    let now = "2026-03-04T05:06:07Z".parse().unwrap();
    many(
        (changes(), any::<Index>(), any::<char>(), any::<bool>()),
        |(changes, at, letter, one)| {
            let token = if one {
                let mut letters: Vec<char> = good.trim().chars().collect();
                let at = at.index(letters.len());
                letters[at] = letter;
                letters.into_iter().collect()
            } else {
                mutated(good.trim(), &changes)
            };
            let given = Given {
                key_pem: Some(key.as_bytes()),
                now,
                revoked: &[],
                product: None,
                tier: None,
            };
            let report = landfall::license::check(&token, &policy, &given).unwrap();
            prop_assert!(
                token == good.trim() || !report.verdict.is_usable() || same_bytes(&token, good.trim())
            );
            Ok(())
        },
    );
}

/// Base64 has spellings that mean the same bytes.
fn same_bytes(a: &str, b: &str) -> bool {
    use base64::Engine as _;
    use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&base64::alphabet::URL_SAFE, config);
    let parts = |token: &str| -> Vec<Option<Vec<u8>>> {
        token
            .split('.')
            .map(|part| engine.decode(part.trim()).ok())
            .collect()
    };
    parts(a) == parts(b)
}

#[test]
fn bound_texts_are_put_together_again_as_they_were() {
    let piece = prop_oneof![
        proptest::sample::select(
            &[
                "${secret:",
                "${secret-url:",
                "${secret-file:",
                "}",
                "$",
                "${",
                "a",
                "b.c"
            ][..]
        )
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ];
    many(proptest::collection::vec(piece, 0..12), |pieces| {
        let text = pieces.concat();
        let bound = Bound::new(text.clone());
        let same = bound
            .replace(|form, name| Ok::<_, ()>(Bound::reference(form, name)))
            .unwrap();
        prop_assert_eq!(&same, &text);
        let named = bound
            .pieces()
            .into_iter()
            .filter(|piece| matches!(piece, Piece::Secret(..)))
            .count();
        prop_assert_eq!(named, bound.secrets().count());
        Ok(())
    });
}

#[test]
fn answers_to_questions_are_taken_or_refused_in_one_line() {
    use QuestionType as T;
    let kinds = [
        T::Text,
        T::Integer,
        T::Boolean,
        T::Choice,
        T::Choices,
        T::List,
        T::Port,
        T::Url,
        T::Host,
        T::Email,
        T::Path,
        T::Slug,
        T::Uuid,
        T::Secret,
    ];
    let question: Question = serde_yaml::from_str(
        "key: k\nprompt: p\nchoices: [{ value: a, title: A }]\nminimum: 1\nmaximum: 9\n",
    )
    .unwrap();
    let text = prop_oneof![
        weird().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        "[a-zA-Z0-9@:/._ -]{0,40}",
        "(https?|ftp|file|env):/{0,3}[a-z0-9@:.-]{0,20}",
    ];
    many(text, |text| {
        for kind in kinds {
            let question = Question {
                kind,
                ..question.clone()
            };
            match question.parse(&text) {
                Ok(value) => prop_assert!(question.check(&value).is_ok()),
                Err(error) => {
                    let said = error.to_string();
                    prop_assert!(!said.contains(['\n', '\x1b', '\0']), "{said:?}");
                }
            }
        }
        Ok(())
    });
}

#[test]
fn versions_are_ordered_whatever_they_are() {
    let text = prop_oneof![
        "[0-9]{1,3}(\\.[0-9]{1,22}){0,3}(-[a-z0-9.]{0,6})?(\\+[a-z]{0,3})?",
        "\\PC{0,8}"
    ];
    many(proptest::collection::vec(text, 3), |texts| {
        let versions: Vec<Version> = texts.iter().filter_map(|text| text.parse().ok()).collect();
        for a in &versions {
            prop_assert_eq!(a.cmp(a), std::cmp::Ordering::Equal);
            prop_assert_eq!(&a.as_str().parse::<Version>().unwrap(), a);
            for b in &versions {
                prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
                for c in &versions {
                    prop_assert!(!(a <= b && b <= c) || a <= c, "{a} {b} {c}");
                }
            }
        }
        Ok(())
    });
}

#[test]
fn expressions_of_any_text() {
    let roots = serde_json::json!({ "settings": { "a": 1, "b": ["x"] }, "facts": {}, "tier": "team" });
    let scope = Scope::new(&roots).unwrap();
    let token = prop_oneof![
        proptest::sample::select(
            &[
                "{{",
                "}}",
                "{%",
                "%}",
                "{#",
                "#}",
                "{{-",
                "-%}",
                " if ",
                " for x in ",
                " set ",
                " endif ",
                " endfor ",
                "settings.a",
                "settings.b[0]",
                "facts.c",
                "tier",
                "|",
                " json",
                " quote",
                " file",
                "(",
                ")",
                "=",
                "==",
                "~",
                "+",
                "\"",
                "'",
                "`",
                "{% raw %}",
                "{% endraw %}",
                " is ",
                " not ",
                "defined",
                ".",
                ",",
                "1",
                "[",
                "]",
                "\\",
            ][..]
        )
        .prop_map(str::to_owned),
        "\\PC{0,5}",
    ];
    many(proptest::collection::vec(token, 0..20), |tokens| {
        let text = tokens.concat();
        let sound = parses(&text).is_ok();
        references(Expressions::Template(&text));
        references(Expressions::Condition(&text));
        let strange = strangers(Expressions::Template(&text));
        let rendered = scope.render(&text);
        if let Err(error) = &rendered {
            prop_assert!(!error.to_string().contains('\n'), "{error}");
        }
        let plain = !text.contains("{{") && !text.contains("{%") && !text.contains("{#");
        prop_assert!(sound || rendered.is_err() || plain, "{}", text);
        let _ = (scope.holds(&text), strange);
        Ok(())
    });
}
