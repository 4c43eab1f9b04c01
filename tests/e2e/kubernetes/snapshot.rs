//! Databases that are saved elsewhere than in a volume of the cluster: in an object store, or by a program of the
//! customer's.

use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;
use serde_json::json;

use super::super::common::At;
use super::common::{Ground, eventually};
use super::upgrade::look;

/// What somebody might write for a database that only their own tools can save.
const HOOK: &str = r#"#!/bin/sh
set -eu
echo "$1 $2" >> calls
in_database() {
  { printf '%s\n' "$LANDFALL_PASSWORD"; cat; } |
    kubectl --namespace "$LANDFALL_NAMESPACE" exec --stdin "$LANDFALL_HOST-0" -- \
      sh -c 'read -r PGPASSWORD && export PGPASSWORD && exec "$@"' sh \
      "$@" --host 127.0.0.1 --port "$LANDFALL_PORT" --username "$LANDFALL_USER" --dbname "$LANDFALL_DATABASE"
}
case $1 in
  save)
    if [ -e slow ]; then mv slow begun; sleep 4; fi
    in_database pg_dump --no-owner --no-privileges --no-comments < /dev/null > "$2.$$"
    mv "$2.$$" "$2.sql"
    echo "the hook has saved $2"
    ;;
  restore)
    {
      echo "BEGIN; DROP OWNED BY CURRENT_USER; CREATE SCHEMA IF NOT EXISTS public;"
      cat "$2.sql"
      echo "COMMIT;"
    } | in_database psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 > /dev/null
    echo "the hook has restored $2"
    ;;
esac
"#;

/// Lets a program of the customer's save the database from now on; the installation itself stays as it is.
fn with_hook(ground: &mut Ground) {
    let file = ground.path("save-notes");
    fs_err::write(&file, HOOK).unwrap();
    fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let options = &mut ground.answers["parts"]["main"]["options"];
    options["snapshot"] = json!("hook");
    options["snapshot_hook"] = json!("save-notes");
    options["snapshot_password"] = json!(true);
    ground.write_answers();
}

/// Reads what the hook was called with, call by call.
fn calls(ground: &Ground) -> Vec<(String, String)> {
    let text = fs_err::read_to_string(ground.path("calls")).unwrap();
    let call = |line: &str| {
        let (verb, name) = line.split_once(' ').expect("a verb and a name");
        (verb.to_owned(), name.to_owned())
    };
    text.lines().map(call).collect()
}

