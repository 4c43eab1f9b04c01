//! A ground to bring the sample up on: a folder, ports, a name, a license, and nothing of the machine's environment.

mod database;
mod disk;
mod files;
mod http;
mod library;
mod machine;
mod ports;
mod process;
mod product;
mod program;
mod server;
mod stepping;
mod watcher;
mod xtask;

pub use database::copy;
pub use disk::{Disk, says_full};
pub use files::{tree, under};
pub use http::{Reply, ask, ask_for};
pub use library::{Library, Script, Trouble};
pub use machine::{crowded, quiet};
pub use ports::free_port;
pub use process::{Found, ours, signal};
pub use product::restarting;
pub use program::{Running, Said};
pub use server::Server;
pub use stepping::{At, kill, start_until, steps_of};
pub use watcher::{Watcher, holds};
pub use xtask::{exported, skip, xtask};

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take before the test counts it as hanging.
pub const PATIENCE: Duration = Duration::from_secs(400);

/// The programs of the PostgreSQL that tests start by themselves.
pub const POSTGRES: &str = "/usr/lib/postgresql/15/bin";

/// One installation of the sample product, gone with everything it started when dropped.
pub struct Ground {
    /// The answers, as last written.
    pub answers: Value,
    /// What the binary sees of an environment, beside the usual.
    pub environment: Vec<(String, String)>,
    /// The installation's name.
    pub name: String,
    /// The port people reach it on.
    pub port: u16,
    folder: Utf8PathBuf,
    // Declared last, so that it goes last.
    guard: Option<TempDir>,
}

impl Ground {
    /// Prepares a ground with release 1.0.0 and everything bundled.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// Prepares a ground whose answers are changed before they are written.
    pub fn with(change: impl FnOnce(&mut Value)) -> Self {
        // Short, for the path of a socket below it may have 108 bytes.
        let guard = tempfile::Builder::new()
            .prefix("lf-")
            .tempdir_in("/tmp")
            .expect("a folder can be made in /tmp");
        let folder = Utf8PathBuf::from_path_buf(guard.path().to_owned()).expect("it is UTF-8");
        // The services' user must be able to pass.
        fs_err::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        let port = free_port();
        let name = format!("notes-{port}");
        let mut answers = json!({
            "schema": "landfall/answers/v1",
            "product": "sample",
            "release": "1.0.0",
            "name": name,
            "tier": "community",
            "parts": { "main": { "mode": "host", "options": {
                "root": folder.join("root"), "user": "nobody", "supervisor": "landfall", "port": port,
            } } },
            "services": {
                "license": { "token": "file:license.jwt" },
                "database": { "supply": "bundled", "port": free_port() },
            },
            "settings": {
                "api_port": free_port(), "web_port": free_port(), "worker_port": free_port(),
            },
        });
        change(&mut answers);
        let ground = Self {
            name: answers["name"].as_str().unwrap().to_owned(),
            answers,
            environment: Vec::new(),
            port,
            folder,
            guard: Some(guard),
        };
        for made in ["home", "out", "data", "cache"] {
            fs_err::create_dir(ground.path(made)).unwrap();
        }
        ground.write_answers();
        ground.add_release("1.0.0", &sample().join("1.0.0"));
        ground.write_license("first");
        ground
    }

    /// Returns a path below the ground's folder.
    pub fn path(&self, below: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        self.folder.join(below)
    }

    /// Returns the installation's own folder.
    pub fn root(&self) -> Utf8PathBuf {
        Utf8PathBuf::from(self.answers["parts"]["main"]["options"]["root"].as_str().unwrap())
    }

    /// Changes the answers and writes them down.
    pub fn change(&mut self, change: impl FnOnce(&mut Value)) {
        change(&mut self.answers);
        self.write_answers();
    }

    fn write_answers(&self) {
        let text = serde_yaml::to_string(&self.answers).unwrap();
        fs_err::write(self.path("landfall.yaml"), text).unwrap();
    }

    /// Adds a release with the binary, from the layout that the sample's images lie in.
    pub fn add_release(&self, version: &str, layout: &Utf8Path) {
        // One that was added from elsewhere makes way.
        let _ = fs_err::remove_file(self.path(format!("data/releases/sample/{version}.yaml")));
        let promise = promise(version);
        let mut add = vec!["release", "add", "sample", version, "--from", layout.as_str()];
        // Hashing every layer takes seconds without optimisation, and what is in an image is no concern here.
        add.push("--no-sbom");
        add.extend(promise.iter().map(String::as_str));
        self.expect(0, &add);
    }

