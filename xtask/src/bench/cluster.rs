//! Landfall beside bare `helm` and `kubectl`, on a real cluster: the same chart, the same values, one after the other.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::quiet;
use crate::cluster::prepare;
use crate::ground::Unavailable;
use crate::measure::{measure, median};
use crate::workspace::{output, program, root};

/// How often each side comes up from nothing.
const FRESH: usize = 3;
/// How often each side changes what is up.
const CHANGES: usize = 7;
/// What Landfall may take, of what the tools alone take.
const BAR: f64 = 1.1;

/// What a person does who has the rendered folder and no Landfall, as its README says.
const BY_HAND: &str = r#"
kubectl apply --filename namespace.yaml
kubectl --namespace "$NAMESPACE" create secret generic notes-secrets --from-literal=database_password=0123456789abcdef \
  --from-literal=session_key=0123456789abcdef --from-file=license_token="$LICENSE"
helm upgrade --install notes-services services/ --namespace "$NAMESPACE" --values services.values.yaml --wait
helm template notes product/ --namespace "$NAMESPACE" --values values.yaml --show-only templates/migration.yaml \
  --set migration.render=true --set-string migration.runId=1 | kubectl --namespace "$NAMESPACE" create --filename -
kubectl --namespace "$NAMESPACE" wait --for=condition=complete job/notes-migration-1 --timeout 300s
"#;
const BARE: &str =
    r#"helm upgrade --install notes product/ --namespace "$NAMESPACE" --values values.yaml --wait"#;

/// One side: a namespace, and a folder with answers, state and what is rendered.
struct Side<'a> {
    ground: &'a Ground,
    namespace: &'static str,
    folder: PathBuf,
}

