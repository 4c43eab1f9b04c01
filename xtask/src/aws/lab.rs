//! The emulators, up or not.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;

use super::settings::{Emulator, Settings};
use super::terraform;
use crate::ground::cache::{Cache, key, make};
use crate::ground::images::{debian, pushing, sample};
use crate::ground::python::environment;
use crate::ground::{Unavailable, has_programs, holds_containers, sources, variable};
use crate::workspace::{program, run};

/// The variable with the address of the registry that tasks' images come from.
const REGISTRY: &str = "LANDFALL_TEST_AWS_REGISTRY";
/// Any would do.
const REGION: &str = "eu-central-1";

/// Where the emulators of one name live.
pub struct Lab {
    pub settings: Settings,
    cache: Cache,
    folder: PathBuf,
}

impl Lab {
    /// Reads from the environment which one is meant.
    pub fn of_environment() -> anyhow::Result<Self> {
        let settings = Settings::read(variable)?;
        let cache = Cache::open()?;
        let ours = || cache.path(&format!("aws-{}", settings.name));
        Ok(Self {
            folder: settings.folder.clone().unwrap_or_else(ours),
            settings,
            cache,
        })
    }

    /// Lists what a program must know to take an emulator for AWS, and nothing else for it.
    pub fn variables(&self, emulator: Emulator) -> anyhow::Result<Vec<(&'static str, String)>> {
        let mut variables: Vec<(&'static str, String)> = [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", REGION),
            // Python's programs read this one.
            ("AWS_DEFAULT_REGION", REGION),
            // Keys and settings of whoever sits here must not come in.
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(key, value)| (key, value.to_owned()))
        .into();
        variables.push(("AWS_ENDPOINT_URL", self.settings.endpoint(emulator)));
        if emulator == Emulator::Containers {
            variables.push((REGISTRY, self.settings.registry()));
        }
        if let Some(path) = terraform::configuration(&self.cache)? {
            variables.push(("TF_CLI_CONFIG_FILE", path.display().to_string()));
        }
        Ok(variables)
    }

    /// Tells whether an emulator answers.
    pub fn is_up(&self, emulator: Emulator) -> bool {
        let mut curl = program("curl");
        curl.args(["--silent", "--fail", "--noproxy", "*", "--max-time", "5"]);
        let answer = curl.arg(self.settings.health(emulator)).output();
        answer.is_ok_and(|answer| answer.status.success())
    }

    /// Makes a bucket to try the record of runs in, and names a place in it.
    ///
    /// # Errors
    /// When the emulator with containers does not make it.
    pub fn store(&self) -> anyhow::Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let bucket = format!("landfall-{}", now.as_nanos());
        let here = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        let mut curl = program("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--fail",
            "--noproxy",
            "*",
            "--request",
            "PUT",
        ]);
        curl.args(["--data", &here]);
        let url = format!("{}/{bucket}", self.settings.endpoint(Emulator::Containers));
        run(curl.arg(url))?;
        Ok(format!("s3://{bucket}/runs"))
    }

    /// Starts what does not run yet.
    pub fn up(&self, emulator: Emulator) -> anyhow::Result<()> {
        match emulator {
            Emulator::Containers => self.up_with_containers(),
            Emulator::Moto => self.up_with_moto(),
        }
    }

    fn up_with_containers(&self) -> anyhow::Result<()> {
        is_possible()?;
        let images = [debian(&self.cache, "postgres")?, debian(&self.cache, "redis")?];
        let sample = sample()?;
        let _alone = self.lock()?;
        let engine = self.engine()?;
        let script = |name: &str, python: &Path| {
            let mut script = self.script(name);
            script
                .env("LANDFALL_AWS_ENGINE", &engine)
                .env("LANDFALL_AWS_PYTHON", python);
            script
        };
        let python = self.python("ministack")?;
        make(&mut script("up.sh", &python))?;
        let registry = self.settings.registry();
        make(&mut pushing(&format!("{registry}/landfall"), &sample))?;
        make(&mut pushing(&registry, &images))?;
        make(&mut script("images.sh", &python))
    }

    fn up_with_moto(&self) -> anyhow::Result<()> {
        has_programs("quick AWS for tests", &["bash", "curl", "python3", "setsid"])?;
        let _alone = self.lock()?;
        make(
            self.script("moto-up.sh")
                .env("LANDFALL_AWS_PYTHON", self.python("moto")?),
        )
    }

    /// Stops both; removes all they had written when it is not wanted again.
    pub fn down(&self, is_purge: bool) -> anyhow::Result<()> {
        if !self.folder.is_dir() {
            return Ok(());
        }
        let _alone = self.lock()?;
        let mut script = self.script("down.sh");
        if is_purge {
            script.env("PURGE", "1");
        }
        make(&mut script)
    }

    /// Prepares what proves the emulator with containers.
    pub fn check(&self) -> anyhow::Result<Command> {
        let mut check = program(self.python("ministack")?);
        let modules = [sources("aws"), sources("images")];
        check
            .args(["-m", "check"])
            .env("PYTHONPATH", std::env::join_paths(modules)?)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env(
                "DOCKER_HOST",
                format!("unix://{}/run/docker.sock", self.folder.display()),
            )
            .envs(self.variables(Emulator::Containers)?);
        Ok(check)
    }

    fn script(&self, name: &str) -> Command {
        let mut command = program("bash");
        command
            .arg(sources("aws").join(name))
            .env("LANDFALL_AWS_DIR", &self.folder)
            .env("AWS_REGION", REGION)
            .envs(self.settings.for_scripts());
        command
    }

    /// Waits until nobody else changes what runs.
    fn lock(&self) -> anyhow::Result<File> {
        self.cache.lock(&format!("aws-{}", self.settings.name))
    }

    /// Gives the folder of a container engine and a registry.
    fn engine(&self) -> anyhow::Result<PathBuf> {
        let script = sources("aws").join("engine.sh");
        let key = key(std::slice::from_ref(&script))?;
        self.cache.made("aws-engine", &key, |folder| {
            make(program("bash").arg(&script).arg(folder))
        })
    }

    /// Gives a Python with what a file of requirements names, each by version and hash.
    fn python(&self, emulator: &str) -> anyhow::Result<PathBuf> {
        let requirements = sources("aws").join(format!("requirements/{emulator}.txt"));
        let key = key(std::slice::from_ref(&requirements))
            .with_context(|| format!("cannot tell what {emulator} is made of"))?;
        let brought: [&OsStr; 3] = [
            "--require-hashes".as_ref(),
            "--requirement".as_ref(),
            requirements.as_ref(),
        ];
        let folder = environment(&self.cache, emulator, &key, &brought)?;
        Ok(folder.join("bin/python3"))
    }
}

/// Finds out whether this machine can run the emulator with containers.
fn is_possible() -> anyhow::Result<()> {
    const NAME: &str = "AWS for tests";
    let needed = [
        "apt-get", "bash", "curl", "dpkg", "ip", "python3", "setsid", "unshare",
    ];
    holds_containers(NAME, &needed)?;
    let known = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    if !known.split_whitespace().any(|name| name == "overlay") {
        return Err(Unavailable::new(NAME, "the kernel has no overlay file system").into());
    }
    Ok(())
}
