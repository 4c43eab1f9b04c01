//! What a command may use: the environment, read once, and the two streams.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::args::{ColorChoice, Global, OutputFormat};
use super::error::{CommandError, Result};
use super::exit::Exit;
use crate::drivers::World;
use crate::drivers::aws::Roots;
use crate::drivers::kubernetes::Clusters;
use crate::oci::{Blobs, Credential, Credentials, ImageSource, Registry, RegistryOptions};
use crate::product::{Catalog, ImageOrigin, ReleaseImage};
use crate::tools::{ALLOWED_ENVIRONMENT, CancelToken, Invocation, allowed_environment, find_program};

/// The folder beside the answers file for what lies on this machine while it is worked with.
const WORKSPACE: &str = ".landfall";

/// What a command may use.
#[derive(Clone)]
pub struct Context {
    /// The global options.
    pub global: Global,
    /// The environment as it was at the start.
    pub environment: Arc<BTreeMap<String, String>>,
    /// Whether somebody can be asked.
    pub interactive: bool,
    /// Whether words may be coloured.
    pub color: bool,
    /// The clusters that this process has spoken to.
    clusters: Clusters,
    /// The root modules that this process has planned.
    roots: Roots,
}

impl Context {
    /// Reads the environment.
    pub fn new(global: Global) -> Self {
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let color = match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                std::io::stderr().is_terminal()
                    && !set("NO_COLOR")
                    && environment.get("TERM").is_none_or(|term| term != "dumb")
            }
        };
        let interactive = terminal && !global.no_input && !set("CI");
        Self {
            global,
            environment: Arc::new(environment),
            interactive,
            color,
            clusters: Clusters::default(),
            roots: Roots::default(),
        }
    }

    /// Writes data to standard output.
    pub fn data(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        // A reader that has gone away, such as `head`, has what it wanted.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Writes words to standard error.
    pub fn say(&self, text: impl AsRef<str>) {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "{}", text.as_ref());
    }

    /// Says whether programs read standard output.
    pub fn json(&self) -> bool {
        self.global.output == OutputFormat::Json
    }

    /// Writes a value to standard output: as JSON for programs, else as the text.
    pub fn show(&self, value: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json() {
            let json = serde_json::to_string_pretty(value).unwrap_or_default();
            self.data(&format!("{json}\n"));
        } else {
            self.data(&text());
        }
    }

    /// Asks for approval of what was shown.
    ///
    /// # Errors
    /// When nobody can be asked, or the answer is no.
    pub fn approve(&self, question: &str) -> Result<()> {
        if self.global.yes {
            return Ok(());
        }
        if !self.interactive {
            return Err(CommandError::new(Exit::Input, "the plan is not approved, and nobody can be asked")
                .hint("approve it with --yes, or save it with `landfall plan --out FILE` and apply exactly that"));
        }
        let asked = dialoguer::Confirm::new()
            .with_prompt(question)
            .default(false)
            .interact();
        match asked {
            Ok(true) => Ok(()),
            Ok(false) => Err(CommandError::new(
                Exit::Failed,
                "not approved; nothing was changed",
            )),
            Err(_) => Err(CommandError::new(
                Exit::Failed,
                "interrupted; nothing was changed",
            )),
        }
    }

    fn folder(&self, own: &str, xdg: &str, below_home: &str) -> Option<Utf8PathBuf> {
        let given = |name: &str| self.environment.get(name).filter(|value| !value.is_empty());
        given(own)
            .map(Utf8PathBuf::from)
            .or_else(|| given(xdg).map(|path| Utf8Path::new(path).join("landfall")))
            .or_else(|| given("HOME").map(|home| Utf8Path::new(home).join(below_home)))
    }

    /// Returns where fetched things are kept.
    pub fn cache(&self) -> Utf8PathBuf {
        self.folder("LANDFALL_CACHE", "XDG_CACHE_HOME", ".cache/landfall")
            .unwrap_or_else(|| Utf8PathBuf::from("/var/cache/landfall"))
    }

    /// Returns the catalogue of products.
    pub fn catalog(&self) -> Catalog {
        let mut folders = self.global.products.clone();
        if folders.is_empty() && Utf8Path::new("products").is_dir() {
            folders.push(Utf8PathBuf::from("products"));
        }
        Catalog {
            folders,
            data: self.folder("LANDFALL_DATA", "XDG_DATA_HOME", ".local/share/landfall"),
        }
    }

    /// Names who runs this command.
    pub fn user(&self) -> String {
        ["SUDO_USER", "USER", "LOGNAME"]
            .iter()
            .find_map(|name| {
                self.environment
                    .get(*name)
                    .filter(|value| !value.is_empty())
                    .cloned()
            })
            .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
    }

    /// Returns the folder of the answers file.
    pub fn answers_folder(&self) -> Utf8PathBuf {
        let folder = self
            .global
            .file
            .parent()
            .filter(|folder| !folder.as_str().is_empty());
        let folder = folder.unwrap_or(Utf8Path::new("."));
        folder.canonicalize_utf8().unwrap_or_else(|_| folder.to_owned())
    }

    /// Returns the folders in which programs are looked for.
    pub fn path(&self) -> Vec<Utf8PathBuf> {
        let usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let path = self.environment.get("PATH").map_or(usual, String::as_str);
        // A user's PATH often lacks the folders of system programs such as useradd.
        path.split(':')
            .chain(usual.split(':'))
            .filter(|folder| !folder.is_empty())
            .map(Utf8PathBuf::from)
            .collect()
    }

    /// Describes the machine for drivers.
    ///
    /// # Errors
    /// When this program cannot tell where it lies.
    pub fn world(&self) -> Result<World> {
        let program = std::env::current_exe()
            .ok()
            .and_then(|path| Utf8PathBuf::from_path_buf(path).ok())
            .ok_or_else(|| CommandError::new(Exit::Failed, "could not find out where this program lies"))?;
        let context = self.clone();
        Ok(World {
            program,
            environment: allowed_environment((*self.environment).clone(), ALLOWED_ENVIRONMENT),
            given: Arc::clone(&self.environment),
            answers: self.answers_folder(),
            answers_file: self
                .answers_folder()
                .join(self.global.file.file_name().unwrap_or("landfall.yaml")),
            path: self.path(),
            images: Arc::new(move |image: &ReleaseImage| match &image.source {
                ImageOrigin::Layout(path) => ImageSource::layout(path.as_str()),
                ImageOrigin::Registry => context.registry(),
            }),
            workspace: self.answers_folder().join(WORKSPACE),
            clusters: self.clusters.clone(),
            roots: self.roots.clone(),
            cancel: CancelToken::new(),
        })
    }

    /// Opens the registries, with the credentials of the user's docker configuration.
    ///
    /// # Errors
    /// [`crate::oci::OciError`] when that configuration cannot be read.
    pub fn registry(&self) -> std::result::Result<ImageSource, crate::oci::OciError> {
        let home = self.environment.get("HOME").map_or("/", String::as_str);
        let folder = self
            .environment
            .get("DOCKER_CONFIG")
            .cloned()
            .unwrap_or_else(|| format!("{home}/.docker"));
        let text = fs_err::read_to_string(Utf8Path::new(&folder).join("config.json"));
        let helper = self.credential_helper();
        let credentials = match text {
            Ok(text) => Credentials::from_docker_config(&text, Some(helper))?,
            Err(_) => Credentials::default(),
        };
        let certificate = self
            .environment
            .get("LANDFALL_CA_BUNDLE")
            .or(self.environment.get("SSL_CERT_FILE"));
        let certificates = certificate
            .and_then(|path| fs_err::read_to_string(path).ok())
            .into_iter()
            .collect();
        let options = RegistryOptions {
            credentials,
            certificates,
            ..RegistryOptions::default()
        };
        Ok(ImageSource::Registry {
            registry: Registry::new(options)?,
            cache: Blobs::new(self.cache().join("images")),
        })
    }

    /// Asks a docker credential helper, `docker-credential-<name> get`.
    fn credential_helper(&self) -> crate::oci::CredentialHelper {
        let (path, environment) = (self.path(), (*self.environment).clone());
        Arc::new(move |helper, registry| {
            let program = find_program(&format!("docker-credential-{helper}"), &path)?;
            let call = Invocation::new(program, format!("asking for the credentials of {registry}"))
                .arg("get")
                .inherit(&environment)
                .stdin(registry.as_bytes())
                .timeout(std::time::Duration::from_secs(30));
            // It is called from within the runtime, where waiting for a future is not allowed.
            let answer = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                runtime
                    .block_on(call.run(&CancelToken::new()))
                    .map_err(std::io::Error::other)
            });
            let output = answer
                .join()
                .map_err(|_| std::io::Error::other("the helper's thread ended badly"))??;
            let credential: Credential = serde_json::from_str(&output.stdout)?;
            Ok(Some(credential))
        })
    }
}
