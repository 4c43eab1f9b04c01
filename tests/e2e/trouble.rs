//! A world that is not as it should be: a clear error, a state with a name, and a second try that succeeds.

use std::net::TcpListener;

use camino::Utf8Path;
use landfall::plan::Purpose;
use landfall::run::Outcome;
use serde_json::json;

use super::common::{
    Disk, Ground, Library, Said, Server, free_port, needs_root, repository, sample, says_full, under,
};

/// Asserts that an `up` was refused before anything was touched, or failed and was taken back.
#[track_caller]
fn assert_fails(ground: &Ground, codes: &[i32], words: &[&str]) -> Said {
    let said = ground.run(&["up", "--yes"]);
    assert!(
        said.code.is_some_and(|code| codes.contains(&code)),
        "expected one of {codes:?}: {said}"
    );
    for words in words {
        said.says(words);
    }
    ground.assert_nothing_runs();
    said
}

/// Runs without the checks that come before a first `up`, as the world may change after them.
#[track_caller]
fn assert_rolled_back(ground: &Ground, words: &[&str]) {
    let outcome = Library::new(ground).run(Purpose::Up, None);
    let Outcome::RolledBack { because } = &outcome else {
        panic!("{outcome:?}");
    };
    for word in words {
        assert!(because.contains(word), "expected `{word}`: {because}");
    }
    ground.assert_nothing_runs();
}

#[test]
fn a_port_that_is_taken_is_named_and_the_second_try_succeeds() {
    let ground = Ground::new();
    let taken = TcpListener::bind(("127.0.0.1", ground.port)).unwrap();
    let port = ground.port.to_string();
    assert_fails(&ground, &[4], &[&port]);
    assert!(!ground.root().exists());
    assert_rolled_back(&ground, &["proxy"]);
    drop(taken);
    ground.up();
    ground.assert_well();
}

#[test]
fn a_component_s_port_that_is_taken_is_named_and_the_second_try_succeeds() {
    let ground = Ground::new();
    let port = u16::try_from(ground.answers["settings"]["api_port"].as_u64().unwrap()).unwrap();
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert_rolled_back(&ground, &["api", &port.to_string()]);
    drop(taken);
    ground.up();
    ground.assert_well();
}

#[test]
fn a_license_that_is_not_the_vendor_s_is_told_and_the_second_try_succeeds() {
    let ground = Ground::new();
    let token = ground.license("forged", &repository("src/license/testdata/other.private.pem"));
    fs_err::write(ground.path("license.jwt"), token).unwrap();
    assert_fails(&ground, &[1, 4, 7], &["license"]);
    assert_rolled_back(&ground, &["license"]);
    ground.write_license("right");
    ground.up();
    ground.assert_well();
}

#[test]
fn a_license_file_that_is_not_there_is_told_and_the_second_try_succeeds() {
    let ground = Ground::new();
    fs_err::remove_file(ground.path("license.jwt")).unwrap();
    assert_fails(&ground, &[1, 3, 4, 7], &["license.jwt"]);
    ground.write_license("found again");
    ground.up();
    ground.assert_well();
}

#[test]
fn a_database_of_the_customer_s_that_does_not_answer_is_told_and_the_second_try_succeeds() {
    let port = free_port();
    let mut ground = Ground::with(|answers| {
        answers["services"]["database"] = json!({
            "supply": "yours", "host": "127.0.0.1", "port": port, "tls": "disable",
            "password": "file:database-password",
        });
    });
    fs_err::write(ground.path("database-password"), "right\n").unwrap();
    assert_fails(&ground, &[1, 4, 7], &[&port.to_string()]);
    assert_rolled_back(&ground, &["migrate"]);

    let _server = Server::start(&ground.path(""), port, "right");
    fs_err::write(ground.path("database-password"), "wrong\n").unwrap();
    assert_fails(&ground, &[1, 4, 7], &["password"]);
    fs_err::write(ground.path("database-password"), "right\n").unwrap();
    ground.environment.clear();
    ground.up();
    ground.assert_well();
    ground.write_note("in the customer's database");
    ground.expect(0, &["destroy", "--data", "--confirm", &ground.name]);
    ground.up();
    assert_eq!(
        ground.notes(),
        ["in the customer's database"],
        "destroy leaves alone what is not ours"
    );
}

