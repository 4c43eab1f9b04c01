//! An installation in an account of its own: a folder, releases, a license, and nothing of the machine's environment.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};
use landfall::aws::Aws;
use landfall::tools::CancelToken;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::common::{
    At, PATIENCE, Reply, Running, Said, ask_for, kill, promise, repository, signal, start_until,
};
use super::emulator::{Emulator, emulator};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// How long a verb may take: networks and databases do, also at an emulator, and other tests are at work beside it.
const AT_LENGTH: Duration = Duration::from_secs(30 * 60);

/// When something is killed, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kill {
    at: At,
    everything: bool,
}

impl Kill {
    /// Kills Landfall: what it started goes on.
    pub fn landfall(at: At) -> Self {
        Self {
            at,
            everything: false,
        }
    }

    /// Kills Landfall, and each Terraform with its plug-ins.
    pub fn everything(at: At) -> Self {
        Self { at, everything: true }
    }

    /// Says whether it is in the middle of a step.
    pub fn is_amid(&self) -> bool {
        self.at.is_amid()
    }
}

/// One installation of the sample product. Its account is left as it is when it is dropped: the test destroys it.
pub struct Installation {
    /// The answers, as last written.
    pub answers: Value,
    /// The installation's name, which some things at the emulator share over accounts.
    pub name: String,
    /// The key that is signed in with: the account's own, which may do everything, unless a test takes another.
    pub access_key: String,
    /// The account.
    pub account: String,
    emulator: &'static Emulator,
    folder: Utf8PathBuf,
    _guard: TempDir,
}

impl Installation {
    /// Prepares one in an account that nobody has used, for which releases are known; the first is asked for.
    ///
    /// None where there is no emulator, which is said aloud.
    pub fn new(releases: &[&str]) -> Option<Self> {
        let emulator = emulator()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        // Tests that begin in one second are told apart.
        let number = u64::from(NUMBER.fetch_add(1, Ordering::Relaxed));
        let account = format!("{:012}", now.as_secs() * 100 + number);
        let guard = tempfile::Builder::new().prefix("lf-aws-").tempdir().unwrap();
        let folder = Utf8PathBuf::from_path_buf(guard.path().to_owned()).expect("it is UTF-8");
        let name = format!("lf{}", &account[account.len() - 7..]);
        let region = &emulator.region;
        let answers = json!({
            "schema": "landfall/answers/v1",
            "product": "sample",
            "release": releases[0],
            "name": name,
            "tier": "community",
            "parts": { "main": { "mode": "aws", "target": "aws", "options": {
                "region": region, "account": account, "domain": "notes.example.test",
                "certificate": "given",
                "certificate_arn": emulator.certificate(&account, "notes.example.test"),
                "size": "small", "state": "s3",
                // What the emulator has.
                "database_version": "15.18", "database_ca": "database-ca.pem",
                "cache_engine": "redis", "cache_version": "7.1",
            } } },
            "services": {
                "license": { "token": "file:license.jwt" },
                "database": { "supply": "managed" },
                "cache": { "supply": "managed" },
                "objects": {
                    "supply": "yours", "region": region, "endpoint": emulator.endpoint,
                    "bucket": format!("{name}-attachments"),
                    "access_key": "file:access-key", "secret_key": "file:secret-key",
                },
            },
        });
        let one = Self {
            answers,
            name,
            access_key: account.clone(),
            account,
            emulator,
            folder,
            _guard: guard,
        };
        one.prepare(releases);
        Some(one)
    }

    fn prepare(&self, releases: &[&str]) {
        for made in ["home", "out", "data", "cache"] {
            fs_err::create_dir(self.path(made)).unwrap();
        }
        self.write_answers();
        let authority = ask_for(None, "GET", &self.at("/_ministack/rds/ca.pem"), None);
        fs_err::write(self.path("database-ca.pem"), authority.body).unwrap();
        fs_err::write(self.path("access-key"), &self.account).unwrap();
        fs_err::write(self.path("secret-key"), "a canary that nobody finds").unwrap();
        for version in releases {
            self.add_release(version);
        }
        let key = repository("sample/keys/license-test.key.pem");
        let mut issue = vec!["license", "issue", "--product", "sample", "--key", key.as_str()];
        issue.extend(["--customer", "acme", "--tier", "community", "--seats", "5"]);
        issue.extend([
            "--feature",
            "attachments",
            "--issuer",
            "landfall",
            "--id",
            "first",
        ]);
        let said = self.expect(0, &issue);
        fs_err::write(self.path("license.jwt"), said.stdout).unwrap();
    }

