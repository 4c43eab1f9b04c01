//! What a look at the host would show once an earlier stage of the same plan is done, and how large databases are.

use std::collections::BTreeMap;

use super::error::HostError;
use super::layout::Layout;
use super::lifecycle::units;
use super::look::wanted;
use super::observe::{Observed, ObservedDatabase, ObservedUnit};
use super::perform::{database_spec, fail, find_clients};
use super::render::{PROXY, bundled_databases};
use super::secrets::Store;
use super::steps::{handed, placements, stamp, unit_files};
use crate::deployment::{Deployment, Part};
use crate::drivers::Likeness;
use crate::drivers::World;
use crate::render::{Artifacts, RenderError};

/// Turns what is seen now, compared with a later stage, into what will be seen after the stage before it.
///
/// `proxy` is how the proxy was before that stage.
///
/// # Errors
/// [`RenderError::Options`] when an option is not usable.
pub fn after(
    now: Observed,
    (deployment, part, artifacts): (&Deployment, &Part, &Artifacts),
    (earlier, earlier_part, earlier_artifacts): (&Deployment, &Part, &Artifacts),
    proxy: Option<ObservedUnit>,
) -> Result<Observed, RenderError> {
    let layout = Layout::of(part, &deployment.name, deployment.version.as_str())?;
    let before = Layout::of(earlier_part, &earlier.name, earlier.version.as_str())?;
    let mut seen = now;
    if let Some(proxy) = proxy {
        seen.units.insert(PROXY.to_owned(), proxy);
    }
    seen.installed = Some(earlier.version.to_string());
    seen.current = Some(earlier.version.to_string());
    seen.tool = Some(env!("CARGO_PKG_VERSION").to_owned());
    seen.supervisor = true;
    for (name, likeness) in &mut seen.secrets {
        if earlier.secrets.get(name) == deployment.secrets.get(name) {
            *likeness = Likeness::Same;
        }
    }
    // What both stages place at the same path is as the earlier one left it.
    let earlier_places: BTreeMap<_, _> = placements(&before, earlier_part, earlier_artifacts)
        .into_iter()
        .map(|placement| (placement.to, placement.artifact))
        .collect();
    let mut left = |path: &camino::Utf8Path, earlier: Option<&camino::Utf8PathBuf>| {
        let Some(earlier) = earlier else { return };
        let same = wanted(artifacts, path) == wanted(earlier_artifacts, earlier);
        let likeness = if same { Likeness::Same } else { Likeness::Different };
        seen.files.insert(path.to_string(), likeness);
    };
    for placement in placements(&layout, part, artifacts) {
        left(&placement.artifact, earlier_places.get(&placement.to));
    }
    let earlier_units = unit_files(&before, earlier_artifacts);
    for (unit, path) in unit_files(&layout, artifacts) {
        left(&path, earlier_units.get(&unit));
    }
    let copies: Vec<_> = handed(earlier_part).into_iter().map(|file| file.to).collect();
    for file in handed(part).into_iter().filter(|file| copies.contains(&file.to)) {
        seen.handed.insert(file.to.into_string(), Likeness::Same);
    }
    for subject in units(earlier, earlier_part) {
        let stamp = Some(stamp(&before, earlier_part, earlier_artifacts, &subject));
        // The proxy is not started on the way: it goes on and keeps users out, or was stopped because it changes.
        let goes_on = |unit: &ObservedUnit| unit.running && unit.stamp == stamp;
        let running = subject != PROXY || seen.units.get(PROXY).is_some_and(goes_on);
        let unit = ObservedUnit {
            installed: true,
            running,
            stamp,
            restless: false,
        };
        seen.units.insert(subject, unit);
    }
    for (name, _) in bundled_databases(earlier, earlier_part) {
        let database = ObservedDatabase {
            programs: true,
            initialized: true,
            ready: true,
        };
        seen.databases.insert(name.to_owned(), database);
    }
    Ok(seen)
}

/// Returns how the proxy was seen.
pub fn proxy(seen: &Observed) -> Option<ObservedUnit> {
    seen.units.get(PROXY).cloned()
}

/// Asks every PostgreSQL database of a part how large it is, in bytes rounded up to a power of two.
///
/// With `world`, it also looks whether the programs are there that save databases. Rounded, because a plan made of it is compared with one made a moment later, while users go on writing.
///
/// # Errors
/// [`HostError`] when the part's options are not usable, or the programs are not there. One that does not answer has no
/// size.
pub async fn sizes(
    world: Option<&World>,
    deployment: &Deployment,
    part: &Part,
) -> Result<BTreeMap<String, u64>, HostError> {
    let layout = Layout::known(deployment, part)?;
    let store = Store::new(layout.secrets());
    let mut sizes = BTreeMap::new();
    for (name, service) in &deployment.services {
        let used = part
            .components
            .iter()
            .any(|component| component.needs.contains(name));
        if !service.is_postgresql() || !used {
            continue;
        }
        let Ok(spec) = database_spec(&store, service) else {
            continue;
        };
        let Ok(connection) = crate::postgres::connect(&spec).await else {
            continue;
        };
        if let Some(world) = world {
            find_clients(world, &layout, &connection)
                .await
                .map_err(fail(format!("save the database `{name}` before it is changed")))?;
        }
        if let Ok(bytes) = crate::postgres::database_size(&connection).await {
            sizes.insert(name.clone(), bytes.max(SMALLEST).next_power_of_two());
        }
    }
    Ok(sizes)
}

/// The smallest size that is told: below it, copying takes no time that counts.
const SMALLEST: u64 = 16 << 20;
