//! The ground: folders, images, secrets, the installation's tool, files and units.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::super::layout::Supervisor;
use super::Up;
use super::places::{folders, handed, placements, unit_files};
use crate::deployment::SecretOrigin;
use crate::drivers::Likeness;
use crate::plan::{Action, Handed, Placement, Undo};

impl Up<'_> {
    pub(super) fn foundation(&mut self) {
        let layout = self.layout.clone();
        if !self.observed.prepared {
            let action = Action::PrepareFolders {
                user: layout.options.user.clone(),
                folders: folders(&layout, self.deployment, self.part),
            };
            let undo = Undo::Revert("remove the folders that this made and that are empty".to_owned());
            self.push(
                ("host", "prepare"),
                format!("make the folders below {}", layout.root()),
                action,
                undo,
                &[],
            );
        }
        for component in &self.part.components {
            if self.observed.images.get(&component.name) == Some(&component.image.digest) {
                continue;
            }
            let to = layout.image(&component.name);
            let title = format!(
                "unpack the image of {} ({})",
                component.title,
                component.image.digest.short()
            );
            let undo = Undo::Revert("remove the unpacked image".to_owned());
            let action = Action::UnpackImage {
                component: component.name.clone(),
                image: component.image.clone(),
                to,
            };
            self.push(
                (&component.name, "unpack"),
                title,
                action,
                undo,
                &[("host", "prepare")],
            );
        }
        let version = env!("CARGO_PKG_VERSION");
        if self.observed.tool.as_deref() != Some(version) {
            let action = Action::InstallTool {
                to: layout.tool(),
                version: version.to_owned(),
            };
            let undo = Undo::Nothing("the copy of landfall is not used by anything that runs".to_owned());
            self.push(
                ("tool", "install"),
                format!("install landfall {version}"),
                action,
                undo,
                &[("host", "prepare")],
            );
        }
    }

    /// Secrets are written when nothing that reads them runs: taken back, what ran starts again with the old ones. What is
    /// handed a license goes on running, and is handed the old one again.
    pub(super) fn secrets(&mut self) {
        let secrets: BTreeMap<String, SecretOrigin> = self
            .deployment
            .secrets
            .iter()
            .filter(|(name, _)| self.observed.secrets.get(*name) != Some(&Likeness::Same))
            .map(|(name, origin)| (name.clone(), origin.clone()))
            .collect();
        if !secrets.is_empty() {
            let title = format!(
                "write secrets: {}",
                secrets.keys().cloned().collect::<Vec<_>>().join(", ")
            );
            let action = Action::WriteSecrets {
                to: self.layout.secrets(),
                secrets,
            };
            let undo =
                Undo::Revert("put the secrets back that were there; keep those that were made".to_owned());
            let needs = [("host", "prepare"), ("secrets", "take")];
            self.push(("secrets", "write"), title, action, undo, &needs);
            self.also_after_stops();
            let holds = self.holds();
            if let Some(step) = self.steps.last_mut() {
                step.needs.extend(holds);
            }
        }
    }

    pub(super) fn files(&mut self) {
        let layout = self.layout.clone();
        let same = |path: &Utf8PathBuf| self.observed.files.get(path.as_str()) == Some(&Likeness::Same);
        let stale_secret = |text: &str| {
            self.observed.secrets.iter().any(|(name, likeness)| {
                *likeness == Likeness::Different && text.contains(&format!(":{name}}}"))
            })
        };
        let files: Vec<Placement> = placements(&layout, self.part, self.artifacts)
            .into_iter()
            .filter(|placement| {
                let text = self
                    .artifacts
                    .get(&placement.artifact)
                    .map_or("", |artifact| artifact.text.as_str());
                !self.stays(&placement.artifact) && (!same(&placement.artifact) || stale_secret(text))
            })
            .map(|placement| self.edited(placement))
            .collect();
        if !files.is_empty() {
            let title = format!("write {} configuration files", files.len());
            let undo =
                Undo::Revert("put the files back that were there, remove those that were not".to_owned());
            let needs = [("host", "prepare"), ("secrets", "write")];
            self.push(
                ("config", "write"),
                title,
                Action::WriteFiles { files },
                undo,
                &needs,
            );
            self.also_after_stops();
        }
        self.hand_in();
        let units: BTreeMap<String, Utf8PathBuf> = unit_files(&layout, self.artifacts)
            .into_iter()
            .filter(|(_, path)| !same(path))
            .map(|(name, path)| (name, self.placed(path)))
            .collect();
        if !units.is_empty() {
            let title = format!("install {} units", units.len());
            let undo =
                Undo::Revert("put the units back that were there, remove those that were not".to_owned());
            let needs = [("host", "prepare"), ("tool", "install")];
            self.push(
                ("units", "install"),
                title,
                Action::InstallUnits { units },
                undo,
                &needs,
            );
            self.also_after_stops();
        }
        if layout.options.supervisor == Supervisor::Landfall && !self.observed.supervisor {
            let action = Action::StartSupervisor {
                folder: layout.supervisor(),
            };
            let undo = Undo::Revert("end the supervisor".to_owned());
            let needs = [("tool", "install"), ("units", "install"), ("host", "prepare")];
            self.push(
                ("supervisor", "start"),
                "start landfall's supervisor",
                action,
                undo,
                &needs,
            );
        }
    }

    /// Copies what the customer hands in, and edited files that go along as they are.
    fn hand_in(&mut self) {
        let files: Vec<Handed> = handed(self.part)
            .into_iter()
            .filter(|file| !self.copied(file))
            .chain(self.carried())
            .collect();
        if !files.is_empty() {
            let title = format!("copy {} files of yours", files.len());
            let undo =
                Undo::Revert("put the files back that were there, remove those that were not".to_owned());
            self.push(
                ("handed", "copy"),
                title,
                Action::CopyFiles { files },
                undo,
                &[("host", "prepare")],
            );
            self.also_after_stops();
        }
    }
}