#[test]
fn a_damaged_image_is_told_and_the_second_try_succeeds() {
    let ground = Ground::new();
    let layout = ground.path("layout");
    copy(&sample().join("1.0.0"), &layout);
    ground.add_release("1.0.0", &layout);
    let blob = under(&layout.join("blobs"))
        .into_iter()
        .filter(|path| path.is_file())
        .max_by_key(|path| fs_err::metadata(path).unwrap().len())
        .unwrap();
    let whole = fs_err::read(&blob).unwrap();
    let middle = whole.len() / 2;
    let mut flipped = whole.clone();
    flipped[middle] ^= 1;
    for damage in [flipped, whole[..middle].to_vec(), Vec::new()] {
        fs_err::write(&blob, damage).unwrap();
        assert_fails(&ground, &[1, 7], &["image"]);
    }
    fs_err::remove_file(&blob).unwrap();
    assert_fails(&ground, &[1, 7], &["image"]);
    fs_err::write(&blob, whole).unwrap();
    ground.up();
    ground.assert_well();
}

fn copy(from: &Utf8Path, to: &Utf8Path) {
    for path in under(from).iter().filter(|path| path.is_file()) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs_err::create_dir_all(target.parent().unwrap()).unwrap();
        fs_err::copy(path, target).unwrap();
    }
}

#[test]
fn a_full_disk_is_told_and_the_second_try_succeeds() {
    let test = "a_full_disk_is_told_and_the_second_try_succeeds";
    if !needs_root(test) {
        return;
    }
    let mut ground = Ground::new();
    let Some(disk) = Disk::mount(ground.path("disk"), "3g") else {
        eprintln!("SKIPPED {test}: no tmpfs can be mounted here");
        return;
    };
    let root = disk.place.join("root");
    ground.change(|answers| answers["parts"]["main"]["options"]["root"] = root.as_str().into());
    disk.fill(1 << 20);
    assert_fails(&ground, &[4], &["disk"]);
    disk.empty();
    // At different steps: placing Landfall itself, unpacking, the database.
    let tool = fs_err::metadata(env!("CARGO_BIN_EXE_landfall")).unwrap().len();
    let mut failed = 0;
    for left in [0, 1 << 20, tool + (2 << 20), 20 << 20, 45 << 20, 60 << 20] {
        disk.fill(left);
        let outcome = Library::new(&ground).run(Purpose::Up, None);
        disk.empty();
        let because = match outcome {
            Outcome::RolledBack { because } | Outcome::FailedClean { because } => because,
            Outcome::Succeeded => break,
            outcome => panic!("{left} bytes left: {outcome:?}"),
        };
        eprintln!("{left} bytes left: {because}");
        assert!(says_full(&because), "{left} bytes left: {because}");
        ground.assert_nothing_runs();
        failed += 1;
    }
    assert!(failed >= 4, "{failed}");
    ground.up();
    ground.assert_well();
    drop(ground);
    drop(disk);
}

#[test]
fn a_full_disk_under_the_state_stops_the_run_and_it_is_resumed() {
    let test = "a_full_disk_under_the_state_stops_the_run_and_it_is_resumed";
    if !needs_root(test) {
        return;
    }
    let mut ground = Ground::new();
    let Some(disk) = Disk::mount(ground.path("disk"), "4m") else {
        eprintln!("SKIPPED {test}: no tmpfs can be mounted here");
        return;
    };
    ground.change(|answers| answers["state"] = "disk/state".into());
    let at = super::common::At::start("database/initialize");
    let running = ground.start_until(&["up", "--yes"], &at);
    disk.fill(0);
    let said = running.end();
    assert!([1, 6].contains(&said.code.unwrap()), "{said}");
    said.says("landfall resume").says("could not record");
    disk.empty();
    ground.expect(0, &["resume"]);
    ground.assert_well();
    drop(ground);
    drop(disk);
}
