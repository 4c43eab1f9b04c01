//! The timer that makes backups.

use camino::Utf8PathBuf;

use super::super::layout::Layout;
use super::Up;
use crate::drivers::Likeness;
use crate::plan::{Action, Placement, Undo};
use crate::render::Artifacts;

/// Says where the units of the schedule are placed; none when there is no schedule.
pub(in crate::drivers::host) fn schedule_files(layout: &Layout, artifacts: &Artifacts) -> Vec<Placement> {
    let placement = |path: &Utf8PathBuf| {
        let name = path.strip_prefix("schedule").ok()?;
        Some(Placement {
            artifact: path.clone(),
            to: layout.options.units.join(name),
        })
    };
    artifacts.iter().filter_map(|(path, _)| placement(path)).collect()
}

/// Says where the units of a schedule lie when there is one.
pub(in crate::drivers::host) fn schedule_places(layout: &Layout) -> Vec<Utf8PathBuf> {
    let unit = layout.unit("backup");
    ["service", "timer"]
        .map(|ending| layout.options.units.join(format!("{unit}.{ending}")))
        .into()
}

/// Returns the file that says where the answers file lies, which artifacts cannot know.
pub(in crate::drivers::host) fn schedule_environment(layout: &Layout) -> Utf8PathBuf {
    layout.root().join("config/backup.env")
}

impl Up<'_> {
    /// Adds the timer, brings it in line, or takes away one that nobody wants any more.
    pub(super) fn schedule(&mut self) {
        let files = schedule_files(&self.layout, self.artifacts);
        let timer = format!("{}.timer", self.layout.unit("backup"));
        match self.observed.schedule {
            None | Some(Likeness::Same) => {}
            Some(_) if files.is_empty() => {
                let action = Action::RemoveSchedule {
                    timer,
                    files: schedule_places(&self.layout),
                };
                let undo = Undo::Nothing("the next `landfall up` decides about it".to_owned());
                self.push(
                    ("schedule", "remove"),
                    "make no more backups by itself",
                    action,
                    undo,
                    &[],
                );
            }
            Some(_) => {
                let action = Action::InstallSchedule {
                    timer,
                    files,
                    environment: schedule_environment(&self.layout),
                };
                let undo = Undo::Revert("put the timer back that was there, or remove it".to_owned());
                let when = self.layout.options.backup_schedule.clone().unwrap_or_default();
                let needs = [("host", "prepare"), ("tool", "install")];
                self.push(
                    ("schedule", "install"),
                    format!("make backups by itself: {when}"),
                    action,
                    undo,
                    &needs,
                );
            }
        }
    }
}
