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
    At, PATIENCE, Reply, Running, Said, ask_for, kill, promise, repository, signal, start_until, under,
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
    /// Where all this is.
    pub emulator: &'static Emulator,
    folder: Utf8PathBuf,
    _guard: TempDir,
}

/// Where an installation is to be.
pub struct Place {
    /// At which emulator.
    pub emulator: &'static Emulator,
    /// In which account.
    pub account: String,
    /// Under which name.
    pub name: String,
}

impl Installation {
    /// Prepares one of the sample product, for which releases are known; the first is asked for.
    ///
    /// None where there is no emulator, which is said aloud.
    pub fn new(releases: &[&str]) -> Option<Self> {
        let one = Self::with(|place| sample(place, releases[0]))?;
        fs_err::write(one.path("access-key"), &one.account).unwrap();
        fs_err::write(one.path("secret-key"), "a canary that nobody finds").unwrap();
        for version in releases {
            one.add_release(version);
        }
        one.write_license();
        Some(one)
    }

    /// Prepares one in an account that nobody has used.
    ///
    /// None where there is no emulator, which is said aloud.
    pub fn with(answers: impl FnOnce(&Place) -> Value) -> Option<Self> {
        let emulator = emulator()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        // Tests that begin in one second are told apart.
        let number = u64::from(NUMBER.fetch_add(1, Ordering::Relaxed));
        let account = format!("{:012}", now.as_secs() * 100 + number);
        let place = Place {
            emulator,
            name: format!("lf{}", &account[account.len() - 7..]),
            account,
        };
        let mut answers = answers(&place);
        // Operators are at work at other machines, too.
        answers["state"] = format!("s3://{}-runs/landfall", place.name).into();
        let guard = tempfile::Builder::new().prefix("lf-aws-").tempdir().unwrap();
        let one = Self {
            answers,
            name: place.name,
            access_key: place.account.clone(),
            account: place.account,
            emulator,
            folder: Utf8PathBuf::from_path_buf(guard.path().to_owned()).expect("it is UTF-8"),
            _guard: guard,
        };
        emulator.make_bucket(&one.account, &one.runs());
        one.make_folders();
        one.write_answers();
        let authority = ask_for(None, "GET", &one.at("/_ministack/rds/ca.pem"), None);
        fs_err::write(one.path("database-ca.pem"), authority.body).unwrap();
        Some(one)
    }

    /// Has a second operator come, with the same files in a folder of their own and nothing else.
    pub fn second(&self) -> Self {
        let guard = tempfile::Builder::new().prefix("lf-aws-").tempdir().unwrap();
        let second = Self {
            answers: self.answers.clone(),
            name: self.name.clone(),
            access_key: self.access_key.clone(),
            account: self.account.clone(),
            emulator: self.emulator,
            folder: Utf8PathBuf::from_path_buf(guard.path().to_owned()).expect("it is UTF-8"),
            _guard: guard,
        };
        second.make_folders();
        let given = [
            "landfall.yaml",
            "license.jwt",
            "database-ca.pem",
            "access-key",
            "secret-key",
        ];
        let releases = under(&self.path("data"));
        for file in given.into_iter().map(|file| self.path(file)).chain(releases) {
            let there = second.path(file.strip_prefix(&self.folder).unwrap());
            fs_err::create_dir_all(there.parent().unwrap()).unwrap();
            if file.is_file() {
                fs_err::copy(&file, &there).unwrap();
            }
        }
        second
    }

    /// Gets the answers file of another operator: they share it, and an upgrade writes the release into the one at hand.
    pub fn take_answers_of(&self, other: &Self) {
        fs_err::copy(other.path("landfall.yaml"), self.path("landfall.yaml")).unwrap();
    }

    fn make_folders(&self) {
        for made in ["home", "out", "data", "cache"] {
            fs_err::create_dir(self.path(made)).unwrap();
        }
    }

    /// Names the bucket with the record of the runs.
    fn runs(&self) -> String {
        format!("{}-runs", self.name)
    }

    /// Names the buckets with what Terraform and Landfall remember.
    pub fn remembering(&self) -> [String; 2] {
        [self.runs(), format!("{}-state-{}", self.name, self.account)]
    }

    fn write_license(&self) {
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
        let of_sample = ["api", "web", "worker"];
        let of_sample = of_sample.map(|name| (name, format!("landfall/sample-{name}:{images}")));
        let database = ("database", "library/postgres:15".to_owned());
        let images = [of_sample.as_slice(), &[database]].concat();
        self.add_images(("sample", version), &images, promise);
    }

    /// Adds a release of a product, with images that the emulator's registry has.
    pub fn add_images(&self, (product, version): (&str, &str), images: &[(&str, String)], promise: &[&str]) {
        let registry = &self.emulator.registry;
        let image = |(name, tag): &(&str, String)| format!("{name}={registry}/{tag}");
        let images: Vec<String> = images.iter().map(image).collect();
        let mut add = vec!["release", "add", product, version, "--no-sbom"];
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

    /// Runs a verb, and returns when a moment of it has come.
    pub fn start_until(&self, arguments: &[&str], at: &At) -> Running {
        let events = self.path("events.ndjson");
        start_until(|all| self.start(all), &events, arguments, at)
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
            .env("AWS_REGION", &self.emulator.region)
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
        let running = self.start_until(arguments, &how.at);
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
        // One more revision of a task costs nothing, and cannot be taken for another one.
        let beside: Vec<String> = self
            .tagged()
            .into_iter()
            .filter(|arn| !arn.contains(":task-definition/"))
            // Those that an upgrade saves are in its record.
            .filter(|arn| !arn.contains(":cluster-snapshot:"))
            .filter(|arn| !known.contains(arn.rsplit(['/', ':']).next().unwrap()))
            .collect();
        assert!(beside.is_empty(), "no state knows {beside:#?}");
    }

    /// Lists what has the installation's tags, by ARN.
    pub fn tagged(&self) -> Vec<String> {
        let aws = Aws::over(&self.emulator.configuration(&self.account)).unwrap();
        let tags = [("installation", self.name.as_str())];
        let tagged = wait(aws.tagged(&tags, &CancelToken::new())).unwrap();
        tagged.into_iter().map(|it| it.arn).collect()
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

/// The sample product's answers.
fn sample(place: &Place, release: &str) -> Value {
    let Place { emulator, name, .. } = place;
    json!({
        "schema": "landfall/answers/v1",
        "product": "sample",
        "release": release,
        "name": name,
        "tier": "community",
        "parts": { "main": { "mode": "aws", "target": "aws", "options": place.options("notes.example.test") } },
        "services": {
            "license": { "token": "file:license.jwt" },
            "database": { "supply": "managed" },
            "cache": { "supply": "managed" },
            "objects": {
                "supply": "yours", "region": emulator.region, "endpoint": emulator.endpoint,
                "bucket": format!("{name}-attachments"),
                "access_key": "file:access-key", "secret_key": "file:secret-key",
            },
        },
    })
}

impl Place {
    /// The options of a small deployment under a domain, with what the emulator has.
    pub fn options(&self, domain: &str) -> Value {
        json!({
            "region": self.emulator.region, "account": self.account, "domain": domain,
            "certificate": "given",
            "certificate_arn": self.emulator.certificate(&self.account, domain),
            "size": "small", "state": "s3",
            "database_version": "15.18", "database_ca": "database-ca.pem",
            "cache_engine": "redis", "cache_version": "7.1",
        })
    }
}

pub fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(work)
}