/// An object store in the namespace of a ground.
const STORE: &str = r#"
apiVersion: v1
kind: Service
metadata: { name: store }
spec: { selector: { app: store }, ports: [{ port: 9000 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: store }
spec:
  selector: { matchLabels: { app: store } }
  template:
    metadata: { labels: { app: store } }
    spec:
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        fsGroup: 65532
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: store
          image: REGISTRY/rclone/rclone:1
          args: [serve, s3, --addr, ":9000", --auth-key, "access,very-secret", ":local:/data"]
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          readinessProbe: { tcpSocket: { port: 9000 }, periodSeconds: 1 }
          resources: { requests: { cpu: 20m, memory: 64Mi }, limits: { memory: 512Mi } }
          volumeMounts:
            - { name: data, mountPath: /data }
            - { name: tmp, mountPath: /tmp }
      volumes:
        - { name: data, emptyDir: {} }
        - { name: tmp, emptyDir: {} }
"#;

/// Where dumps lie in the store.
const SAVED: &str = ":local:/data/notes/landfall-snapshots/notes";

/// Prepares a ground whose attachments and dumps go to an object store, and brings the first release up.
fn with_store(releases: &[&str]) -> Option<Ground> {
    let mut ground = Ground::new(releases)?;
    fs_err::write(ground.path("access"), "access").unwrap();
    fs_err::write(ground.path("secret"), "very-secret").unwrap();
    ground.answers["services"]["objects"] = json!({
        "supply": "yours", "driver": "s3", "endpoint": "http://store:9000",
        "access_key": "file:access", "secret_key": "file:secret",
    });
    let options = &mut ground.answers["parts"]["main"]["options"];
    options["snapshot"] = json!("objects");
    let registry = options["registry"].as_str().unwrap().to_owned();
    ground.write_answers();
    fs_err::write(ground.path("store.yaml"), STORE.replace("REGISTRY", &registry)).unwrap();
    let store = ground.path("store.yaml");
    ground.kubectl(&["create", "namespace", &ground.namespace]);
    let restricted = "pod-security.kubernetes.io/enforce=restricted";
    ground.kubectl(&["label", "namespace", &ground.namespace, restricted]);
    ground.kubectl(&["apply", "--filename", store.as_str()]);
    ground.kubectl(&["rollout", "status", "deployment/store", "--timeout=60s"]);
    rclone(&ground, &["mkdir", ":local:/data/notes"]);
    ground.expect(0, &["up", "--yes"]);
    Some(ground)
}

/// Runs rclone beside what is stored.
fn rclone(ground: &Ground, arguments: &[&str]) -> String {
    let mut all = vec!["exec", "deployment/store", "--", "rclone"];
    all.extend(arguments);
    ground.kubectl(&all)
}

#[test]
fn a_migration_that_fails_is_taken_back_with_what_the_customers_program_had_saved() {
    let Some(mut ground) = Ground::up(&["1.0.0", "1.3.0"]) else {
        return;
    };
    ground.fill(20);
    with_hook(&mut ground);
    let plan = ground.expect(0, &["plan", "--to", "1.3.0"]).stdout;
    for words in [
        "save the Database with",
        "restore the database as it was saved before, with",
    ] {
        assert!(
            plan.contains(&format!("{words} your program save-notes")),
            "{plan}"
        );
    }
    let before = look(&ground);
    let said = ground.expect(7, &["upgrade", "--to", "1.3.0", "--yes"]);
    said.says("migration 3 failed").says("is as it was before");
    assert_eq!(look(&ground), before);
    let run = ground.runs()[0]["about"]["id"].as_str().unwrap().to_lowercase();
    let name = format!("notes-database-1-0-0-to-1-3-0-{run}");
    let log = ground.expect(0, &["runs", "show"]).stdout;
    assert!(log.contains(&format!("the hook has saved {name}")), "{log}");
    let both = ["save", "restore"].map(|verb| (verb.to_owned(), name.clone()));
    assert_eq!(calls(&ground), both);
    ground.assert_well();

    fs_err::set_permissions(ground.path("save-notes"), std::fs::Permissions::from_mode(0o644)).unwrap();
    ground
        .expect(4, &["upgrade", "--to", "1.3.0", "--yes"])
        .says("it is not executable");
}

#[test]
fn a_program_that_was_cut_short_is_called_again_and_what_it_saved_is_found_later() {
    let Some(mut ground) = Ground::up(&["1.0.0", "1.1.0"]) else {
        return;
    };
    ground.fill(20);
    let before = ground.checksum();
    with_hook(&mut ground);
    fs_err::write(ground.path("slow"), "").unwrap();
    let upgrade = ["upgrade", "--to", "1.1.0", "--yes"];
    let running = ground.start_until(&upgrade, &At::start("database/save"));
    eventually("the hook is at work", || ground.path("begun").exists());
    running.signal_group(Signal::KILL);
    assert_eq!(running.end().code, None);
    ground.expect(0, &["resume"]).says("upgraded: Notes 1.1.0");
    let made = calls(&ground);
    assert_eq!(made.len(), 2, "{made:?}");
    assert_eq!(made[0], made[1], "called again, under the same name");

    // What was installed before knew of no program: the run that saved is the one that is asked.
    ground.fill(3);
    ground
        .expect(0, &["rollback", "--discard-writes", "--yes"])
        .says("by your program");
    let made = calls(&ground);
    assert_eq!(made.len(), 4, "{made:?}");
    assert_eq!(made[2].0, "save", "what is there is saved first");
    assert_eq!(made[3], ("restore".to_owned(), made[0].1.clone()));
    assert_eq!((ground.version().as_str(), ground.checksum()), ("1.0.0", before));
    ground.assert_well();
}

#[test]
fn a_migration_that_fails_is_taken_back_with_the_dump_in_the_object_store() {
    let Some(ground) = with_store(&["1.0.0", "1.3.0"]) else {
        return;
    };
    ground.fill(20);
    let before = look(&ground);
    let said = ground.expect(7, &["upgrade", "--to", "1.3.0", "--yes"]);
    said.says("migration 3 failed").says("is as it was before");
    assert_eq!(look(&ground), before);
    let found = rclone(&ground, &["lsf", "--recursive", "--files-only", SAVED]);
    let saved: Vec<&str> = found.lines().collect();
    assert_eq!(saved.len(), 2, "{found}");
    assert!(saved.contains(&"1.0.0-to-1.3.0/database/sha256"), "{found}");
    assert!(!ground.names("pvc").iter().any(|name| name.contains("snapshots")));
    ground.assert_well();
}

#[test]
fn an_upload_that_was_cut_short_is_made_again_and_a_dump_that_was_touched_changes_nothing() {
    let Some(ground) = with_store(&["1.0.0", "1.1.0"]) else {
        return;
    };
    ground.fill(20);
    let upgrade = ["upgrade", "--to", "1.1.0", "--yes"];
    let running = ground.start_until(&upgrade, &At::start("database/save"));
    let pods = || {
        let pods = ground.names("pods");
        pods.into_iter().find(|pod| pod.contains("save-database"))
    };
    eventually("the Job has a pod", || pods().is_some());
    running.signal_group(Signal::KILL);
    assert_eq!(running.end().code, None);
    let pod = pods().expect("it stays when it has ended");
    ground.kubectl(&["delete", &pod, "--grace-period=0", "--force"]);
    ground.expect(0, &["resume"]).says("upgraded: Notes 1.1.0");
    let folder = format!("{SAVED}/1.0.0-to-1.1.0/database");
    let found = rclone(&ground, &["lsf", &folder]);
    let dump = found.lines().find(|name| name.ends_with(".sql.gz"));
    let dump = format!("{folder}/{}", dump.unwrap_or_else(|| panic!("no dump: {found}")));

    ground.fill(3);
    let before = look(&ground);
    rclone(&ground, &["copyto", &format!("{folder}/sha256"), &dump]);
    ground
        .expect(7, &["rollback", "--discard-writes", "--yes"])
        .says("nothing was changed");
    assert_eq!(look(&ground), before);
    ground.assert_well();
}
