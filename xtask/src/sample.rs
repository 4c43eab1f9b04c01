//! An installation of the sample product in a folder of its own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::workspace::{self, files_below, output, program, run};

/// The release that is installed.
const RELEASE: &str = "1.0.0";
/// The installation's name, as `destroy` wants it typed.
pub const NAME: &str = "notes";
/// The system user the services run as when root installs them.
const USER: &str = "landfall-sample";
/// How many ports are taken, from the first on: the page, three components, the database.
const PORTS: u16 = 5;

/// The sample product in a folder: definition, license, answers, state; and, unless root lies where services cannot
/// go, the installation itself.
pub struct Sample {
    landfall: PathBuf,
    folder: PathBuf,
}

impl Sample {
    /// Prepares the folder. Whatever is there and as it should be is left alone.
    pub fn prepare(landfall: PathBuf, folder: PathBuf, port: Option<u16>) -> anyhow::Result<Self> {
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let sample = Self { landfall, folder };
        sample.definition()?;
        sample.release()?;
        sample.license()?;
        sample.answers(port)?;
        Ok(sample)
    }

    /// Prepares a call of Landfall on this installation.
    pub fn landfall(&self) -> Command {
        let mut command = program(&self.landfall);
        command
            .current_dir(&self.folder)
            // What is fetched must be readable for the services' user, which a home folder may not be.
            .env("LANDFALL_CACHE", self.folder.join("cache"))
            .args(["--file", "landfall.yaml", "--no-input"]);
        command
    }

    /// Returns the program and the answers file, as somebody would type them.
    pub fn typed(&self) -> String {
        let file = self.folder.join("landfall.yaml");
        format!(
            "{} --file {}",
            workspace::typed(&self.landfall),
            workspace::typed(&file)
        )
    }

    /// Asks Landfall where the product answers.
    pub fn url(&self) -> anyhow::Result<String> {
        let text = output(self.landfall().args(["status", "--output", "json"]))?;
        let status: serde_json::Value =
            serde_json::from_str(&text).context("cannot read what `landfall status` says")?;
        status["url"]
            .as_str()
            .map(str::to_owned)
            .context("`landfall status` names no URL")
    }

    /// Copies what the vendor hands over.
    fn definition(&self) -> anyhow::Result<()> {
        let source = workspace::root().join("products/sample");
        for file in files_below(&source) {
            let to = self
                .folder
                .join("products/sample")
                .join(file.strip_prefix(&source)?);
            let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            if fs::read(&to).is_ok_and(|there| there == content) {
                continue;
            }
            let parent = to.parent().unwrap_or(&to);
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&to, content))
                .with_context(|| format!("cannot write {}", to.display()))?;
        }
        Ok(())
    }

    /// Packs the release and makes it known; one that is known with the same images is left alone.
    fn release(&self) -> anyhow::Result<()> {
        // As a process of its own: what it reads must not count as memory of whoever measures.
        let packer = std::env::current_exe().context("cannot tell where this program lies")?;
        let layout = output(program(packer).args(["sample", "--release", RELEASE]))?;
        let layout = layout.trim();
        let index = fs::read(Path::new(layout).join("index.json"))
            .with_context(|| format!("cannot read the packed release in {layout}"))?;
        let stamp = self.folder.join("release.index.json");
        let file = self
            .folder
            .join(format!("products/sample/releases/{RELEASE}.yaml"));
        if file.is_file() && fs::read(&stamp).is_ok_and(|known| known == index) {
            return Ok(());
        }
        let mut add = self.landfall();
        add.args(["release", "add", "./products/sample", RELEASE, "--from", layout]);
        add.args(crate::pack::promise(RELEASE)?);
        run(add.arg("--replace").stdout(std::process::Stdio::null()))?;
        fs::write(&stamp, index).with_context(|| format!("cannot write {}", stamp.display()))
    }

    /// Issues a license with the sample's test key, once.
    fn license(&self) -> anyhow::Result<()> {
        use std::io::Write as _;
        let file = self.folder.join("license.jwt");
        if file.is_file() {
            return Ok(());
        }
        let mut issue = self.landfall();
        issue
            .args(["license", "issue", "--product", "./products/sample", "--key"])
            .arg(workspace::root().join("sample/keys/license-test.key.pem"))
            .args(["--customer", "quickstart", "--tier", "community", "--seats", "10"])
            .args(["--feature", "attachments"]);
        let token = output(&mut issue)?;
        let mut options = fs::OpenOptions::new();
        options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)
            .and_then(|mut file| file.write_all(token.as_bytes()))
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// Writes the answers file, once, or again when another port is asked for.
    fn answers(&self, port: Option<u16>) -> anyhow::Result<()> {
        let is_there = self.folder.join("landfall.yaml").is_file();
        if is_there && port.is_none() {
            return Ok(());
        }
        let first = match port {
            Some(port) => port,
            None => free_ports()?,
        };
        let mut init = self.landfall();
        init.args([
            "init",
            "./products/sample",
            "--mode",
            "host",
            "--tier",
            "community",
        ]);
        init.args(["--name", NAME]);
        let ports = [
            ("parts.main.options.port", 0),
            ("settings.api_port", 1),
            ("settings.web_port", 2),
            ("settings.worker_port", 3),
            ("services.database.port", 4),
        ];
        for (key, offset) in ports {
            let number = first
                .checked_add(offset)
                .with_context(|| format!("there are no {PORTS} ports from {first} on"))?;
            init.arg("--set").arg(format!("{key}={number}"));
        }
        if !is_there {
            let (root, user) = self.ground()?;
            init.args(["--set", "services.license.token=file:license.jwt"]);
            init.args(["--set", "parts.main.options.supervisor=landfall"]);
            init.arg("--set").arg(format!("parts.main.options.user={user}"));
            init.arg("--set")
                .arg(format!("parts.main.options.root={}", root.display()));
        }
        run(init.stdout(std::process::Stdio::null()))
    }

    /// Chooses the installation's folder and the services' user.
    fn ground(&self) -> anyhow::Result<(PathBuf, String)> {
        let root = self.folder.join("root");
        if output(program("id").arg("-u"))?.trim() != "0" {
            return Ok((root, output(program("id").arg("-un"))?.trim().to_owned()));
        }
        // Services of another user must be able to pass every folder on the way to their programs.
        let passable = |path: &Path| fs::metadata(path).is_ok_and(|it| it.permissions().mode() & 0o001 != 0);
        if self.folder.ancestors().all(passable) {
            return Ok((root, USER.to_owned()));
        }
        let root = Path::new("/var/lib/landfall-quickstart").join(NAME);
        println!(
            "note: other users may not enter {}, so the services live in {}",
            self.folder.display(),
            root.display()
        );
        Ok((root, USER.to_owned()))
    }
}

/// Finds the first of as many free ports in a row as are needed.
fn free_ports() -> anyhow::Result<u16> {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let first = (8080..9080)
        .step_by(10)
        .find(|first| (*first..first + PORTS).all(is_free));
    let first = first.with_context(|| {
        format!("no {PORTS} ports in a row are free from 8080 to 9080; name the first with --port")
    })?;
    if first != 8080 {
        println!(
            "note: a port from 8080 to {} is taken, so the product answers on {first}",
            8080 + PORTS - 1
        );
    }
    Ok(first)
}
