//! The order of questions: facts, tier, ranking, what the mode needs, further parts, a summary.

use std::collections::BTreeSet;

use super::error::WizardError;
use super::prompter::{Prompt, Prompter, Reply};
use super::rank::{Ranked, additions, rank};
use super::{ask, keys};
use crate::deployment::{Answers, Asked, Complaint, Outline, outline};
use crate::product::Product;

/// How the wizard asks.
pub struct Manner<'a> {
    /// Whether everything is asked, with the present answer as the default; otherwise only what is open.
    pub review: bool,
    /// Checks that a license file can be read, and says why not.
    pub readable: &'a dyn Fn(&str) -> Result<(), String>,
    /// What this machine suggests for a key, in the form of a reply; it stands before the question's own default.
    pub suggested: &'a dyn Fn(&str) -> Option<String>,
}

/// Asks until there are answers that fit the product.
///
/// # Errors
/// [`WizardError::Cancelled`] when the person ends it, [`WizardError::Answers`] for wrong answers that no question can
/// set right, [`WizardError::Ask`] when nobody can be asked.
pub fn run(
    product: &Product,
    answers: Answers,
    manner: &Manner<'_>,
    prompter: &mut dyn Prompter,
) -> Result<Answers, WizardError> {
    let mut flow = Flow {
        product,
        answers,
        manner,
        trail: Vec::new(),
        at: None,
        added: Vec::new(),
        forgotten: BTreeSet::new(),
        questions: keys::Questions::new(),
    };
    flow.forget();
    loop {
        let step = flow.step()?;
        match flow.put(&step, prompter)? {
            Turn::Answered if step == Step::Confirm => {
                return Ok(super::complete(product, &flow.answers));
            }
            Turn::Answered => flow.forward(&step),
            Turn::Back => flow.back(&step),
        }
    }
}

pub(super) struct Flow<'a, 'b> {
    pub(super) product: &'a Product,
    pub(super) answers: Answers,
    pub(super) manner: &'b Manner<'b>,
    /// The keys that were asked, in order.
    trail: Vec<String>,
    /// The place in the trail, while going back.
    at: Option<usize>,
    /// Parts that were added in answer to "another part?".
    pub(super) added: Vec<String>,
    /// Answers from before that nothing asks for any more.
    forgotten: BTreeSet<String>,
    /// What was asked for before the last answer.
    questions: keys::Questions,
}

/// What is asked next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A question of the outline.
    Question(String),
    /// Whether there is one more part, after so many that were added.
    Another(usize),
    /// Whether all is well.
    Confirm,
}

enum Turn {
    Answered,
    Back,
}

const ANOTHER: &str = "another-part-";
const CONFIRM: &str = "confirm";

impl Step {
    fn key(&self) -> String {
        match self {
            Self::Question(key) => key.clone(),
            Self::Another(added) => format!("{ANOTHER}{added}"),
            Self::Confirm => CONFIRM.to_owned(),
        }
    }

    fn of(key: &str) -> Self {
        match key.strip_prefix(ANOTHER).and_then(|count| count.parse().ok()) {
            Some(added) => Self::Another(added),
            None => Self::Question(key.to_owned()),
        }
    }
}

/// Sorts questions for a person: the name, the facts, then the tier, parts, and the rest as the outline has it.
fn phase(key: &str) -> u8 {
    match key.split('.').next() {
        Some("name") => 0,
        Some("facts") => 1,
        Some("tier") => 2,
        Some("parts") => 3,
        _ => 4,
    }
}

