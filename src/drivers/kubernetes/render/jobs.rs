//! What saves databases before an upgrade and puts them back: Jobs, or calls of a program of the customer's.

use camino::Utf8PathBuf;
use serde::Serialize;

use super::super::place::{Flavor, Place, Snapshot, dashed};
use super::{images, yaml};
use crate::deployment::{Deployment, Part, Piece, ResolvedService, SecretForm};
use crate::drivers::hook::Hook;
use crate::product::{ReleaseImage, ServiceKind, Supply};
use crate::render::{Artifacts, RenderError, Templates};

/// The volume that databases are saved into.
pub(in crate::drivers::kubernetes) const SNAPSHOTS: &str = "jobs/snapshots.yaml";

#[derive(Serialize)]
struct Volume<'a> {
    name: String,
    installation: &'a str,
    access: &'a str,
    class: Option<&'a str>,
    size: &'a str,
}

#[derive(Serialize)]
struct Job<'a> {
    title: &'a str,
    name: String,
    installation: &'a str,
    component: String,
    service: String,
    image: String,
    policy: bool,
    openshift: bool,
    pull_secret: Option<&'a str>,
    host: &'a str,
    port: u16,
    user: &'a str,
    database: &'a str,
    tls: &'a str,
    verified: bool,
    secret: String,
    key: String,
    ca: Option<String>,
    claim: String,
    store: Option<Store<'a>>,
}

/// The object store that databases are saved into, in the words of rclone.
#[derive(Debug, Clone, Serialize)]
struct Store<'a> {
    image: String,
    provider: &'a str,
    endpoint: &'a str,
    region: &'a str,
    ports: Vec<u16>,
    place: String,
    access_key: String,
    secret_key: String,
    http_proxy: Option<&'a str>,
    https_proxy: Option<&'a str>,
    no_proxy: String,
}

/// What a hook's artifact says.
#[derive(Serialize)]
struct Call<'a> {
    title: &'a str,
    call: String,
}

/// Names the artifact with the Job of a service.
pub(in crate::drivers::kubernetes) fn job_artifact(service: &str) -> Utf8PathBuf {
    format!("jobs/{}.yaml", dashed(service)).into()
}

/// Names the artifact that says how the customer's program is called for a service.
pub(in crate::drivers::kubernetes) fn hook_artifact(service: &str) -> Utf8PathBuf {
    format!("hooks/{}.yaml", dashed(service)).into()
}

/// Finds the object store of a deployment that databases can be saved into.
pub(in crate::drivers::kubernetes) fn store(deployment: &Deployment) -> Option<(&str, &ResolvedService)> {
    let fits = |service: &ResolvedService| {
        service.kind == ServiceKind::Objects
            && service.supply == Supply::Yours
            && service.text("driver") == "s3"
    };
    deployment
        .services
        .iter()
        .find(|(_, service)| fits(service))
        .map(|(name, service)| (name.as_str(), service))
}

/// Renders what saves each database that a part needs, where there is a way.
pub(super) fn render(
    deployment: &Deployment,
    part: &Part,
    place: &Place,
    templates: &Templates,
    artifacts: &mut Artifacts,
) -> Result<(), RenderError> {
    let saver = Saver {
        deployment,
        part,
        place,
        templates,
    };
    for database in saver.databases() {
        match &place.options.snapshot_hook {
            Some(program) if place.options.snapshot == Snapshot::Hook => {
                artifacts.add(hook_artifact(database.0), saver.hook(program, database)?);
            }
            _ => {
                let Some(job) = saver.job(database)? else { continue };
                artifacts.add(job_artifact(database.0), job);
                if place.options.snapshot == Snapshot::Volume {
                    artifacts.add(SNAPSHOTS, saver.volume()?);
                }
            }
        }
    }
    Ok(())
}

struct Saver<'a> {
    deployment: &'a Deployment,
    part: &'a Part,
    place: &'a Place,
    templates: &'a Templates,
}