    fn add_release(&self, version: &str) {
        let promise = promise(version);
        self.add_release_of(
            version,
            version,
            &promise.iter().map(String::as_str).collect::<Vec<_>>(),
        );
    }

    /// Adds a release whose images are those of another one.
    pub fn add_release_of(&self, version: &str, images: &str, promise: &[&str]) {
        let registry = &self.emulator.registry;
        let image = |name: &str| format!("{name}={registry}/landfall/sample-{name}:{images}");
        let mut images: Vec<String> = ["api", "web", "worker"].map(image).to_vec();
        images.push(format!("database={registry}/library/postgres:15"));
        let mut add = vec!["release", "add", "sample", version, "--no-sbom"];
        images.iter().for_each(|image| add.extend(["--image", image]));
        add.extend(promise);
        self.expect(0, &add);
    }

    /// Lets a release be one that was never added.
    pub fn forget_release(&self, version: &str) {
        fs_err::remove_file(self.release(version)).unwrap();
    }

    fn release(&self, version: &str) -> Utf8PathBuf {
        self.path(format!("data/releases/sample/{version}.yaml"))
    }

    /// Lets a release name images that its registry has not.
    pub fn lose_images(&self, version: &str) {
        let path = self.release(version);
        let text = fs_err::read_to_string(&path).unwrap();
        let mut release: Value = serde_yaml::from_str(&text).unwrap();
        let lost = format!("sha256:{}", "0".repeat(64));
        release["images"]["api"]["digest"] = lost.as_str().into();
        release["images"]["api"]["platforms"]["linux/amd64"] = lost.into();
        fs_err::write(path, serde_yaml::to_string(&release).unwrap()).unwrap();
    }

    /// Stops the database, as an operator may: nothing can be saved of it then.
    pub fn stop_database(&self) {
        let rds = aws_sdk_rds::Client::new(&self.emulator.configuration(&self.account));
        let call = rds.stop_db_cluster().db_cluster_identifier(self.database());
        wait(call.send()).unwrap();
    }

    /// Starts it again.
    pub fn start_database(&self) {
        let rds = aws_sdk_rds::Client::new(&self.emulator.configuration(&self.account));
        let call = rds.start_db_cluster().db_cluster_identifier(self.database());
        wait(call.send()).unwrap();
        let is_available = || {
            let call = rds.describe_db_clusters().db_cluster_identifier(self.database());
            wait(call.send()).unwrap().db_clusters()[0].status() == Some("available")
        };
        let begin = Instant::now();
        while !is_available() {
            assert!(begin.elapsed() < PATIENCE, "the database does not start");
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.emulator.endpoint)
    }

    /// Returns a path below the folder.
    pub fn path(&self, below: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        self.folder.join(below)
    }

    /// Writes the answers file anew.
    pub fn write_answers(&self) {
        let text = serde_yaml::to_string(&self.answers).unwrap();
        fs_err::write(self.path("landfall.yaml"), text).unwrap();
    }

    /// Runs the binary to its end and expects an exit code.
    #[track_caller]
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Said {
        let said = self.start(arguments).end_within(AT_LENGTH);
        said.expect(code);
        said
    }

    /// Starts the binary as the leader of a process group of its own, as a shell does.
    pub fn start(&self, arguments: &[&str]) -> Running {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("USER", "tester")
            .env("TZ", "UTC")
            .env("LANDFALL_DATA", self.path("data"))
            .env("LANDFALL_CACHE", self.path("cache"))
            .env("AWS_ENDPOINT_URL", &self.emulator.endpoint)
            .env("AWS_ACCESS_KEY_ID", &self.access_key)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(std::env::var_os("TF_CLI_CONFIG_FILE").map(|file| ("TF_CLI_CONFIG_FILE", file)))
            .current_dir(&self.folder)
            .args(arguments)
            .process_group(0);
        Running::start(command, &self.path("out"), arguments)
    }

    /// Runs a verb and kills it at moments one after the other, going on each time; the last time it comes to its end.
    #[track_caller]
    pub fn through_kills(&self, arguments: &[&str], kills: &[Kill]) {
        let mut verb = arguments;
        for kill in kills {
            assert!(self.kill(verb, kill), "it was at work at {kill:?}");
            verb = &["resume"];
        }
        self.expect(0, verb);
    }

