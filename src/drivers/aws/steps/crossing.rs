//! From one release to another.
//!
//! Where the old version works on the new schema, users stay in all the time: the migration runs beside the old tasks, and
//! new tasks take over from them. Where it does not, users are kept out and the old tasks are stopped before the data is
//! touched.

use super::super::observe::Observed;
use super::super::place::{APPLICATION, BOOTSTRAP, DATA, FOUNDATION};
use super::super::render::database;
use super::{ARRIVAL, Up, within};
use crate::deployment::{Deployment, Part};
use crate::drivers::{Crossing, DataMove};
use crate::plan::{AwsAction, Step, Undo};
use crate::render::RenderError;

/// Seconds that a snapshot may take.
const SNAPSHOT_WITHIN: u32 = 4 * 3600;

/// Plans the way of one part from one release to another.
///
/// `before` holds the steps of this part's earlier stages.
///
/// # Errors
/// [`RenderError::Options`] when data would have to be put back.
pub fn cross(
    deployment: &Deployment,
    part: &Part,
    observed: &Observed,
    crossing: Crossing<'_>,
    before: &mut Vec<Step>,
) -> Result<(), RenderError> {
    let mut steps = Up::new(deployment, part, observed);
    steps.crossing = Some(crossing);
    steps.steps.on_the_way = !crossing.last;
    steps.steps.gate = before.last().map(|step| step.id.clone());
    steps.baseline();
    for layer in [BOOTSTRAP, FOUNDATION, DATA] {
        steps.apply(layer, None);
    }
    steps.data()?;
    before.append(&mut steps.steps);
    Ok(())
}

impl Up<'_> {
    /// Notes first what runs now, so that it is looked at last when everything was taken back.
    fn baseline(&mut self) {
        let Some(crossing) = self.crossing.filter(|crossing| crossing.first) else {
            return;
        };
        let Some(part) = crossing.from.parts.get(&self.part.name) else {
            return;
        };
        let version = crossing.from.version.clone();
        let services = part
            .components
            .iter()
            .map(|component| super::dashed(&component.name));
        let action = AwsAction::Baseline {
            version: version.clone(),
            services: services.collect(),
            within: part.components.iter().map(within).max().unwrap_or(60) + ARRIVAL,
        };
        let undo = Undo::Revert(format!("wait until {version} serves again"));
        self.push(
            ("services", "baseline"),
            format!("note how {version} runs"),
            action,
            undo,
            &[],
        );
        self.steps.gate = self.steps.last().map(|step| step.id.clone());
    }

    /// Everything between the old release and the new one.
    fn data(&mut self) -> Result<(), RenderError> {
        let Some(crossing) = self.crossing else {
            return Ok(());
        };
        let from = crossing.from.version.clone();
        match crossing.data {
            DataMove::Keep => {
                self.apply(APPLICATION, Some(from));
            }
            DataMove::Migrate {
                or_keep: Some(promise),
            } => {
                self.save();
                self.apply(APPLICATION, Some(from));
                self.migrate(Undo::Nothing(format!("the schema stays: {promise}")));
            }
            DataMove::Migrate { or_keep: None } | DataMove::PutBack(_) => {
                return Err(RenderError::Options {
                    part: self.part.name.clone(),
                    message: format!(
                        "{from} does not work on the schema of {}, so that data would have to be put back when something \
                         fails: this version of landfall cannot do that on AWS. Restore the snapshot by `generations` of \
                         the data layer, see terraform/modules/aurora",
                        self.deployment.version
                    ),
                });
            }
        }
        self.roll_out();
        // The first new task that is healthy takes users' traffic.
        let roll = self.steps.id("services", "roll");
        for step in self.steps.iter_mut().filter(|step| step.id == roll) {
            step.opens = true;
        }
        self.verify();
        Ok(())
    }

    /// Saves the managed database, for people: a promise says that the schema may stay.
    fn save(&mut self) {
        let Ok(Some(service)) = database(self.deployment, self.part) else {
            return;
        };
        if self.part.migration.is_none() {
            return;
        }
        let title = format!("save the database of {} as a snapshot", self.deployment.title);
        let action = AwsAction::SaveDatabase {
            service: service.clone(),
            within: SNAPSHOT_WITHIN,
        };
        let undo = Undo::Nothing("the snapshot stays".to_owned());
        self.push((&service, "save"), title, action, undo, &[]);
        self.steps.after_all();
    }
}
