//! Answers taken without asking: the defaults, and the mode that the rules rank first.

use serde_json::Value;

use super::error::WizardError;
use super::rank::rank;
use crate::deployment::{Answers, Missing, outline};
use crate::product::Product;

/// Makes answers explicit: what was taken by default is written as if it had been answered.
///
/// Questions that the wizard keeps quiet about stay open, so that a later release may choose better; a question left
/// empty on purpose is answered with null, so that nobody is asked again; what is fixed is left out, but for a part's
/// target, which everybody looks for.
pub fn complete(product: &Product, answers: &Answers) -> Answers {
    let mut complete = answers.clone();
    complete.services.retain(|_, fields| !fields.is_empty());
    for asked in outline(product, answers).asked {
        let taken = match (&asked.fixed, &asked.answer, &asked.default) {
            (Some(_), _, Some(default)) if is_target(&asked.key) => default.clone(),
            (Some(_), Some(answer), default) => {
                if default.as_ref() == Some(answer) {
                    complete.remove(&asked.key);
                }
                continue;
            }
            (None, None, Some(default)) if !asked.question.advanced => default.clone(),
            (None, None, None) if asked.question.optional && !asked.question.advanced => Value::Null,
            _ => continue,
        };
        complete.set(&asked.key, taken);
    }
    complete
}

fn is_target(key: &str) -> bool {
    key.starts_with("parts.") && key.ends_with(".target")
}

/// Completes answers when nobody can be asked: the mode by the facts, the rest by defaults.
///
/// # Errors
/// [`WizardError::Answers`] with every wrong answer, else [`WizardError::Missing`] with every missing one.
pub fn complete_without_asking(product: &Product, answers: &Answers) -> Result<Answers, WizardError> {
    let mut answers = answers.clone();
    choose(product, &mut answers);
    let answers = complete(product, &answers);
    let outline = outline(product, &answers);
    // An installation without a name is missing an answer, not given a wrong one.
    if !outline.complaints.is_empty() {
        return Err(WizardError::Answers {
            complaints: outline.complaints,
        });
    }
    let missing: Vec<Missing> = outline
        .asked
        .iter()
        .filter(|asked| asked.missing())
        .map(Missing::of)
        .collect();
    if missing.is_empty() {
        Ok(answers)
    } else {
        Err(WizardError::Missing { missing })
    }
}

/// Chooses mode, target and region of the main part where the facts speak and the customer did not.
fn choose(product: &Product, answers: &mut Answers) {
    let facts_given = answers.facts.values().any(|fact| !fact.is_null());
    let part = answers.parts.get("main").cloned().unwrap_or_default();
    if (!answers.parts.is_empty() && !answers.parts.contains_key("main")) || !facts_given {
        return;
    }
    let fits = |mode: &str| part.mode.is_empty() || part.mode == mode;
    let best = rank(product, &answers.facts, answers.tier.as_deref())
        .into_iter()
        .find(|ranked| {
            ranked.open && fits(&ranked.mode) && part.target.is_none_or(|t| ranked.target == Some(t))
        });
    let Some(best) = best else { return };
    let part = answers.parts.entry("main".to_owned()).or_default();
    part.mode = best.mode;
    part.target = best.target;
    if part.region.is_none() {
        part.region = best.region;
    }
}