    /// Runs a verb and kills it; says whether it was still running.
    pub fn kill(&self, arguments: &[&str], how: &Kill) -> bool {
        eprintln!("`{}`: {how:?}", arguments.join(" "));
        let events = self.path("events.ndjson");
        let running = start_until(|all| self.start(all), &events, arguments, &how.at);
        let was_running = kill(running, &how.at, true);
        if how.everything {
            // A moment later, as on a machine that goes down.
            self.terraforms()
                .into_iter()
                .for_each(|process| signal(process, Signal::KILL));
        }
        was_running
    }

    /// Lists the processes that work on the layers, but for Landfall itself.
    pub fn terraforms(&self) -> Vec<i32> {
        let own = self.path(".landfall");
        let processes = Utf8Path::new("/proc").read_dir_utf8().unwrap().flatten();
        let found = processes.filter(|process| {
            let at = fs_err::read_link(process.path().join("cwd"));
            at.is_ok_and(|at| at.starts_with(&own))
        });
        found
            .filter_map(|process| process.file_name().parse().ok())
            .collect()
    }

    /// Lists the steps of a plan.
    pub fn steps(&self, arguments: &[&str]) -> Vec<String> {
        let plan = self
            .expect(0, &[&["plan", "--output", "json"], arguments].concat())
            .json();
        let steps = plan["steps"].as_array().unwrap();
        steps
            .iter()
            .map(|step| step["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Expects that all that has the installation's tags is in a state: nothing was made twice, and nothing is forgotten.
    #[track_caller]
    pub fn assert_nothing_is_beside(&self) {
        let own = self.path(format!(".landfall/{}/terraform/main", self.name));
        let layers = own.read_dir_utf8().unwrap().flatten();
        let known: String = layers
            .filter(|layer| layer.path().join(".terraform").is_dir())
            .map(|layer| self.terraform(layer.path(), &["show", "-json"]))
            .collect();
        let aws = Aws::over(&self.emulator.configuration(&self.account)).unwrap();
        let tags = [("installation", self.name.as_str())];
        let tagged = wait(aws.tagged(&tags, &CancelToken::new())).unwrap();
        // One more revision of a task costs nothing, and cannot be taken for another one.
        let beside: Vec<String> = tagged
            .into_iter()
            .map(|it| it.arn)
            .filter(|arn| !arn.contains(":task-definition/"))
            // Those that an upgrade saves are in its record.
            .filter(|arn| !arn.contains(":cluster-snapshot:"))
            .filter(|arn| !known.contains(arn.rsplit(['/', ':']).next().unwrap()))
            .collect();
        assert!(beside.is_empty(), "no state knows {beside:#?}");
    }

    fn database(&self) -> String {
        let given = self.output("data", "for_application");
        given["data"]["database"]["identifier"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Expects that nothing is to be done: neither by Terraform nor otherwise.
    #[track_caller]
    pub fn assert_settled(&self) {
        let said = self.expect(0, &["plan"]);
        assert!(said.stdout.contains("nothing to do"), "{said}");
    }

    /// Asks the product for its version, through the load balancer.
    pub fn version(&self) -> String {
        let reply = self.ask("/version");
        let told: Value = serde_json::from_str(&reply.body).unwrap_or_else(|_| panic!("{}", reply.body));
        told["version"].as_str().unwrap().to_owned()
    }

    /// Asks the product, until it answers well.
    fn ask(&self, path: &str) -> Reply {
        let host = format!(
            "{}:443",
            self.output("application", "application")["address"]
                .as_str()
                .unwrap()
        );
        let begin = Instant::now();
        loop {
            let reply = ask_for(Some(&host), "GET", &self.at(path), None);
            if reply.status == 200 || begin.elapsed() > PATIENCE {
                return reply;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// Reads the state of every component.
    pub fn states(&self) -> Vec<String> {
        let status = self.expect(0, &["status", "--output", "json"]).json();
        let components = status["components"].as_array().unwrap();
        let state = |component: &Value| component["state"].as_str().unwrap().to_owned();
        components.iter().map(state).collect()
    }

    /// Reads an output of a layer, as an operator does.
    fn output(&self, layer: &str, name: &str) -> Value {
        let layer = self.path(format!(".landfall/{}/terraform/main/{layer}", self.name));
        let text = self.terraform(&layer, &["output", "-json", name]);
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
    }

    /// Reads something by Terraform in a layer's folder.
    fn terraform(&self, layer: &Utf8Path, arguments: &[&str]) -> String {
        let mut command = Command::new("terraform");
        command
            .args(arguments)
            .current_dir(layer)
            .env("AWS_ENDPOINT_URL", &self.emulator.endpoint)
            .env("AWS_ACCESS_KEY_ID", &self.account);
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(work)
}
