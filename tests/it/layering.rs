//! Which folder of `src/` may use which: the wall between layers.
//!
//! An edge that is not in the table fails, and so does one in the table that nothing uses. `ARCHITECTURE.md` shows the
//! same table.

use std::collections::{BTreeMap, BTreeSet};

use crate::fixtures::root;
use crate::sources::{Source, sources};

/// Each folder with those it may use, from the bottom to the top.
const LAYERS: &[(&str, &[&str])] = &[
    ("secret", &[]),
    ("document", &[]),
    ("expression", &[]),
    ("oci", &[]),
    ("license", &[]),
    ("proxy", &[]),
    ("cost", &[]),
    ("tools", &["secret"]),
    ("aws", &["secret", "tools"]),
    ("supervisor", &["secret", "tools"]),
    ("postgres", &["secret", "supervisor", "tools"]),
    ("backup", &["oci", "secret"]),
    ("product", &["document", "expression", "license", "oci"]),
    ("deployment", &["document", "expression", "oci", "product"]),
    ("wizard", &["deployment", "document", "expression", "product"]),
    ("edits", &["deployment", "oci", "secret"]),
    ("doctor", &["deployment", "license", "product", "secret"]),
    ("render", &["expression", "oci"]),
    ("plan", &["deployment", "oci", "product"]),
    ("journal", &["oci", "plan"]),
    ("run", &["journal", "oci", "plan"]),
    ("status", &["journal", "plan"]),
    (
        "drivers",
        &[
            "aws",
            "backup",
            "cost",
            "deployment",
            "doctor",
            "edits",
            "journal",
            "oci",
            "plan",
            "postgres",
            "product",
            "render",
            "run",
            "secret",
            "status",
            "supervisor",
            "tools",
        ],
    ),
    (
        "cli",
        &[
            "backup",
            "cost",
            "deployment",
            "doctor",
            "document",
            "drivers",
            "edits",
            "journal",
            "license",
            "oci",
            "plan",
            "product",
            "proxy",
            "render",
            "run",
            "secret",
            "status",
            "supervisor",
            "tools",
            "wizard",
        ],
    ),
];

/// Finds the modules of this crate that a source uses, in code that ships.
fn used(source: &Source) -> BTreeSet<String> {
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    source
        .shipped_code()
        .flat_map(|line| line.split("crate::").skip(1).map(word).collect::<Vec<_>>())
        .collect()
}

fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources("src").iter().filter(|source| !source.is_test()) {
        let Some(folder) = source
            .folder()
            .filter(|folder| *folder != "lib" && *folder != "main")
        else {
            continue;
        };
        let mut used = used(source);
        assert!(
            !used.remove(""),
            "{}: write one `use crate::<folder>` for each folder, so that this test can read it",
            source.path
        );
        used.remove(folder);
        edges.entry(folder.to_owned()).or_default().extend(used);
    }
    edges
}

#[test]
fn folders_use_only_those_below_them() {
    let edges = edges();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (folder, below) in LAYERS {
        for one in *below {
            assert!(
                known.contains(one),
                "{folder} may use {one}, which is not below it"
            );
        }
        known.insert(folder);
        let wanted: BTreeSet<String> = below.iter().map(|one| (*one).to_owned()).collect();
        let found = edges.get(*folder).cloned().unwrap_or_default();
        let new: Vec<_> = found.difference(&wanted).collect();
        assert!(
            new.is_empty(),
            "src/{folder} uses {new:?}, which the table does not allow"
        );
        let gone: Vec<_> = wanted.difference(&found).collect();
        assert!(
            gone.is_empty(),
            "src/{folder} uses {gone:?} no more: take it out of the table"
        );
    }
    let strangers: Vec<_> = edges
        .keys()
        .filter(|folder| !known.contains(folder.as_str()))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?} stand in no layer");
}

#[test]
fn the_table_in_the_document_is_this_one() {
    let document = fs_err::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (folder, below) in LAYERS {
        let row = match below {
            [] => format!("| `{folder}` | nothing |"),
            below => format!("| `{folder}` | {} |", below.join(", ")),
        };
        assert!(document.contains(&row), "ARCHITECTURE.md should say: {row}");
    }
}
