//! A ground in a cluster: a namespace, a folder, a license, and nothing of the machine's environment.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::RwLockReadGuard;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::common::{
    At, PATIENCE, Reply, Running, Said, ask_for, crowded, kill, promise, repository, start_until,
};
use super::cluster::{Cluster, cluster};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The components of the sample.
pub const COMPONENTS: [&str; 3] = ["api", "web", "worker"];

/// One installation of the sample product, gone with its namespace when dropped.
pub struct Ground {
    /// The answers, as last written.
    pub answers: Value,
    /// The namespace.
    pub namespace: String,
    /// The installation's name.
    pub name: String,
    cluster: &'static Cluster,
    folder: Utf8PathBuf,
    guard: Option<TempDir>,
    // Declared last, so that it goes last.
    _crowded: RwLockReadGuard<'static, ()>,
}

impl Ground {
    /// Prepares a ground on which releases are known, of which the first is asked for.
    ///
    /// None where there is no cluster, which is said aloud.
    pub fn new(releases: &[&str]) -> Option<Self> {
        let cluster = cluster()?;
        let guard = tempfile::Builder::new().prefix("lf-k8s-").tempdir().unwrap();
        let folder = Utf8PathBuf::from_path_buf(guard.path().to_owned()).expect("it is UTF-8");
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("lf-e2e-{}-{number}", std::process::id());
        let name = "notes".to_owned();
        let answers = json!({
            "schema": "landfall/answers/v1",
            "product": "sample",
            "release": releases[0],
            "name": name,
            "tier": "community",
            "parts": { "main": { "mode": "kubernetes", "target": "kubernetes", "options": {
                "namespace": namespace, "domain": format!("{namespace}.localhost"),
                "registry": cluster.registry,
                // A component with a volume is then replaced one pod by one, as those without.
                "storage_access": "ReadWriteMany", "storage_size": "1Gi",
            } } },
            "services": {
                "license": { "token": "file:license.jwt" },
                "database": { "supply": "bundled" },
                "objects": { "supply": "bundled" },
            },
        });
        let ground = Self {
            answers,
            namespace,
            name,
            cluster,
            folder,
            guard: Some(guard),
            _crowded: crowded(),
        };
        for made in ["home", "out", "data", "cache"] {
            fs_err::create_dir(ground.path(made)).unwrap();
        }
        ground.write_answers();
        for version in releases {
            ground.add_release(version);
        }
        ground.write_license("first");
        Some(ground)
    }

    /// Prepares a ground as [`Self::new`] does, and brings the first release up.
    pub fn up(releases: &[&str]) -> Option<Self> {
        let ground = Self::new(releases)?;
        ground.expect(0, &["up", "--yes"]);
        Some(ground)
    }

    /// Returns a path below the ground's folder.
    pub fn path(&self, below: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        self.folder.join(below)
    }

    /// Names the object of a component or service.
    pub fn object(&self, subject: &str) -> String {
        format!("{}-{subject}", self.name)
    }

    /// Writes the answers file anew.
    pub fn write_answers(&self) {
        let text = serde_yaml::to_string(&self.answers).unwrap();
        fs_err::write(self.path("landfall.yaml"), text).unwrap();
    }

    fn add_release(&self, version: &str) {
        let registry = &self.cluster.registry;
        let image = |name: &str| format!("{name}={registry}/landfall/sample-{name}:{version}");
        let mut images: Vec<String> = COMPONENTS.iter().map(|name| image(name)).collect();
        images.push(format!("database={registry}/library/postgres:15"));
        images.push(format!("objects={registry}/rclone/rclone:1"));
        let promise = promise(version);
        let mut add = vec!["release", "add", "sample", version, "--no-sbom"];
        images.iter().for_each(|image| add.extend(["--image", image]));
        add.extend(promise.iter().map(String::as_str));
        self.expect(0, &add);
    }

