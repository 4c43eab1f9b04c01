//! One component of one part, with everything decided.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value, json};

use super::super::outline::{PartOutline, plain};
use super::super::places::{directory_path, file_paths};
use super::super::{
    Bound, ResolveError, ResolvedComponent, ResolvedFile, ResolvedPort, ResolvedProvisioning,
};
use super::Resolver;
use crate::product::{Component, Provisioning, ReleaseImage, Route, Target, Template};

/// The places of a component's files and folders, by name.
struct Places {
    directories: BTreeMap<String, Utf8PathBuf>,
    files: BTreeMap<String, Utf8PathBuf>,
    provisioned: BTreeMap<String, ResolvedProvisioning>,
}

impl Resolver<'_> {
    pub(super) fn component(
        &self,
        part: &PartOutline<'_>,
        name: &str,
        component: &Component,
        ports: &BTreeMap<String, u16>,
        roots: &Map<String, Value>,
    ) -> Result<ResolvedComponent, ResolveError> {
        if part.target == Some(Target::Host) && component.binary.is_none() {
            return Err(ResolveError::NoBinary {
                component: name.to_owned(),
            });
        }
        let places = self.places(part, name, component);
        let mut roots = roots.clone();
        places.tell(&mut roots);
        let key = |rest: &str| format!("components.{name}.{rest}");
        let args = component.args.iter().enumerate().map(|(index, arg)| {
            self.render(&key(&format!("args[{index}]")), arg, &roots)
                .map(Bound::new)
        });
        let route = |route: &Route| Some((route.path.clone(), *ports.get(&route.port)?));
        let product = self.entry.product();
        Ok(ResolvedComponent {
            name: name.to_owned(),
            title: component.title.clone(),
            image: self.image(name)?,
            binary: component.binary.clone(),
            args: args.collect::<Result<_, _>>()?,
            ports: resolved_ports(component, ports),
            health: component.health.clone(),
            version: component.version.clone(),
            resources: component.resources.clone(),
            scaling: product.scaling_of(name, part.mode, part.target),
            environment: self.environment(part, name, component, &roots)?,
            files: self.files(name, component, places.files, &roots)?,
            provisioned: places.provisioned,
            directories: places.directories,
            routes: component.routes.iter().filter_map(route).collect(),
            after: component.after.clone(),
            needs: component.needs.clone(),
            user: component.user,
            grace: component.stop.grace,
        })
    }

    fn image(&self, component: &str) -> Result<ReleaseImage, ResolveError> {
        let image = self.release.images.get(component);
        image.cloned().ok_or_else(|| ResolveError::NoImage {
            version: self.release.version.to_string(),
            component: component.to_owned(),
        })
    }

    fn places(&self, part: &PartOutline<'_>, name: &str, component: &Component) -> Places {
        let directories = component
            .directories
            .iter()
            .map(|(directory, inside)| (directory.clone(), directory_path(part, name, directory, inside)));
        let handed: Vec<(&String, &Provisioning)> = self
            .entry
            .product()
            .provisioning
            .iter()
            .filter(|(_, handed)| handed.component == name)
            .collect();
        let written = component.files.iter().map(|(file, it)| (file, it.path.as_str()));
        let all = written.chain(handed.iter().map(|(file, it)| (*file, it.path.as_str())));
        let mut files = file_paths(part, self.release.version.as_str(), name, all);
        let mut provisioned = BTreeMap::new();
        for (file, handed) in handed {
            let path = files.remove(file).unwrap_or_default();
            let source = self.outline.settings.get(&handed.setting);
            let source = source
                .filter(|value| !value.is_null())
                .map(plain)
                .unwrap_or_default();
            if !source.is_empty() {
                let source = source.into();
                provisioned.insert(file.clone(), ResolvedProvisioning { path, source });
            } else {
                // Told to templates all the same, as a path that is empty.
                files.insert(file.clone(), Utf8PathBuf::new());
            }
        }
        Places {
            directories: directories.collect(),
            files,
            provisioned,
        }
    }

    fn environment(
        &self,
        part: &PartOutline<'_>,
        name: &str,
        component: &Component,
        roots: &Map<String, Value>,
    ) -> Result<BTreeMap<String, Bound>, ResolveError> {
        let mut environment = BTreeMap::new();
        let here = part.target.and_then(|target| component.on.get(&target));
        for (variable, template) in component.environment.iter().chain(here.into_iter().flatten()) {
            let key = format!("components.{name}.environment.{variable}");
            let value = self.render(&key, template, roots)?;
            if value.is_empty() {
                environment.remove(variable);
            } else {
                environment.insert(variable.clone(), Bound::new(value));
            }
        }
        Ok(environment)
    }

    fn files(
        &self,
        name: &str,
        component: &Component,
        mut places: BTreeMap<String, Utf8PathBuf>,
        roots: &Map<String, Value>,
    ) -> Result<BTreeMap<String, ResolvedFile>, ResolveError> {
        let mut files = BTreeMap::new();
        for (file, content) in &component.files {
            let text = Template(self.entry.files.read(&content.template)?);
            let rendered = self.render(&format!("components.{name}.files.{file}"), &text, roots)?;
            let path = places.remove(file).unwrap_or_default();
            let content = Bound::new(rendered);
            files.insert(file.clone(), ResolvedFile { path, content });
        }
        Ok(files)
    }
}

impl Places {
    /// Tells templates where things are: the roots `directories` and `files`.
    fn tell(&self, roots: &mut Map<String, Value>) {
        let path = |path: &Utf8Path| json!({ "path": path });
        let directories = self
            .directories
            .iter()
            .map(|(name, place)| (name.clone(), path(place)));
        let handed = self
            .provisioned
            .iter()
            .map(|(name, handed)| (name.clone(), path(&handed.path)));
        let files = self.files.iter().map(|(name, place)| (name.clone(), path(place)));
        let files: Map<_, _> = files.chain(handed).collect();
        roots.insert(
            "directories".to_owned(),
            directories.collect::<Map<_, _>>().into(),
        );
        roots.insert("files".to_owned(), files.into());
    }
}

fn resolved_ports(component: &Component, ports: &BTreeMap<String, u16>) -> BTreeMap<String, ResolvedPort> {
    let resolved = component.ports.iter().filter_map(|(name, port)| {
        let resolved = ResolvedPort {
            number: *ports.get(name)?,
            protocol: port.protocol,
            published: port.published,
        };
        Some((name.clone(), resolved))
    });
    resolved.collect()
}