impl Saver<'_> {
    /// Lists the databases that the part needs.
    fn databases(&self) -> impl Iterator<Item = (&str, &ResolvedService)> {
        let needed = |name: &String| {
            let mut components = self.part.components.iter();
            components.any(|component| component.needs.contains(name))
        };
        self.deployment
            .services
            .iter()
            .filter(|(_, service)| service.kind == ServiceKind::Sql && service.supply != Supply::None)
            .filter(move |(name, _)| needed(name))
            .map(|(name, service)| (name.as_str(), service))
    }

    fn volume(&self) -> Result<String, RenderError> {
        let options = &self.place.options;
        let volume = Volume {
            name: self.place.snapshots(),
            installation: &self.place.name,
            access: &options.storage_access,
            class: options.storage_class.as_deref(),
            size: &options.storage_size,
        };
        self.templates.render("snapshots.yaml", &volume)
    }

    fn hook(&self, program: &Utf8PathBuf, database: (&str, &ResolvedService)) -> Result<String, RenderError> {
        let options = &self.place.options;
        let mut hook = Hook::of(program.clone(), database, options.snapshot_password);
        hook.say("INSTALLATION", &self.place.name);
        hook.say("NAMESPACE", &options.namespace);
        hook.say("CONTEXT", options.context.as_deref().unwrap_or_default());
        let call = Call {
            title: &database.1.title,
            call: yaml(&hook).trim_end().to_owned(),
        };
        self.templates.render("hook.yaml", &call)
    }

    /// Renders the Job of a PostgreSQL database that the release has an image for.
    fn job(&self, (name, service): (&str, &ResolvedService)) -> Result<Option<String>, RenderError> {
        let Some(image) = service.image.as_ref().filter(|_| service.is_postgresql()) else {
            return Ok(None);
        };
        let Some((port, key)) = service.port("port").zip(secret(service, "password")) else {
            return Ok(None);
        };
        let (place, options) = (self.place, &self.place.options);
        let store = match options.snapshot {
            Snapshot::Objects => Some(self.store()?),
            Snapshot::Volume | Snapshot::Hook => None,
        };
        let job = Job {
            title: &service.title,
            name: place.object(&format!("{}-data", dashed(name))),
            installation: &place.name,
            component: format!("{}-data", dashed(name)),
            service: dashed(name),
            image: self.image(name, image)?,
            policy: options.network_policies,
            openshift: options.flavor == Flavor::Openshift,
            pull_secret: options.pull_secret.as_deref(),
            host: service.text("host"),
            port,
            user: service.text("user"),
            database: service.text("name"),
            tls: match service.text("tls") {
                "" => "prefer",
                mode => mode,
            },
            verified: service.text("tls").starts_with("verify-"),
            secret: place.secrets(),
            key,
            ca: options.ca.as_ref().map(|_| place.files()),
            claim: place.snapshots(),
            store,
        };
        self.templates.render("database-job.yaml", &job).map(Some)
    }

    fn store(&self) -> Result<Store<'_>, RenderError> {
        let options = &self.place.options;
        let (name, service) = store(self.deployment).ok_or_else(|| {
            self.wrong(
                "needs an object store of yours that speaks S3 (`services`: supply `yours`, driver `s3`)",
            )
        })?;
        let keys = secret(service, "access_key").zip(secret(service, "secret_key"));
        let (access_key, secret_key) =
            keys.ok_or_else(|| self.wrong(&format!("needs the keys of `services.{name}`")))?;
        let endpoint = service.text("endpoint");
        let inside = ["localhost", ".svc", ".cluster.local"]
            .into_iter()
            .map(str::to_owned);
        let proxies = [&options.http_proxy, &options.https_proxy].into_iter().flatten();
        let mut ports: Vec<u16> = proxies.filter_map(|proxy| port(proxy)).collect();
        ports.push(port(endpoint).unwrap_or(443));
        ports.sort_unstable();
        ports.dedup();
        Ok(Store {
            image: self.rclone(name, service)?,
            provider: if endpoint.is_empty() { "AWS" } else { "Other" },
            endpoint,
            region: service.text("region"),
            ports,
            place: format!("{}/{}", service.text("bucket"), self.place.saved_objects()),
            access_key,
            secret_key,
            http_proxy: options.http_proxy.as_deref(),
            https_proxy: options.https_proxy.as_deref(),
            no_proxy: inside
                .chain(options.no_proxy.clone())
                .collect::<Vec<_>>()
                .join(","),
        })
    }

    /// Finds the image with rclone: the one that is named, or the release's for the store.
    fn rclone(&self, name: &str, store: &ResolvedService) -> Result<String, RenderError> {
        match (&self.place.options.snapshot_image, &store.image) {
            (Some(given), _) if given.contains("@sha256:") => Ok(given.clone()),
            (Some(_), _) => Err(self.wrong("takes its `snapshot_image` as reference@sha256:digest")),
            (None, Some(image)) => self.image(name, image),
            (None, None) => Err(self.wrong(&format!(
                "needs an image with rclone: name one as `snapshot_image`, or add the release with `--image \
                 {name}=REFERENCE`"
            ))),
        }
    }

    fn wrong(&self, message: &str) -> RenderError {
        RenderError::Options {
            part: self.part.name.clone(),
            message: format!("`snapshot: objects` {message}"),
        }
    }

    fn image(&self, name: &str, image: &ReleaseImage) -> Result<String, RenderError> {
        let image = images::image(self.deployment, self.part, self.place, name, image)?;
        Ok(image.reference())
    }
}

fn port(address: &str) -> Option<u16> {
    url::Url::parse(address).ok()?.port_or_known_default()
}

/// Names the entry of the Secret that holds a secret of a service.
fn secret(service: &ResolvedService, field: &str) -> Option<String> {
    let text = crate::deployment::Bound::new(service.text(field));
    match text.pieces()[..] {
        [Piece::Secret(SecretForm::Value, name)] => Some(name.to_owned()),
        _ => None,
    }
}
