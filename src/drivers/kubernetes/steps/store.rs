//! What is written into the cluster's own store. Pure.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::super::place::dashed;
use super::super::render::secret_key;
use super::super::secrets::{Files, files};
use super::super::workload::component_workloads;
use super::{Up, listed};
use crate::deployment::{Bound, Piece, ResolvedComponent, SecretForm, SecretOrigin};
use crate::drivers::Likeness;
use crate::plan::{Action, ClusterAction, Step, Undo, Workload};

impl Up<'_> {
    /// Writes secrets; entries of others go, or stay as they are.
    pub(super) fn write_secrets(&mut self, secrets: BTreeMap<String, SecretOrigin>, others_stay: bool) {
        let stale = |likeness: &Likeness| *likeness != Likeness::Same;
        let changed = |name: &str| {
            [SecretForm::Value, SecretForm::Url]
                .into_iter()
                .filter_map(|form| self.observed.secrets.get(&secret_key(form, name)))
                .any(stale)
        };
        let names: Vec<&str> = secrets
            .keys()
            .map(String::as_str)
            .filter(|name| changed(name))
            .collect();
        let title = format!("write secrets: {}", names.join(", "));
        let action = ClusterAction::WriteSecrets {
            object: self.place.secrets(),
            secrets,
            others_stay,
        };
        let undo = Undo::Revert("put the secrets back that were there; keep those that were made".to_owned());
        let needs = [("namespace", "create")];
        self.push(("secrets", "write"), title, action, undo, &needs);
        self.after_holds();
    }

    /// Writes files; others go, or stay as they are.
    pub(super) fn write_files(&mut self, files: Files, others_stay: bool) {
        let title = format!("write {} files", files.keys().len());
        let action = ClusterAction::WriteFiles {
            object: self.place.files(),
            rendered: files.rendered,
            given: files.given,
            others_stay,
        };
        let undo = Undo::Revert("put the files back that were there".to_owned());
        let needs = [("namespace", "create"), ("secrets", "write")];
        self.push(("files", "write"), title, action, undo, &needs);
        self.after_holds();
    }

    /// Lists the rendered files that hold a secret that changed, by key.
    pub(super) fn files_with_a_new_secret(&self) -> BTreeMap<String, Utf8PathBuf> {
        let changed = |name: &str| self.observed.secrets.get(name) == Some(&Likeness::Different);
        let holds = |path: &Utf8PathBuf| {
            let text = self.artifacts.get(path).map(|artifact| artifact.text.clone());
            text.is_some_and(|text| Bound::new(text).secrets().any(changed))
        };
        files(self.part, &self.place)
            .rendered
            .into_iter()
            .filter(|(_, path)| holds(path))
            .collect()
    }

    /// Lists the workloads that read a secret or file that changed and that they are not handed.
    pub(super) fn restarted(&self) -> Vec<Workload> {
        let differs = |seen: Option<&Likeness>| seen == Some(&Likeness::Different);
        let reads_changed = |component: &ResolvedComponent| {
            let secrets = keys_of(component).into_iter().any(|key| {
                differs(self.observed.secrets.get(&key)) && !self.is_handed(&component.name, &key)
            });
            let prefix = format!("{}.", dashed(&component.name));
            let mut files = self.observed.files.iter();
            let files = files.any(|(key, likeness)| key.starts_with(&prefix) && differs(Some(likeness)));
            secrets || files || differs(self.observed.files.get("ca.crt"))
        };
        let both = self
            .part
            .components
            .iter()
            .zip(component_workloads(self.part, &self.place));
        both.filter(|(component, _)| reads_changed(component))
            .map(|(_, workload)| workload)
            .filter(|workload| {
                let seen = self.observed.workloads.get(&workload.subject);
                seen.is_some_and(|seen| seen.installed)
            })
            .collect()
    }

    /// Comes before the store changes, to restart what was restarted once the store is as it was.
    pub(super) fn hold_restarted(&mut self) {
        let workloads = self.restarted();
        if workloads.is_empty() {
            return;
        }
        let names = listed(&workloads);
        let title = format!("hold what reads a secret or file that changes: {names}");
        let undo = Undo::Revert(format!("restart {names} with what was there before"));
        let action = ClusterAction::HoldRestart { workloads };
        self.push(("components", "hold"), title, action, undo, &[]);
    }

    /// Makes the last step come after those that must be taken back after it.
    fn after_holds(&mut self) {
        let holds = |step: &&Step| {
            matches!(
                step.action,
                Action::HoldLicense { .. } | Action::Cluster(ClusterAction::HoldRestart { .. })
            )
        };
        if let Some((last, earlier)) = self.steps.split_last_mut() {
            let earlier = earlier.iter();
            last.needs
                .extend(earlier.filter(holds).map(|step| step.id.clone()));
        }
    }
}

/// Lists the entries of the Secret that a component reads.
fn keys_of(component: &ResolvedComponent) -> Vec<String> {
    component
        .texts()
        .flat_map(Bound::pieces)
        .filter_map(|piece| match piece {
            Piece::Secret(form, name) => Some(secret_key(form, name)),
            _ => None,
        })
        .collect()
}
