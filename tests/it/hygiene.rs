//! Rules that the compiler does not know.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Parser as _;
use landfall::cli::args::Cli;

use crate::fixtures::{files_below, root};
use crate::sources::{Source, sources};

/// How many lines a file may have.
const LONGEST: usize = 600;

fn all_sources() -> Vec<Source> {
    ["src", "tests", "xtask/src", "sample/src"]
        .into_iter()
        .flat_map(sources)
        .collect()
}

fn shipped() -> Vec<Source> {
    let mut shipped = sources("src");
    shipped.retain(|source| !source.is_test());
    shipped
}

#[test]
fn files_are_short() {
    for Source { path, text } in all_sources() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{path} has {lines} lines, part it");
    }
}

#[test]
fn no_work_is_left_behind_in_comments() {
    let marks = [
        concat!("to", "do!("),
        concat!("FIX", "ME"),
        concat!("unimple", "mented!("),
        concat!("TO", "DO"),
    ];
    for Source { path, text } in all_sources() {
        for mark in marks {
            assert!(!text.contains(mark), "{path}: {mark}");
        }
    }
}

#[test]
fn only_the_command_line_talks() {
    let ways = [
        "println!(",
        "print!(",
        "dbg!(",
        "io::stdout()",
        "io::stderr()",
        "process::exit(",
    ];
    for source in shipped().iter().filter(|source| source.folder() != Some("cli")) {
        for line in source.shipped_code() {
            for way in ways {
                assert!(!line.contains(way), "{}: {line}", source.path);
            }
        }
    }
}

#[test]
fn only_tools_start_programs() {
    for source in shipped().iter().filter(|source| source.folder() != Some("tools")) {
        for line in source.shipped_code() {
            let starts = line.contains("Command::new(") || line.contains("process::Command");
            assert!(!starts, "{}: {line}", source.path);
        }
    }
}

#[test]
fn no_product_is_known_to_the_program() {
    let products: Vec<String> = files_below(&root().join("products"))
        .into_iter()
        .filter(|path| path.file_name() == Some("product.yaml"))
        .filter_map(|path| Some(path.parent()?.as_str().to_owned()))
        .collect();
    assert!(products.len() >= 3, "{products:?}");
    // The sample's name is a word that may be said, and its definition is one that unit tests may open.
    let (sample, real): (Vec<&String>, Vec<&String>) = products.iter().partition(|name| *name == "sample");
    assert_eq!(sample.len(), 1);
    for Source { path, text } in sources("src") {
        let text = text.to_lowercase();
        for product in &real {
            assert!(!text.contains(*product), "{path} names {product}");
        }
    }
    for source in shipped() {
        for line in source.shipped_code() {
            assert!(!line.contains("\"sample\""), "{}: {line}", source.path);
        }
    }
}

/// Returns the longest text of a template that is there in every rendering of the line it stands on.
fn longest_literal(template: &str) -> &str {
    let mut longest = "";
    for line in template.lines() {
        let mut rest = line;
        while !rest.is_empty() {
            let tag = ["{{", "{%", "{#"].iter().filter_map(|tag| rest.find(tag)).min();
            let (literal, after) = rest.split_at(tag.unwrap_or(rest.len()));
            if literal.len() > longest.len() {
                longest = literal;
            }
            let end = ["}}", "%}", "#}"].iter().filter_map(|tag| after.find(tag)).min();
            rest = end.map_or("", |end| &after[end + 2..]);
        }
    }
    longest
}

#[test]
fn every_template_is_reached_by_a_golden_case() {
    let golden: Vec<String> = files_below(&root().join("tests/golden"))
        .iter()
        .map(|path| fs_err::read_to_string(root().join("tests/golden").join(path)).unwrap())
        .collect();
    for path in files_below(&root().join("templates")) {
        if path.extension() != Some("tera") {
            continue;
        }
        let text = fs_err::read_to_string(root().join("templates").join(&path)).unwrap();
        let literal = longest_literal(&text);
        let reached = golden.iter().any(|file| file.contains(literal));
        assert!(reached, "no golden file shows `{literal}` of templates/{path}");
    }
}

#[test]
fn every_test_file_is_part_of_the_tests() {
    for program in ["it", "e2e"] {
        let folder = root().join("tests").join(program);
        let main = fs_err::read_to_string(folder.join("main.rs")).unwrap();
        let code = |line: &&str| line.contains("fn ") || line.starts_with("use ");
        let code: Vec<&str> = main.lines().filter(code).collect();
        assert!(
            code.is_empty(),
            "tests/{program}/main.rs holds nothing but `mod` lines: {code:?}"
        );
        let modules: BTreeSet<String> = files_below(&folder)
            .iter()
            .filter_map(|path| path.components().next())
            .map(|piece| piece.as_str().trim_end_matches(".rs").to_owned())
            .filter(|module| module != "main")
            .collect();
        for module in modules {
            let named = main.contains(&format!("mod {module};"));
            assert!(named, "tests/{program}/main.rs forgets {module}");
        }
    }
}

/// Lists the documents for people: those at the top, in `docs/`, and the README of every folder.
fn documents() -> Vec<Utf8PathBuf> {
    let mut documents: Vec<Utf8PathBuf> = root()
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().into_path())
        .collect();
    for folder in ["docs", "terraform", "bicep", "helm", "sample"] {
        let folder = root().join(folder);
        documents.extend(files_below(&folder).into_iter().map(|path| folder.join(path)));
    }
    documents.retain(|path| path.extension() == Some("md"));
    documents
}

#[test]
fn documents_link_to_what_is_there() {
    for document in documents() {
        let text = fs_err::read_to_string(&document).unwrap();
        let folder = document.parent().unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let path = link.split('#').next().unwrap_or_default();
            let there = path.is_empty() || folder.join(path).exists();
            assert!(there, "{document} links to {link}, which is not there");
        }
    }
}

/// Lists the lines of a document's code blocks that call Landfall.
fn calls(text: &str) -> Vec<&str> {
    let mut inside = false;
    let mut calls = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            let line = line.trim_start().trim_start_matches("$ ");
            calls.extend(line.starts_with("landfall ").then_some(line));
        }
    }
    calls
}

/// Parts a command line into words, without a comment at its end, a redirection or a pipe.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" #").next().unwrap_or_default();
    let line = line.split([';', '|', '>', '&']).next().unwrap_or_default();
    line.split_whitespace()
        .map(|word| word.trim_matches(['\'', '"']).to_owned())
        .collect()
}

#[test]
fn every_command_in_the_documents_is_one() {
    let mut count = 0;
    for document in documents() {
        let text = fs_err::read_to_string(&document).unwrap();
        for line in calls(&text) {
            let parsed = Cli::try_parse_from(words(line));
            assert!(
                parsed.is_ok(),
                "{}: `{line}`: {}",
                document.strip_prefix(root()).unwrap_or(Utf8Path::new("")),
                parsed.err().map(|error| error.to_string()).unwrap_or_default()
            );
            count += 1;
        }
    }
    assert!(count > 0, "the documents show how Landfall is called");
}
