//! Comparing a host with what was placed there. It only looks.

mod files;
mod ground;
mod images;
mod running;

use super::edits::{layout_of, vault};
use super::error::HostError;
use super::layout::Layout;
use super::secrets::Store;
use crate::drivers::{Installed, World};
use crate::edits::Vault;
use crate::status::{Class, Drift, Report};
use crate::tools::Account;

/// What is to be looked at, and what is known already.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Whether the product was stopped on purpose.
    pub stopped: bool,
    /// Whether every file of every image is read.
    pub deep: bool,
}

/// Compares everything that was placed on a host with what is there.
///
/// # Errors
/// [`HostError`] when something is there and cannot be looked at.
pub async fn drift(world: &World, installed: Installed<'_>, asked: Asked) -> Result<Report, HostError> {
    let layout = layout_of(installed)?;
    let store = Store::new(layout.secrets());
    let vault = vault(&store, [installed.deployment, installed.deployment]);
    // Without the user there is nothing of its own; that folders lack an owner is told then.
    let account = world.account(&layout).unwrap_or_default();
    let mut look = Look {
        world,
        installed,
        asked,
        layout,
        store,
        vault,
        account,
        report: Report::default(),
    };
    look.folders()?;
    look.links();
    look.tool()?;
    look.secrets()?;
    look.files()?;
    look.handed()?;
    look.units_placed()?;
    look.images().await?;
    look.running().await?;
    Ok(look.report)
}

struct Look<'a> {
    world: &'a World,
    installed: Installed<'a>,
    asked: Asked,
    layout: Layout,
    store: Store,
    vault: Vault,
    account: Option<Account>,
    report: Report,
}

/// Brings everything in line.
const UP: &str = "landfall up";

impl Look<'_> {
    fn found(&mut self, class: Class, subject: impl AsRef<str>, what: impl Into<String>, next: Option<&str>) {
        self.report.drift.push(Drift {
            class,
            part: self.installed.part.name.clone(),
            subject: subject.as_ref().to_owned(),
            what: what.into(),
            difference: None,
            next: next.map(str::to_owned),
        });
    }

    fn dangerous(&mut self, subject: impl AsRef<str>, what: impl Into<String>, next: Option<&str>) {
        self.found(Class::Dangerous, subject, what, next);
    }

    fn with_difference(&mut self, difference: String) {
        if let Some(drift) = self.report.drift.last_mut() {
            drift.difference = Some(difference).filter(|text| !text.is_empty());
        }
    }
}
