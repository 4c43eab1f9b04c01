//! Removing the product, with and without its data.

use super::common::{Ground, tree};

#[test]
fn destroy_keeps_the_data_and_the_next_up_finds_it() {
    let ground = Ground::new();
    ground.up();
    ground.write_note("survives destroy");
    let said = ground.expect(0, &["destroy", "--confirm", &ground.name]);
    said.says("data and its secrets stay");
    ground.assert_nothing_runs();
    let mut left: Vec<String> = ground
        .root()
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["data", "secrets"]);

    ground.up();
    ground.assert_well();
    assert_eq!(ground.notes(), ["survives destroy"]);
}

#[test]
fn destroy_with_data_leaves_nothing_below_the_root() {
    let ground = Ground::new();
    ground.up();
    ground
        .expect(0, &["destroy", "--data", "--confirm", &ground.name])
        .says("all data");
    ground.assert_nothing_runs();
    assert!(!ground.root().exists(), "{:#?}", tree(&ground.root(), &[]));
    let status = ground.status();
    assert!(status["installed"].is_null(), "{status:#}");
    ground
        .expect(3, &["destroy", "--confirm", &ground.name])
        .says("nothing is installed");
    ground.up();
    ground.assert_well();
    assert!(ground.notes().is_empty());
}

#[test]
fn destroy_removes_the_data_that_an_earlier_destroy_kept() {
    let ground = Ground::new();
    ground.up();
    ground.expect(0, &["destroy", "--confirm", &ground.name]);
    assert!(ground.root().join("data").exists());
    ground.expect(0, &["destroy", "--data", "--confirm", &ground.name]);
    assert!(!ground.root().exists(), "{:#?}", tree(&ground.root(), &[]));
}

#[test]
fn destroy_wants_the_name_typed_out() {
    let ground = Ground::new();
    ground.up();
    ground
        .expect(3, &["destroy"])
        .says(&format!("--confirm {}", ground.name));
    ground.expect(3, &["destroy", "--yes"]).says("--confirm");
    ground
        .expect(3, &["destroy", "--data", "--yes"])
        .says("--confirm");
    ground
        .expect(1, &["destroy", "--confirm", "another"])
        .says("nothing was changed");
    ground.assert_well();
    assert_eq!(ground.runs().len(), 1);
}

#[test]
fn what_a_person_put_below_the_root_makes_no_trouble() {
    let ground = Ground::new();
    ground.up();
    fs_err::write(ground.root().join("NOTES.txt"), "mine").unwrap();
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
    ground.expect(0, &["destroy", "--confirm", &ground.name]);
    assert_eq!(
        fs_err::read_to_string(ground.root().join("NOTES.txt")).unwrap(),
        "mine"
    );
}