    /// Has the binary issue a license, puts it where the answers say, and returns it.
    pub fn write_license(&self, id: &str) -> String {
        let token = self.license(id, &repository("sample/keys/license-test.key.pem"));
        fs_err::write(self.path("license.jwt"), format!("{token}\n")).unwrap();
        token
    }

    /// Issues a license, signed by a key.
    pub fn license(&self, id: &str, key: &Utf8Path) -> String {
        self.license_with(id, key, &[])
    }

    /// Issues a license, signed by a key, that says more or something else.
    pub fn license_with(&self, id: &str, key: &Utf8Path, more: &[&str]) -> String {
        let mut issue = vec![
            "license",
            "issue",
            "--product",
            "sample",
            "--key",
            key.as_str(),
            "--customer",
            "acme",
            "--tier",
            "community",
            "--seats",
            "5",
            "--feature",
            "attachments",
            "--issuer",
            "landfall",
            "--id",
            id,
        ];
        issue.extend(more);
        self.expect(0, &issue).stdout.trim().to_owned()
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.start(arguments).end()
    }

    /// Runs the binary to its end and expects an exit code.
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        said.expect(code);
        said
    }

    /// Starts the binary.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments), &self.path("out"), arguments)
    }

    /// Starts the binary as the leader of a process group of its own, as a shell does.
    pub fn start_group(&self, arguments: &[&str]) -> Running {
        use std::os::unix::process::CommandExt as _;
        let mut command = self.command(arguments);
        command.process_group(0);
        Running::start(command, &self.path("out"), arguments)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command
            .env_clear()
            .env(
                "PATH",
                format!("{POSTGRES}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"),
            )
            .env("HOME", self.path("home"))
            .env("USER", "tester")
            .env("TZ", "UTC")
            .env("LANDFALL_DATA", self.path("data"))
            .env("LANDFALL_CACHE", self.path("cache"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .args(arguments);
        command
    }

    /// Brings the product up.
    pub fn up(&self) -> Said {
        self.expect(0, &["up", "--yes"])
    }

    /// Reads how the product is.
    pub fn status(&self) -> Value {
        self.expect(0, &["status", "--output", "json"]).json()
    }

    /// Lists the runs, the newest first.
    pub fn runs(&self) -> Vec<Value> {
        let runs = self.expect(0, &["runs", "list", "--output", "json"]).json();
        runs.as_array().expect("a list").clone()
    }

    /// Returns the URL of a path on the product's own address.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Writes a note through the product's API.
    pub fn write_note(&self, text: &str) {
        let body = json!({ "text": text }).to_string();
        let reply = ask("POST", &self.url("/api/notes"), Some(&body));
        assert_eq!(reply.status, 201, "{}", reply.body);
    }

    /// Reads the notes through the product's API.
    pub fn notes(&self) -> Vec<String> {
        let reply = ask("GET", &self.url("/api/notes"), None);
        assert_eq!(reply.status, 200, "{}", reply.body);
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        let notes = body["notes"].as_array().unwrap();
        notes
            .iter()
            .map(|note| note["text"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Finds everything that runs for this installation.
    pub fn processes(&self) -> Vec<Found> {
        ours(&self.root())
    }

    /// Asserts that the product is up and well, and that exactly one of everything runs.
    #[track_caller]
    pub fn assert_well(&self) {
        let status = self.status();
        assert_eq!(status["healthy"], true, "{status:#}");
        let page = ask("GET", &self.url("/"), None);
        assert_eq!(page.status, 200, "the page through the proxy: {}", page.body);
        assert!(
            page.body.contains("<html"),
            "the page through the proxy: {}",
            page.body
        );
        self.assert_one_of_each();
    }

    /// Waits until every component answers its probes.
    #[track_caller]
    pub fn wait_until_healthy(&self) {
        let begin = Instant::now();
        while self.status()["healthy"] != true {
            assert!(begin.elapsed() < Duration::from_secs(30), "{:#}", self.status());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Asserts that one supervisor keeps one process of each unit, and that nothing else of ours runs.
    #[track_caller]
    pub fn assert_one_of_each(&self) {
        let found = self.processes();
        let pids: Vec<i32> = found.iter().map(|process| process.pid).collect();
        let heads: Vec<&Found> = found
            .iter()
            .filter(|process| !pids.contains(&process.parent))
            .collect();
        assert_eq!(
            heads.len(),
            1,
            "processes that nobody of ours looks after: {found:#?}"
        );
        assert!(heads[0].command.contains("supervise"), "{found:#?}");
        let mut units: Vec<String> = found
            .iter()
            .filter(|process| process.parent == heads[0].pid)
            .map(|process| process.unit.clone().unwrap_or_else(|| process.command.clone()))
            .collect();
        units.sort();
        let database = self.answers["services"]["database"]["supply"] == "bundled";
        let mut wanted = vec!["api", "proxy", "web", "worker"];
        wanted.extend(database.then_some("database"));
        wanted.sort_unstable();
        let wanted: Vec<String> = wanted
            .iter()
            .map(|unit| format!("{}-{unit}", self.name))
            .collect();
        assert_eq!(units, wanted, "{found:#?}");
    }

    /// Asserts that nothing of ours runs; what was just told to end gets a moment.
    #[track_caller]
    pub fn assert_nothing_runs(&self) {
        let begin = Instant::now();
        let mut found = self.processes();
        while !found.is_empty() && begin.elapsed() < Duration::from_secs(3) {
            std::thread::sleep(Duration::from_millis(50));
            found = self.processes();
        }
        assert!(found.is_empty(), "still running: {found:#?}");
    }

    /// Returns the supervisor's process.
    pub fn supervisor(&self) -> Option<Found> {
        self.processes()
            .into_iter()
            .find(|process| process.command.contains(" supervise "))
    }

    /// Returns the main process of a unit.
    pub fn unit(&self, subject: &str) -> Option<Found> {
        let name = format!("{}-{subject}", self.name);
        let supervisor = self.supervisor()?;
        self.processes()
            .into_iter()
            .find(|process| process.parent == supervisor.pid && process.unit.as_deref() == Some(&name))
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let Some(supervisor) = self.supervisor() {
            process::signal(supervisor.pid, Signal::TERM);
            process::wait_gone(supervisor.pid, Duration::from_secs(10));
        }
        for _ in 0..20 {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            left.iter()
                .for_each(|process| process::signal(process.pid, Signal::KILL));
            std::thread::sleep(Duration::from_millis(50));
        }
        if std::thread::panicking() && std::env::var_os("LANDFALL_E2E_KEEP").is_some() {
            eprintln!("left for looking at: {}", self.folder);
            self.guard.take().map(TempDir::keep);
        }
    }
}

/// Returns a path of the repository.
pub fn repository(path: &str) -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Reads the flags that tell what a release of the sample promises; one that is no sample release promises nothing.
pub fn promise(version: &str) -> Vec<String> {
    let text = fs_err::read(repository("sample/releases.json")).unwrap();
    let known: Vec<Value> = serde_json::from_slice(&text).unwrap();
    let release = known.into_iter().find(|release| release["version"] == version);
    release.map_or_else(Vec::new, |release| {
        serde_json::from_value(release["promise"].clone()).unwrap()
    })
}

/// Returns the folder of the sample's images, one layout for each version.
pub fn sample() -> Utf8PathBuf {
    let given = std::env::var_os("LANDFALL_SAMPLE").map(PathBuf::from);
    let built = || {
        // <target folder>/<profile>/landfall
        let binary = Utf8Path::new(env!("CARGO_BIN_EXE_landfall"));
        let target = binary
            .parent()
            .and_then(Utf8Path::parent)
            .expect("cargo builds below a target folder");
        target.join("sample").into_std_path_buf()
    };
    let folder = Utf8PathBuf::from_path_buf(given.unwrap_or_else(built)).expect("it is UTF-8");
    assert!(
        folder.join("1.0.0/index.json").is_file(),
        "the sample's images are not at {folder}: run `cargo xtask sample`, or set LANDFALL_SAMPLE"
    );
    folder
}

/// Says aloud that a test cannot do its work here; returns whether it can.
pub fn needs_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("SKIPPED {test}: it needs root");
    }
    root
}

/// Says whether every case is to be tried, or a spread of them.
pub fn every_case() -> bool {
    std::env::var("LANDFALL_MATRIX").is_ok_and(|value| value == "all")
}

/// Takes all cases, or so many of them, spread evenly and the same every time.
pub fn spread<T: Clone>(cases: &[T], few: usize) -> Vec<T> {
    if every_case() || cases.len() <= few {
        return cases.to_vec();
    }
    (0..few)
        .map(|index| cases[index * (cases.len() - 1) / (few - 1).max(1)].clone())
        .collect()
}
