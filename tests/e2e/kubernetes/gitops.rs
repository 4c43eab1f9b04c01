//! What Argo CD and Flux would apply, applied by hand, against what `up` makes of the same answers.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::by_hand::{commands, filled};
use super::common::Ground;

/// Where the part lies in the repository.
const PATH: &str = "clusters/one";

/// Objects that are not compared: the beginnings of their kinds and names.
const LEFT_OUT: [(&str, &str); 5] = [
    ("Event", "tells what happened"),
    ("Lease", "is a controller's own"),
    ("Endpoints", "is made of a Service by a controller"),
    ("Secret sh.helm.release.v1.", "is helm's record of a release"),
    (
        "Secret notes-secrets-before",
        "is for Landfall's way back: GitOps goes back by Git",
    ),
];

/// Fields that differ between two of the same object.
const IGNORED: [(&str, &str); 20] = [
    ("/metadata/uid", "each object has its own"),
    (
        "/metadata/resourceVersion",
        "counts the changes of the whole cluster",
    ),
    ("/metadata/creationTimestamp", "is a time"),
    ("/metadata/generation", "counts changes, those of controllers too"),
    ("/status", "is found by controllers, not applied"),
    (
        "/metadata/annotations/meta.helm.sh~1release-name",
        "is helm's mark",
    ),
    (
        "/metadata/annotations/meta.helm.sh~1release-namespace",
        "is helm's mark",
    ),
    (
        "/metadata/annotations/helm.sh~1hook",
        "tells Flux's helm when to apply it",
    ),
    (
        "/metadata/annotations/helm.sh~1hook-delete-policy",
        "tells Flux's helm when to remove it",
    ),
    (
        "/metadata/annotations/argocd.argoproj.io~1hook",
        "tells Argo CD when to apply it",
    ),
    (
        "/metadata/annotations/argocd.argoproj.io~1hook-delete-policy",
        "tells Argo CD when to remove it",
    ),
    (
        "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
        "is kubectl's mark",
    ),
    ("/spec/clusterIP", "is given out by the cluster"),
    ("/spec/clusterIPs", "is given out by the cluster"),
    ("/spec/volumeName", "is given out by the cluster"),
    (
        "/spec/selector/matchLabels/batch.kubernetes.io~1controller-uid",
        "is the Job's uid",
    ),
    (
        "/spec/template/metadata/labels/batch.kubernetes.io~1controller-uid",
        "is the Job's uid",
    ),
    (
        "/spec/template/metadata/labels/controller-uid",
        "is the Job's uid",
    ),
    (
        "/metadata/annotations/volume.kubernetes.io~1selected-node",
        "is chosen by the scheduler",
    ),
    ("/spec/finalizers", "is how far the removal of a namespace is"),
];

/// Says what a controller would apply of one chart.
#[derive(Debug)]
struct Release {
    name: String,
    chart: Utf8PathBuf,
    values: Vec<Utf8PathBuf>,
    /// The annotation and its value that mark what comes before everything else.
    first: (&'static str, &'static str),
}

/// Reads from a controller's objects what it would apply, and in which order.
type Read = fn(&Utf8Path, &[Value]) -> Vec<Release>;

fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).expect("it is YAML"))
        .filter(Value::is_object)
        .collect()
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn texts<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a str> {
    let list = object.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// Reads Applications in the order of their waves; values are named from the chart's folder.
fn argocd(repository: &Utf8Path, objects: &[Value]) -> Vec<Release> {
    let wave = |object: &&Value| {
        let wave = text(object, "/metadata/annotations/argocd.argoproj.io~1sync-wave");
        wave.parse::<i32>().unwrap_or_default()
    };
    let mut applications: Vec<&Value> = objects
        .iter()
        .filter(|object| object["kind"] == "Application")
        .collect();
    applications.sort_by_key(wave);
    let release = |application: &&Value| {
        let chart = repository.join(text(application, "/spec/source/path"));
        Release {
            name: text(application, "/spec/source/helm/releaseName").to_owned(),
            values: texts(application, "/spec/source/helm/valueFiles")
                .map(|file| chart.join(file))
                .collect(),
            chart,
            first: ("argocd.argoproj.io/hook", "PreSync"),
        }
    };
    applications.iter().map(release).collect()
}

/// Reads HelmReleases, each after those it depends on; values are named from the repository.
fn flux(repository: &Utf8Path, objects: &[Value]) -> Vec<Release> {
    let mut left: Vec<&Value> = objects
        .iter()
        .filter(|object| object["kind"] == "HelmRelease")
        .collect();
    let mut done: Vec<&str> = Vec::new();
    let mut releases = Vec::new();
    while !left.is_empty() {
        let is_next = |object: &&Value| {
            let on = object.pointer("/spec/dependsOn").and_then(Value::as_array);
            on.into_iter()
                .flatten()
                .all(|it| done.contains(&text(it, "/name")))
        };
        let next = left.iter().position(is_next).expect("none waits for itself");
        let object = left.remove(next);
        done.push(text(object, "/metadata/name"));
        let file = |path: &str| repository.join(path.trim_start_matches("./"));
        releases.push(Release {
            name: text(object, "/spec/releaseName").to_owned(),
            chart: file(text(object, "/spec/chart/spec/chart")),
            values: texts(object, "/spec/chart/spec/valuesFiles").map(file).collect(),
            first: ("helm.sh/hook", "pre-install"),
        });
    }
    releases
}

/// Applies objects as the controllers do, on the server's side, and waits until they are well.
fn apply(ground: &Ground, objects: &[&Value]) {
    if objects.is_empty() {
        return;
    }
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    let file = ground.path("applied.json");
    fs_err::write(&file, list.to_string()).unwrap();
    ground.kubectl(&["apply", "--server-side", "--filename", file.as_str()]);
    for object in objects {
        let name = format!(
            "{}/{}",
            text(object, "/kind").to_lowercase(),
            text(object, "/metadata/name")
        );
        match text(object, "/kind") {
            "Job" => drop(ground.kubectl(&["wait", "--for=condition=complete", &name, "--timeout=3m"])),
            "Deployment" | "StatefulSet" => {
                drop(ground.kubectl(&["rollout", "status", &name, "--timeout=3m"]));
            }
            _ => {}
        }
    }
}

/// Applies a release: what comes first, then the rest. Neither controller runs tests.
fn apply_release(ground: &Ground, release: &Release) {
    // They render as the cluster is, with the kinds that it knows.
    let mut template = vec!["template", &release.name, release.chart.as_str(), "--validate"];
    for file in &release.values {
        template.extend(["--values", file.as_str()]);
    }
    let objects = documents(&ground.helm(&template));
    let annotation = |object: &Value, key: &str| {
        let annotations = object.pointer("/metadata/annotations");
        let value = annotations.and_then(|all| all.get(key)).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let (key, value) = release.first;
    let is_test = |object: &&Value| annotation(object, "helm.sh/hook") == "test";
    let (first, rest): (Vec<&Value>, Vec<&Value>) = objects
        .iter()
        .filter(|object| !is_test(object))
        .partition(|object| annotation(object, key).split(',').any(|it| it == value));
    apply(ground, &first);
    apply(ground, &rest);
}

/// What was placed in a namespace, without what differs between any two.
#[derive(Debug, Default)]
struct Placed {
    objects: BTreeMap<String, Value>,
    /// Which of the ignored fields there were.
    ignored: BTreeSet<&'static str>,
}

fn placed(ground: &Ground) -> Placed {
    let kinds = ground.kubectl(&["api-resources", "--verbs=list", "--namespaced", "-o", "name"]);
    let kinds: Vec<&str> = kinds
        .lines()
        .filter(|kind| !kind.ends_with("metrics.k8s.io"))
        .collect();
    let mut objects = ground.objects(&kinds.join(","));
    let namespace = ground.object_text("namespace", &ground.namespace);
    objects.push(serde_json::from_str(&namespace).unwrap());
    let mut placed = Placed::default();
    for object in objects {
        // What an owner makes is as its owner says.
        if object.pointer("/metadata/ownerReferences").is_some() {
            continue;
        }
        let name = name_of(&object);
        if LEFT_OUT.iter().all(|(left_out, _)| !name.starts_with(left_out)) {
            let object = plain(ground, &object, &mut placed.ignored);
            placed.objects.insert(name_of(&object), object);
        }
    }
    placed
}

fn plain(ground: &Ground, object: &Value, ignored: &mut BTreeSet<&'static str>) -> Value {
    let whole = object.to_string().replace(&ground.namespace, "NAMESPACE");
    // A migration is called after its run.
    let run = text(object, "/metadata/name").strip_prefix("notes-migration-");
    let whole = run.map_or(whole.clone(), |run| whole.replace(run, "RUN"));
    let mut object: Value = serde_json::from_str(&whole).unwrap();
    if object["kind"] == "Secret" {
        // They are made anew in each namespace, here by hand: the same keys are what counts.
        let keys = object["data"].as_object().expect("a map").keys();
        object["data"] = json!(keys.collect::<Vec<_>>());
        object["metadata"]["labels"] = Value::Null;
    }
    for (pointer, _) in IGNORED {
        if object.pointer(pointer).is_some() {
            remove(&mut object, pointer);
            ignored.insert(pointer);
        }
    }
    // A map that held only what is ignored is no difference.
    for pointer in ["/metadata/annotations", "/metadata/labels"] {
        if matches!(object.pointer(pointer), Some(found) if found.is_null() || *found == json!({})) {
            remove(&mut object, pointer);
        }
    }
    object
}

fn name_of(object: &Value) -> String {
    format!("{} {}", text(object, "/kind"), text(object, "/metadata/name"))
}

fn remove(object: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer has a slash");
    let key = key.replace("~1", "/");
    if let Some(parent) = object.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.remove(&key);
    }
}

/// Has a controller's work done by hand in a namespace of its own.
fn by(controller: &str, read: Read) -> Option<Placed> {
    let mut ground = Ground::new(&["1.0.0"])?;
    let options = &mut ground.answers["parts"]["main"]["options"];
    options["gitops"] = json!(controller);
    options["gitops_repository"] = json!("https://git.example.com/platform.git");
    options["gitops_path"] = json!(PATH);
    ground.write_answers();
    let repository = ground.path("repository");
    let part = ground.render(&format!("repository/{PATH}"));
    let readme = fs_err::read_to_string(part.join("README.md")).unwrap();
    let files = ground.secrets_by_hand(&readme);
    let beforehand = commands(&readme)
        .into_iter()
        .filter(|command| command.contains("namespace.yaml") || command.contains("create secret"));
    for command in beforehand {
        ground.shell(&part, &filled(&command, &files));
    }
    let objects = fs_err::read_to_string(part.join(format!("gitops/{controller}.yaml"))).unwrap();
    let releases = read(&repository, &documents(&objects));
    assert_eq!(releases.len(), 2, "services, and then the product: {releases:?}");
    for release in &releases {
        apply_release(&ground, release);
    }
    ground.fill(1);
    Some(placed(&ground))
}

#[test]
fn argo_cd_and_flux_make_the_same_objects_as_up() {
    let Some(ground) = Ground::up(&["1.0.0"]) else {
        return;
    };
    let Placed {
        objects: wanted,
        mut ignored,
    } = placed(&ground);
    drop(ground);
    for name in [
        "Deployment notes-api",
        "Job notes-migration-RUN",
        "StatefulSet notes-database",
    ] {
        assert!(wanted.contains_key(name), "{:?}", wanted.keys());
    }
    let controllers: [(&str, Read); 2] = [("argocd", argocd), ("flux", flux)];
    for (controller, read) in controllers {
        let made = by(controller, read).expect("there was a cluster a moment ago");
        ignored.extend(made.ignored);
        let names = |all: &BTreeMap<String, Value>| all.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&made.objects), names(&wanted), "{controller}");
        for (name, object) in &wanted {
            let made = &made.objects[name];
            assert!(
                made == object,
                "{controller} makes {name} {made:#}\nand not {object:#}"
            );
        }
    }
    let idle: Vec<_> = IGNORED
        .iter()
        .filter(|(field, _)| !ignored.contains(field))
        .collect();
    assert!(idle.is_empty(), "no object has {idle:?}: compare it");
}