struct Ground {
    landfall: PathBuf,
    folder: PathBuf,
    variables: Vec<(&'static str, OsString)>,
    registry: String,
}

/// Measures and prints a table; says so where no cluster can be.
pub fn compare(landfall: &Path, folder: &Path) -> anyhow::Result<()> {
    let prepared = match prepare() {
        Ok(prepared) => prepared,
        Err(error) if error.is::<Unavailable>() => {
            println!("not compared with helm: {error}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let registry = prepared
        .variables
        .iter()
        .find(|(key, _)| *key == crate::cluster::REGISTRY)
        .context("the cluster has no registry")?;
    let ground = Ground {
        landfall: landfall.to_owned(),
        folder: folder.join("cluster"),
        registry: registry.1.to_string_lossy().into_owned(),
        variables: prepared.variables.clone(),
    };
    let compared = ground.compare();
    // Nothing stays, whatever came of it.
    let mut remove = ground.command("kubectl");
    remove.args([
        "delete",
        "namespace",
        "landfall-bench",
        "bare-bench",
        "--ignore-not-found",
    ]);
    let removed = quiet(&mut remove);
    prepared.end()?;
    compared.and(removed)
}

impl Ground {
    fn command(&self, name: impl AsRef<std::ffi::OsStr>) -> Command {
        // A program is looked for in the PATH of whoever starts it.
        let mut command = program("env");
        for (key, value) in &self.variables {
            let mut pair = OsString::from(format!("{key}="));
            pair.push(value);
            command.arg(pair);
        }
        command.arg(name);
        command
    }

    fn compare(&self) -> anyhow::Result<()> {
        let _ = fs::remove_dir_all(&self.folder);
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create {}", self.folder.display()))?;
        self.release()?;
        println!(
            "{:<44} {:>10} {:>10} {:>7}",
            "on a cluster", "landfall", "alone", "ratio"
        );
        let (ours, bare) = (self.side("landfall-bench")?, self.side("bare-bench")?);
        ours.answers(0)?;
        bare.answers(0)?;
        bare.render()?;
        let render = measure(|| ours.landfall(&["render", "--out", "rendered"]))?.wall;
        let template = measure(|| bare.bash("helm template notes product/ --values values.yaml"))?.wall;
        row("render, and helm template", render, template);
        let (mut up, mut alone) = (Vec::new(), Vec::new());
        for _ in 0..FRESH {
            for side in [&ours, &bare] {
                side.remove()?;
            }
            up.push(timed(&mut ours.landfall(&["up", "--yes"]))?);
            alone.push(timed(&mut bare.bash(&format!("{BY_HAND}{BARE}")))?);
        }
        row(
            "up from nothing, and its commands by hand",
            median(up),
            median(alone),
        );
        let (mut up, mut alone) = (Vec::new(), Vec::new());
        for change in 1..=CHANGES {
            ours.answers(change)?;
            bare.answers(change)?;
            bare.render()?;
            up.push(timed(&mut ours.landfall(&["up", "--yes"]))?);
            alone.push(timed(&mut bare.bash(BARE))?);
        }
        row(
            "up that replaces every pod, and helm upgrade",
            median(up),
            median(alone),
        );
        Ok(())
    }

    /// Makes the release known that the cluster's registry has, and issues a license.
    fn release(&self) -> anyhow::Result<()> {
        let image = |name: &str, image: &str| format!("{name}={}/{image}", self.registry);
        let mut add = self.command(&self.landfall);
        // Away from the definitions of this repository, into which the release would go.
        add.current_dir(&self.folder)
            .env("LANDFALL_DATA", self.folder.join("data"))
            .args(["release", "add", "sample", "1.0.0", "--no-sbom"]);
        for name in ["api", "web", "worker"] {
            add.args(["--image", &image(name, &format!("landfall/sample-{name}:1.0.0"))]);
        }
        add.args(["--image", &image("database", "library/postgres:15")]);
        quiet(&mut add)?;
        let mut issue = program(&self.landfall);
        issue
            .current_dir(&self.folder)
            .args(["license", "issue", "--product", "sample", "--key"])
            .arg(root().join("sample/keys/license-test.key.pem"))
            .args(["--customer", "bench", "--tier", "community", "--seats", "5"]);
        let token = output(&mut issue)?;
        fs::write(self.folder.join("license.jwt"), token).context("cannot write the license")
    }

    fn side(&self, namespace: &'static str) -> anyhow::Result<Side<'_>> {
        let folder = self.folder.join(namespace);
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Side {
            ground: self,
            namespace,
            folder,
        })
    }
}

impl Side<'_> {
    /// Writes the answers; another number replaces every pod.
    fn answers(&self, change: usize) -> anyhow::Result<()> {
        let answers: Value = json!({
            "schema": "landfall/answers/v1",
            "product": "sample", "release": "1.0.0", "name": "notes", "tier": "community",
            "parts": { "main": { "mode": "kubernetes", "target": "kubernetes", "options": {
                "namespace": self.namespace, "domain": format!("{}.localhost", self.namespace),
                "registry": self.ground.registry,
                "storage_access": "ReadWriteMany", "storage_size": "1Gi",
            } } },
            "settings": { "otlp_endpoint": format!("http://127.0.0.1:{}", 4318 + change) },
            "services": {
                "license": { "token": "file:../license.jwt" },
                "database": { "supply": "bundled" },
                "objects": { "supply": "bundled" },
            },
        });
        let file = self.folder.join("landfall.yaml");
        fs::write(&file, answers.to_string()).with_context(|| format!("cannot write {}", file.display()))
    }

    fn landfall(&self, arguments: &[&str]) -> Command {
        let mut command = self.ground.command(&self.ground.landfall);
        command
            .current_dir(&self.folder)
            .env("LANDFALL_DATA", self.ground.folder.join("data"))
            .args(arguments);
        command
    }

    /// Prepares what somebody would type in the rendered folder.
    fn bash(&self, script: &str) -> Command {
        let mut command = self.ground.command("bash");
        command
            .current_dir(self.folder.join("rendered/main"))
            .env("NAMESPACE", self.namespace)
            .env("LICENSE", self.ground.folder.join("license.jwt"))
            .args(["-euo", "pipefail", "-c", script]);
        command
    }

    fn render(&self) -> anyhow::Result<()> {
        quiet(&mut self.landfall(&["render", "--out", "rendered"]))
    }

    /// Takes everything away, Landfall's own memory too.
    fn remove(&self) -> anyhow::Result<()> {
        let mut delete = self.ground.command("kubectl");
        delete.args(["delete", "namespace", self.namespace, "--ignore-not-found"]);
        quiet(&mut delete)?;
        for entry in fs::read_dir(&self.folder)?.flatten() {
            if entry.file_name() != "landfall.yaml" && entry.file_name() != "rendered" {
                fs::remove_dir_all(entry.path())
                    .with_context(|| format!("cannot remove {}", entry.path().display()))?;
            }
        }
        Ok(())
    }
}

fn timed(command: &mut Command) -> anyhow::Result<Duration> {
    let start = Instant::now();
    quiet(command)?;
    Ok(start.elapsed())
}

fn row(name: &str, ours: Duration, alone: Duration) {
    let ratio = ours.as_secs_f64() / alone.as_secs_f64().max(f64::EPSILON);
    let met = if ratio <= BAR { "met" } else { "MISSED" };
    println!(
        "{name:<44} {:>8.2} s {:>8.2} s {ratio:>6.2}x   {BAR}x: {met}",
        ours.as_secs_f64(),
        alone.as_secs_f64()
    );
}
