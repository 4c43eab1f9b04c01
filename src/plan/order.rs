//! The order of steps: every need is there, nothing waits for itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{PlanError, Step, StepId};

/// Sorts steps so that each comes after what it needs, keeping the given order where there is a choice.
///
/// # Errors
/// [`PlanError::MissingNeed`], [`PlanError::TwoSteps`] or [`PlanError::Circle`]: mistakes of a driver, not of a user.
pub fn order(steps: Vec<Step>) -> Result<Vec<Step>, PlanError> {
    let mut waiting: BTreeMap<StepId, usize> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        if waiting.insert(step.id.clone(), index).is_some() {
            return Err(PlanError::TwoSteps {
                step: step.id.clone(),
            });
        }
    }
    for step in &steps {
        if let Some(need) = step.needs.iter().find(|need| !waiting.contains_key(*need)) {
            return Err(PlanError::MissingNeed {
                step: step.id.clone(),
                need: need.clone(),
            });
        }
    }
    let mut ordered: Vec<Step> = Vec::with_capacity(steps.len());
    let mut done: BTreeSet<StepId> = BTreeSet::new();
    let mut rest = steps;
    while !rest.is_empty() {
        let Some(next) = rest.iter().position(|step| step.needs.is_subset(&done)) else {
            return Err(PlanError::Circle {
                steps: rest.into_iter().map(|step| step.id).collect(),
            });
        };
        let step = rest.remove(next);
        done.insert(step.id.clone());
        ordered.push(step);
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, Undo};

    fn step(id: &str, needs: &[&str]) -> Step {
        Step {
            id: StepId::new(id, "do"),
            title: id.to_owned(),
            part: "main".to_owned(),
            stage: None,
            opens: false,
            action: Action::Nothing,
            undo: Undo::Nothing(String::new()),
            needs: needs.iter().map(|need| StepId::new(need, "do")).collect(),
        }
    }

    #[test]
    fn needs_come_first_and_the_given_order_is_kept_otherwise() {
        let ordered = order(vec![step("c", &["a"]), step("b", &[]), step("a", &[])]).unwrap();
        let ids: Vec<_> = ordered.iter().map(|step| step.title.as_str()).collect();
        assert_eq!(ids, ["b", "a", "c"]);
    }

    #[test]
    fn circles_missing_needs_and_twins_are_refused() {
        assert!(matches!(
            order(vec![step("a", &["b"]), step("b", &["a"])]),
            Err(PlanError::Circle { .. })
        ));
        assert!(matches!(
            order(vec![step("a", &["z"])]),
            Err(PlanError::MissingNeed { .. })
        ));
        assert!(matches!(
            order(vec![step("a", &[]), step("a", &[])]),
            Err(PlanError::TwoSteps { .. })
        ));
    }
}