    /// Changes the answers and writes them down.
    pub fn change(&mut self, change: impl FnOnce(&mut Value)) {
        change(&mut self.answers);
        self.write_answers();
    }

    /// Has the binary issue a license and puts it where the answers say.
    pub fn write_license(&self, id: &str) {
        let key = repository("sample/keys/license-test.key.pem");
        let mut issue = vec!["license", "issue", "--product", "sample", "--key", key.as_str()];
        issue.extend(["--customer", "acme", "--tier", "community", "--seats", "5"]);
        issue.extend(["--feature", "attachments", "--issuer", "landfall", "--id", id]);
        let said = self.expect(0, &issue);
        fs_err::write(self.path("license.jwt"), said.stdout).unwrap();
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.start(arguments).end()
    }

    /// Runs the binary to its end and expects an exit code.
    #[track_caller]
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        said.expect(code);
        said
    }

    /// Starts the binary as the leader of a process group of its own, as a shell does.
    pub fn start(&self, arguments: &[&str]) -> Running {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command
            .env_clear()
            .env("PATH", &self.cluster.path)
            .env("KUBECONFIG", &self.cluster.kubeconfig)
            .env("HOME", self.path("home"))
            .env("USER", "tester")
            .env("TZ", "UTC")
            .env("LANDFALL_DATA", self.path("data"))
            .env("LANDFALL_CACHE", self.path("cache"))
            .current_dir(&self.folder)
            .args(arguments)
            .process_group(0);
        Running::start(command, &self.path("out"), arguments)
    }

    /// Starts a verb and returns when a moment has come, or when it has ended before.
    pub fn start_until(&self, arguments: &[&str], at: &At) -> Running {
        let events = self.path("events.ndjson");
        start_until(|all| self.start(all), &events, arguments, at)
    }

    /// Runs a verb and kills it at a moment; says whether it was still running.
    pub fn kill_at(&self, arguments: &[&str], at: &At, group: bool) -> bool {
        kill(self.start_until(arguments, at), at, group)
    }

    /// Lists the steps of a plan.
    pub fn steps(&self, arguments: &[&str]) -> Vec<String> {
        let mut all = vec!["plan", "--output", "json"];
        all.extend(arguments);
        let plan = self.expect(0, &all).json();
        let steps = plan["steps"].as_array().expect("a list");
        steps
            .iter()
            .map(|step| step["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Lists the runs, the newest first.
    pub fn runs(&self) -> Vec<Value> {
        let runs = self.expect(0, &["runs", "list", "--output", "json"]).json();
        runs.as_array().expect("a list").clone()
    }

    /// Reads how the product is.
    pub fn status(&self) -> Value {
        self.expect(0, &["status", "--output", "json"]).json()
    }

    /// Asks every component which version it is; all must agree.
    #[track_caller]
    pub fn version(&self) -> String {
        let status = self.status();
        let components = status["components"].as_array().unwrap();
        let told: Vec<&str> = components
            .iter()
            .filter_map(|component| component["version"].as_str())
            .collect();
        assert_eq!(told.len(), 3, "{status:#}");
        let versions: BTreeSet<&str> = told.into_iter().collect();
        assert_eq!(versions.len(), 1, "never between: {status:#}");
        versions.into_iter().collect()
    }

    /// Runs `kubectl` in the namespace; what it prints, or what it complains about.
    pub fn try_kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        self.tool("kubectl", arguments)
    }

    /// Runs `kubectl` in the namespace and expects that it succeeds.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        match self.tool("kubectl", arguments) {
            Ok(said) => said,
            Err(words) => panic!("`kubectl {}` failed: {words}", arguments.join(" ")),
        }
    }

    /// Runs `helm` in the namespace; what it prints, or what it complains about.
    pub fn try_helm(&self, arguments: &[&str]) -> Result<String, String> {
        self.tool("helm", arguments)
    }

    /// Runs `helm` in the namespace and expects that it succeeds.
    #[track_caller]
    pub fn helm(&self, arguments: &[&str]) -> String {
        match self.tool("helm", arguments) {
            Ok(said) => said,
            Err(words) => panic!("`helm {}` failed: {words}", arguments.join(" ")),
        }
    }

    /// Runs what a person would type, `helm` and `kubectl` on the search path, and expects that it succeeds.
    #[track_caller]
    pub fn shell(&self, folder: &Utf8Path, command: &str) -> String {
        let said = Command::new("bash")
            .args(["-euo", "pipefail", "-c", command])
            .current_dir(folder)
            .env("PATH", &self.cluster.path)
            .env("KUBECONFIG", &self.cluster.kubeconfig)
            .env("HOME", self.path("home"))
            .output()
            .expect("it starts");
        let words = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "`{command}` failed: {words}");
        String::from_utf8_lossy(&said.stdout).into_owned()
    }

    fn tool(&self, name: &str, arguments: &[&str]) -> Result<String, String> {
        let mut command = self.cluster.tool(name);
        command
            .args(["--namespace", &self.namespace])
            .args(arguments)
            .env("HOME", self.path("home"));
        let said = command.output().expect("it starts");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if said.status.success() {
            Ok(text(said.stdout))
        } else {
            Err(text(said.stderr))
        }
    }

    /// Sends a request the way users' requests come.
    pub fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Reply {
        self.visitor().ask(method, path, body)
    }

    /// Returns what somebody from outside needs to know.
    pub fn visitor(&self) -> Visitor {
        Visitor {
            host: format!("{}.localhost", self.namespace),
            base: self.cluster.ingress.clone(),
        }
    }

    /// Writes notes through the ingress.
    pub fn fill(&self, count: usize) {
        for number in 0..count {
            let body = json!({ "text": format!("note {number} #tag{}", number % 7) }).to_string();
            let reply = self.ask("POST", "/api/notes", Some(&body));
            assert_eq!(reply.status, 201, "{}", reply.body);
        }
    }

    /// Asks for the number of notes and their checksum.
    #[track_caller]
    pub fn checksum(&self) -> Value {
        let reply = self.ask("GET", "/api/notes/checksum", None);
        assert_eq!(reply.status, 200, "{}", reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }

    /// Asserts that the product is up and well, reachable, and that nothing is half done.
    #[track_caller]
    pub fn assert_well(&self) {
        let begin = Instant::now();
        // A rollback puts things back; that pods of before are gone and those of now are healthy takes a moment.
        while self.status()["healthy"] != true {
            assert!(begin.elapsed() < Duration::from_secs(90), "{:#}", self.status());
            std::thread::sleep(Duration::from_millis(500));
        }
        let page = self.ask("GET", "/", None);
        assert_eq!(page.status, 200, "the page through the ingress: {}", page.body);
        assert!(page.body.contains("<html"), "{}", page.body);
        let releases = self.helm(&["list", "--all", "--output", "json"]);
        let releases: Vec<Value> = serde_json::from_str(&releases).unwrap();
        for release in &releases {
            assert_eq!(release["status"], "deployed", "{releases:#?}");
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if std::thread::panicking() && std::env::var_os("LANDFALL_E2E_KEEP").is_some() {
            eprintln!("left for looking at: {} and {}", self.folder, self.namespace);
            self.guard.take().map(TempDir::keep);
            return;
        }
        let delete = ["delete", "namespace", &self.namespace, "--ignore-not-found"];
        let _ = self.cluster.kubectl().args(delete).arg("--wait=false").output();
    }
}

/// Somebody from outside.
#[derive(Debug, Clone)]
pub struct Visitor {
    host: String,
    base: String,
}

impl Visitor {
    /// Sends one request.
    pub fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Reply {
        ask_for(Some(&self.host), method, &format!("{}{path}", self.base), body)
    }
}

/// Waits until something is so.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "it never came to be: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