impl Flow<'_, '_> {
    pub(super) fn outline(&self) -> Outline<'_> {
        outline(self.product, &self.answers)
    }

    /// Finds what is asked next.
    fn step(&self) -> Result<Step, WizardError> {
        if let Some(at) = self.at
            && let Some(key) = self.trail.get(at)
        {
            return Ok(Step::of(key));
        }
        let outline = self.outline();
        let mut asked: Vec<&Asked> = outline
            .asked
            .iter()
            .filter(|asked| asked.fixed.is_none())
            .collect();
        asked.sort_by_key(|asked| phase(&asked.key));
        let wrong = |key: &str| outline.complaints.iter().any(|complaint| complaint.key == key);
        // Facts choose the mode: one that was given leaves nothing to choose.
        let decided = self.answers.parts.values().any(|part| !part.mode.is_empty())
            && !self.trail.iter().any(|key| part_of_mode(key).is_some());
        let needless = |key: &str| decided && !self.manner.review && key.starts_with("facts.");
        let open = |asked: &&&Asked| {
            if needless(&asked.key) {
                return wrong(&asked.key) && asked.answer.is_some();
            }
            let unanswered = self.manner.review || self.answers.get(&asked.key).is_none();
            let new = unanswered && !self.trail.contains(&asked.key) && !asked.question.advanced;
            new || (wrong(&asked.key) && asked.answer.is_some())
                || (asked.missing() && asked.question.advanced)
        };
        let next = asked.iter().find(open);
        if next.is_none_or(|next| phase(&next.key) > 3) && self.another_is_due(&outline) {
            return Ok(Step::Another(self.added.len()));
        }
        match next {
            Some(next) => Ok(Step::Question(next.key.clone())),
            None if outline.complaints.is_empty() => Ok(Step::Confirm),
            None => Err(WizardError::Answers {
                complaints: outline.complaints,
            }),
        }
    }

    /// Asks for one more part where the main one was chosen just now.
    fn another_is_due(&self, outline: &Outline<'_>) -> bool {
        self.trail.iter().any(|key| key == "parts.main.mode")
            && !self.trail.contains(&Step::Another(self.added.len()).key())
            && !outline.parts.is_empty()
            && !self.additions(self.added.len()).is_empty()
    }

    /// Ranks what may be added beside the parts that were there before.
    fn additions(&self, added: usize) -> Vec<Ranked> {
        let later: Vec<&String> = self.added.iter().skip(added).collect();
        let chosen = self
            .answers
            .parts
            .iter()
            .filter(|(name, part)| !later.contains(name) && !part.mode.is_empty())
            .map(|(_, part)| part.mode.clone())
            .collect();
        additions(
            self.product,
            &self.answers.facts,
            self.answers.tier.as_deref(),
            &chosen,
        )
    }

    /// Puts a question until it is answered well.
    fn put(&mut self, step: &Step, prompter: &mut dyn Prompter) -> Result<Turn, WizardError> {
        let mut prompt = self.prompt(step);
        prompt.back = self.place(step) > 0;
        loop {
            let reply = prompter.ask(&prompt).map_err(|source| WizardError::Ask {
                key: prompt.key.clone(),
                source,
            })?;
            let text = match reply {
                Reply::Cancel => return Err(WizardError::Cancelled),
                Reply::Back if prompt.back => return Ok(Turn::Back),
                Reply::Back => continue,
                Reply::Answer(text) => text,
            };
            match self.take(step, &prompt, &text)? {
                None => return Ok(Turn::Answered),
                Some(complaint) => prompt.complaint = Some(complaint),
            }
        }
    }

    fn prompt(&self, step: &Step) -> Prompt {
        let key = step.key();
        match step {
            Step::Another(added) => ask::another(self.product, &key, &self.additions(*added)),
            Step::Confirm => ask::confirm(
                &key,
                super::summary::lines(self.product, &self.outline(), &self.forgotten),
            ),
            Step::Question(_) => {
                let outline = self.outline();
                let mut prompt = match part_of_mode(&key) {
                    Some(part) => self.mode_prompt(&key, part),
                    None => match outline.asked.iter().find(|asked| asked.key == key) {
                        Some(asked) => self.suggest(asked, ask::prompt(asked)),
                        // The trail holds only what is asked: see `forget`.
                        None => ask::confirm(&key, Vec::new()),
                    },
                };
                prompt.complaint = complaint_at(&outline, &[&key]);
                prompt
            }
        }
    }

    fn suggest(&self, asked: &Asked, mut prompt: Prompt) -> Prompt {
        if asked.answer.is_none()
            && let Some(suggested) = (self.manner.suggested)(&asked.key)
        {
            prompt.default = Some(suggested);
        }
        prompt
    }

    fn mode_prompt(&self, key: &str, part: &str) -> Prompt {
        let tier = self.answers.tier.as_deref();
        let ranking = if part == "main" || !self.answers.parts.contains_key("main") {
            rank(self.product, &self.answers.facts, tier)
        } else {
            let others = self.answers.parts.iter().filter(|(name, _)| *name != part);
            let chosen = others.map(|(_, part)| part.mode.clone()).collect();
            additions(self.product, &self.answers.facts, tier, &chosen)
        };
        let present = self.answers.parts.get(part).and_then(|part| {
            let fits = |ranked: &&Ranked| {
                ranked.mode == part.mode && (part.target.is_none() || ranked.target == part.target)
            };
            ranking
                .iter()
                .find(fits)
                .filter(|ranked| ranked.open)
                .map(Ranked::name)
        });
        ask::mode(self.product, key, &ranking, present)
    }

    /// Returns how many questions come before this one.
    fn place(&self, step: &Step) -> usize {
        let key = step.key();
        let place = self.trail.iter().position(|asked| *asked == key);
        place.unwrap_or(self.trail.len())
    }

    fn forward(&mut self, step: &Step) {
        let key = step.key();
        if !self.trail.contains(&key) {
            self.trail.push(key.clone());
        }
        self.forget();
        // Who went back to say what matters wants to see what it means for the mode.
        let matters = key == "tier" || key.starts_with("facts.");
        let mode = || self.trail.iter().position(|asked| asked == "parts.main.mode");
        self.at = matters.then(mode).flatten();
    }

    fn back(&mut self, step: &Step) {
        self.at = self.place(step).checked_sub(1);
    }

    /// Forgets answers that nothing asks for any more, and that they were asked.
    fn forget(&mut self) {
        // What goes may have kept something else, so once is not enough.
        loop {
            let outline = outline(self.product, &self.answers);
            let now = keys::asked(&outline);
            let mut gone = keys::forget(&mut self.answers, &self.questions, &now, |_| true);
            let conflicting = outline
                .asked
                .iter()
                .filter(|asked| asked.fixed.is_some() && asked.answer.is_some())
                .filter(|asked| asked.answer != asked.default);
            for asked in conflicting {
                self.answers.remove(&asked.key);
                gone.push(asked.key.clone());
            }
            let other = |key: &String| {
                self.questions
                    .get(key)
                    .is_some_and(|before| now.get(key) != Some(before))
            };
            self.trail.retain(|key| !other(key));
            self.questions = now;
            if gone.is_empty() {
                break;
            }
            self.forgotten.extend(gone);
        }
        self.forgotten.retain(|key| !self.questions.contains_key(key));
        let (known, added) = (&self.questions, self.added.len());
        self.trail.retain(|key| match Step::of(key) {
            Step::Another(count) => count <= added,
            _ => known.contains_key(key),
        });
    }
}

/// Joins complaints about some keys into one text.
pub(super) fn complaint_at(outline: &Outline<'_>, keys: &[&str]) -> Option<String> {
    let about = |complaint: &&Complaint| keys.contains(&complaint.key.as_str());
    let texts: Vec<String> = outline
        .complaints
        .iter()
        .filter(about)
        .map(|complaint| match &complaint.hint {
            Some(hint) => format!("{} ({hint})", complaint.message),
            None => complaint.message.clone(),
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// Returns the part whose mode a key is.
pub(super) fn part_of_mode(key: &str) -> Option<&str> {
    key.strip_prefix("parts.")?.strip_suffix(".mode")
}
